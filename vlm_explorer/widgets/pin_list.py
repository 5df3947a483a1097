"""The pinned prompts over the map: their names, how many images are nearest to each, a menu."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QPoint, QRect, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QLineEdit,
    QMenu,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.viewmodels.map_stars import Star, StarKind
from vlm_explorer.viewmodels.pins import Pin, Pins
from vlm_explorer.widgets.controls import TARGET, IconButton
from vlm_explorer.widgets.map_ground import paint_ground
from vlm_explorer.widgets.map_writing import star_shape
from vlm_explorer.widgets.pin_menu import fill_menu
from vlm_explorer.widgets.theme import ANNOTATION, RADIUS, font, icon, theme, themes

WIDTH, FOLDED = 232, 96  # px
_ROWS = 6  # that are seen at once; further ones are scrolled to
_PAD = 4


class PinRow(QAbstractButton):
    """A pin: a click colours by similarity to it, a double click or F2 renames it.

    Signals:
        menu_wanted(place): a menu of it.
    """

    menu_wanted = Signal(QPoint)

    def __init__(self, pin: Pin, model: MapModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.pin, self._model = pin, model
        self._count: int | None = None
        self.setFixedHeight(TARGET)
        self.setFont(font(ANNOTATION))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.more = IconButton("ph.dots-three", "", parent=self)
        self.more.clicked.connect(self._ask_for_menu)
        self.edit = QLineEdit(self)
        self.edit.setAccessibleName("Name of the pin")
        self.edit.hide()
        self.edit.editingFinished.connect(self._rename)
        self.clicked.connect(self._colour)

    def show_pin(self, pin: Pin, count: int | None) -> None:
        """Show the pin as it is now, and to how many images it is the nearest, if that is known."""
        self.pin, self._count = pin, count
        counted = "not scored yet" if count is None else f"{count:,} images are nearest to it"
        read = "" if pin.name == pin.text else f"\n“{pin.text}”"
        self.setAccessibleName(f"{pin.name}, {counted}")
        self.setToolTip(
            f"{pin.name}{read}\n{counted[0].upper()}{counted[1:]} of all pins\n"
            "Click to colour by similarity, double-click to rename (F2)"
        )
        self.more.set_title(f"What to do with {pin.name}")
        self.update()

    @property
    def chosen(self) -> bool:
        """Whether the map is coloured by this pin."""
        return self._model.colour_by == self.pin.column

    @Slot()
    def _colour(self) -> None:
        if self._count is not None:
            self._model.set_colour_by(self.pin.column)

    def begin_renaming(self) -> None:
        """Write over the name."""
        self.edit.setGeometry(22, 1, self.width() - 24, self.height() - 2)
        self.edit.setText(self.pin.name)
        self.edit.show()
        self.edit.setFocus()
        self.edit.selectAll()

    @Slot()
    def _rename(self) -> None:
        if not self.edit.isHidden():
            self.edit.hide()
            self._model.session.pins.rename(self.pin.number, self.edit.text())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Rename."""
        self.begin_renaming()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F2 renames, Delete removes; Escape leaves the name as it was."""
        if event.key() == Qt.Key.Key_F2:
            self.begin_renaming()
        elif event.key() == Qt.Key.Key_Delete:
            self._model.session.pins.remove(self.pin.number)
        elif event.key() == Qt.Key.Key_Escape and not self.edit.isHidden():
            self.edit.setText(self.pin.name)
            self.edit.hide()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu."""
        self._ask_for_menu()
        event.accept()

    @Slot()
    def _ask_for_menu(self) -> None:
        self.menu_wanted.emit(self.mapToGlobal(QPoint(self.width() - TARGET, self.height())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the button of the menu at the end."""
        super().resizeEvent(event)
        self.more.move(self.width() - TARGET, 0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw star, name and count."""
        roles = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.underMouse() or self.hasFocus() or self.chosen:
            painter.setPen(roles.colour("accent") if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(roles.colour("selection" if self.chosen else "hover"))
            inner = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(inner, RADIUS - 2, RADIUS - 2)
        painter.setPen(roles.colour("star"))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        middle = QRectF(self.rect()).center()
        middle.setX(13)
        painter.drawPolygon(star_shape(middle, 6))
        painter.setFont(self.font())
        metrics = QFontMetricsF(self.font())
        count = "…" if self._count is None else f"{self._count:,}"
        end = self.width() - TARGET - 2 - metrics.horizontalAdvance(count)
        baseline = middle.y() + (metrics.ascent() - metrics.descent()) / 2
        painter.setPen(roles.colour("secondary"))
        painter.drawText(round(end), round(baseline), count)
        painter.setPen(roles.colour("text"))
        name = metrics.elidedText(self.pin.name, Qt.TextElideMode.ElideRight, end - 32)
        painter.drawText(24, round(baseline), name)
        painter.end()


class PinList(QWidget):
    """All pins, over the map's upper left corner; not there where nothing is pinned.

    Signals:
        resized(): it takes another room.
    """

    resized = Signal()

    def __init__(self, model: MapModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._pins: Pins = model.session.pins
        self.rows: list[PinRow] = []
        self.setFixedWidth(WIDTH)
        self.fold = QToolButton(self)
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setFont(font(ANNOTATION))
        self.fold.setFixedHeight(TARGET)
        self.fold.toggled.connect(self._fill)
        self._body = QWidget()
        self._lines = QVBoxLayout(self._body)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(0)
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.viewport().setAutoFillBackground(False)
        area.setWidget(self._body)
        self._body.setAutoFillBackground(False)
        self._area = area
        column = QVBoxLayout(self)
        column.setContentsMargins(_PAD, _PAD, _PAD, _PAD)
        column.setSpacing(0)
        column.addWidget(self.fold)
        column.addWidget(area)
        self.hide()
        self._pins.changed.connect(self._fill)
        model.choices_changed.connect(self._repaint)
        themes.changed.connect(self._fill)
        self._fill()

    @Slot()
    def _repaint(self) -> None:
        for row in self.rows:
            row.update()

    @Slot()
    def _fill(self) -> None:
        """Show the pins as they are; rows that stay are the same widgets, with what is typed."""
        pins, counts = self._pins.items, self._pins.counts()
        stay = {row.pin.number: row for row in self.rows}
        self.rows = [
            stay.pop(pin.number) if pin.number in stay else self._make_row(pin) for pin in pins
        ]
        for row in stay.values():
            row.hide()
            row.deleteLater()
        for row, pin in zip(self.rows, pins, strict=True):
            row.show_pin(pin, counts.get(pin.number))
            self._lines.removeWidget(row)
            self._lines.addWidget(row)
        folded, count = self.fold.isChecked(), len(self.rows)
        self.fold.setText(f"Pins ({count})" if folded else "Pins, and images nearest to each")
        self.fold.setIcon(icon("ph.caret-right" if folded else "ph.caret-down", "secondary"))
        self.fold.setAccessibleName("Show the pins" if folded else "Fold the pins")
        self.fold.setToolTip(
            "Show the pins" if folded
            else "To how many images each pin is nearer than all others are. Click to fold"
        )  # fmt: skip
        self._area.setVisible(not folded)
        self.setFixedWidth(FOLDED if folded else WIDTH)
        self.setVisible(bool(self.rows))
        self.adjustSize()
        self.resized.emit()

    def _make_row(self, pin: Pin) -> PinRow:
        row = PinRow(pin, self._model, self._body)
        row.menu_wanted.connect(partial(self._show_menu, row))
        row.show()
        return row

    def row_of(self, number: int) -> PinRow | None:
        """Return the row of a pin."""
        return next((row for row in self.rows if row.pin.number == number), None)

    def put(self, edge: int, others: Sequence[QWidget], floor: int, *, wanted: bool) -> None:
        """Go into the upper left corner, or below what is in the way there.

        Args:
            edge: px between this and the pane's edge.
            others: what may be in the way.
            floor: y of what lies below, which is left free as long as one row is seen.
            wanted: whether pins are listed here at all.
        """
        self.setHidden(not wanted or not self.rows)
        head, rows = TARGET + 2 * _PAD, min(len(self.rows), _ROWS)
        height = head if self.fold.isChecked() else head + rows * TARGET
        place = QRect(edge, edge, self.width() + edge, height)
        for part in others:
            if not part.isHidden() and part.geometry().intersects(place):
                place.moveTop(part.geometry().bottom() + edge // 2)
        room = (floor - edge // 2 - place.y() - head) // TARGET
        self._area.setFixedHeight(min(rows, max(room, 1)) * TARGET)
        self.adjustSize()
        self.move(place.topLeft())

    def offer(self, menu: QMenu, star: Star) -> None:
        """Add what can be done with the star of a prompt or of a pin."""
        pin = self._pins.get(star.number) if star.kind is StarKind.PIN else None
        if pin is not None:
            row = self.row_of(pin.number)
            fill_menu(menu, pin, self._model, None if row is None else row.begin_renaming)
            menu.addSeparator()
        elif star.kind is StarKind.PROMPT and self._pins.can_pin:
            menu.addAction("Pin the prompt", self._pins.pin_prompt)
            menu.addSeparator()

    def _show_menu(self, row: PinRow, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        fill_menu(menu, row.pin, self._model, row.begin_renaming)
        menu.popup(place)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the ground."""
        painter = QPainter(self)
        paint_ground(painter, self.rect())
        painter.end()
