"""Chips and scales: what a colour of the map stands for."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
)
from PySide6.QtWidgets import QAbstractButton, QWidget

from vlm_explorer.viewmodels import map_words
from vlm_explorer.viewmodels.map_scene import LegendEntry
from vlm_explorer.widgets.map_brush import colour_of
from vlm_explorer.widgets.map_ground import paint_ground
from vlm_explorer.widgets.map_word_wishes import elided
from vlm_explorer.widgets.theme import ANNOTATION, font, theme

HEIGHT = 28  # px
_TITLE = 26  # characters
_HOW = "Click to hide or show, double-click to show alone, right-click to filter or recolour"


def count_words(entry: LegendEntry) -> str:
    """Return a category's counts: selected of shown of all, as far as they differ."""
    counts = [entry.total]
    if entry.shown != entry.total:
        counts.insert(0, entry.shown)
    if entry.selected:
        counts.insert(0, entry.selected)
    return " of ".join(f"{count:,}" for count in counts)


class Pill(QAbstractButton):
    """A button of words on a rounded ground that lets a little of the map through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFont(font(ANNOTATION))
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def paint_ground(self, painter: QPainter) -> None:
        """Draw the ground, and the focus."""
        ground = "hover" if self.underMouse() else "panel"
        paint_ground(painter, self.rect(), ground, "accent" if self.hasFocus() else "line")


class Chip(Pill):
    """A category: a click hides or shows it, a double click shows it alone.

    Signals:
        isolated(): it is to be shown alone.
        menu_wanted(place): a menu of what can be done with it.
    """

    isolated = Signal()
    menu_wanted = Signal(QPoint)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._entry: LegendEntry | None = None
        self._colour = QColor()

    def set_entry(self, entry: LegendEntry) -> None:
        """Show another state of the category."""
        self._entry = entry
        self._colour = QColor(*(int(part) for part in colour_of(entry.category.colour, theme())))
        note = map_words.legend_note(entry)
        self.setToolTip(f"{note}\n{_HOW}")
        self.setAccessibleName(f"{note}{', hidden' if entry.hidden else ''}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as its words."""
        if self._entry is None:
            return QSize(HEIGHT, HEIGHT)
        metrics = QFontMetricsF(self.font())
        title = elided(self._entry.category.title, _TITLE)
        width = metrics.horizontalAdvance(f"{title}  {count_words(self._entry)}")
        return QSize(round(width) + 34, HEIGHT)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show this category alone."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.isolated.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu, by the pointer or by its key."""
        keyed = event.reason() is QContextMenuEvent.Reason.Keyboard
        self.menu_wanted.emit(
            self.mapToGlobal(QPoint(0, self.height())) if keyed else event.globalPos()
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows the category alone; Space is a click."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.isolated.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw dot, title and count; of a hidden category all of it quiet, the dot hollow."""
        if self._entry is None:
            return
        roles, hidden = theme(), self._entry.hidden
        painter = QPainter(self)
        self.paint_ground(painter)
        colour = roles.colour("disabled") if hidden else self._colour
        painter.setPen(colour)
        painter.setBrush(Qt.BrushStyle.NoBrush if hidden else colour)
        painter.drawEllipse(QPointF(14, HEIGHT / 2), 4, 4)
        painter.setFont(self.font())
        metrics = QFontMetricsF(self.font())
        title = elided(self._entry.category.title, _TITLE)
        baseline = (HEIGHT + metrics.ascent() - metrics.descent()) / 2
        painter.setPen(roles.colour("disabled" if hidden else "text"))
        painter.drawText(QPointF(24, baseline), title)
        painter.setPen(roles.colour("disabled" if hidden else "secondary"))
        start = 24 + metrics.horizontalAdvance(f"{title}  ")
        painter.drawText(QPointF(start, baseline), count_words(self._entry))
        painter.end()


class MoreChip(Pill):
    """Folds and unfolds the chips that do not fit."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self._hidden_count = 0

    def set_count(self, count: int) -> None:
        """Say how many chips are folded away."""
        self._hidden_count = count
        text = "fewer" if self.isChecked() else f"{count} more"
        self.setText(text)
        self.setAccessibleName(f"Show {text} categories")
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as its words."""
        return QSize(round(QFontMetricsF(self.font()).horizontalAdvance(self.text())) + 20, HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the words."""
        painter = QPainter(self)
        self.paint_ground(painter)
        painter.setFont(self.font())
        painter.setPen(theme().colour("secondary"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()
