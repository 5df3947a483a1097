"""Small parts that every pane is made of: icon buttons, lines, labels that elide."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Slot
from PySide6.QtGui import QFontMetricsF, QKeySequence, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from vlm_explorer.jobs import Progress
from vlm_explorer.widgets.theme import icon, themes

TARGET = 28  # px, the smallest thing to click on
ICON = 16  # px
_STEPS = 1000  # of a bar


def with_shortcut(title: str, shortcut: str) -> str:
    """Return the text of a tool tip: "Fold the library (Ctrl+B)"."""
    keys = QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
    return f"{title} ({keys})" if keys else title


class IconButton(QToolButton):
    """A button of an icon, named for those who cannot see it; its tool tip tells the shortcut."""

    def __init__(
        self,
        icon_name: str,
        title: str,
        shortcut: str = "",
        *,
        role: str = "secondary",
        checkable: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon_name, self._role = icon_name, role
        self.setFixedSize(TARGET, TARGET)
        self.setIconSize(QSize(ICON, ICON))
        self.setCheckable(checkable)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.set_title(title, shortcut)
        themes.changed.connect(self._tint)
        self._tint()

    def set_title(self, title: str, shortcut: str = "") -> None:
        """Say what the button does now."""
        self.setAccessibleName(title)
        self.setToolTip(with_shortcut(title, shortcut))

    def set_icon(self, icon_name: str) -> None:
        """Show another icon."""
        self._icon_name = icon_name
        self._tint()

    def set_role(self, role: str) -> None:
        """Show the icon in the colour of another role."""
        if role != self._role:
            self._role = role
            self._tint()

    @Slot()
    def _tint(self) -> None:
        self.setIcon(icon(self._icon_name, self._role))


class GlyphLabel(QWidget):
    """An icon that only decorates."""

    def __init__(
        self,
        icon_name: str,
        role: str = "secondary",
        size: int = ICON,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._icon_name, self._role = icon_name, role
        self.setFixedSize(size, size)
        themes.changed.connect(self.update)

    def set_glyph(self, icon_name: str, role: str) -> None:
        """Show another icon."""
        self._icon_name, self._role = icon_name, role
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the icon, at whatever scale the screen has."""
        painter = QPainter(self)
        icon(self._icon_name, self._role).paint(painter, self.rect())
        painter.end()


def broken(text: str, metrics: QFontMetricsF, width: float, most: int) -> list[str]:
    """Return a text in lines of that width, `most` at most: what is too much for them is elided."""
    words, lines = text.split(), list[str]()
    while words and len(lines) < most - 1:
        line = words.pop(0)
        while words and metrics.horizontalAdvance(f"{line} {words[0]}") <= width:
            line = f"{line} {words.pop(0)}"
        lines.append(line)
    if words:
        lines.append(" ".join(words))
    return [metrics.elidedText(line, Qt.TextElideMode.ElideRight, width) for line in lines]


class Words(QLabel):
    """A label that elides instead of being clipped; the whole is in the tool tip.

    `role` is one of the style sheet's: "", "secondary", "annotation", "title", "heading". It has
    one line, or as many as `lines` where it is high enough.
    """

    def __init__(
        self,
        text: str = "",
        role: str = "",
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
        parent: QWidget | None = None,
        *,
        lines: int = 1,
    ) -> None:
        super().__init__(parent)
        self._elide, self._lines = elide, lines
        self.setProperty("role", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(0)
        self.setText(text)

    def minimumSizeHint(self) -> QSize:
        """Any width will do."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much of the text as fits."""
        metrics = self.fontMetrics()
        area = self.contentsRect()
        if self._lines == 1:
            shown = metrics.elidedText(self.text(), self._elide, area.width())
        else:
            shown = "\n".join(
                broken(self.text(), QFontMetricsF(metrics), area.width(), self._lines)
            )
        elided = shown.replace("\n", " ") != self.text()
        if elided != bool(self.toolTip()) or (elided and self.toolTip() != self.text()):
            self.setToolTip(self.text() if elided else "")
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        single = Qt.TextFlag.TextSingleLine if self._lines == 1 else 0
        painter.drawText(area, int(self.alignment()) | single, shown)
        painter.end()


class ChoiceBox(QComboBox):
    """A box of choices that elides the chosen one instead of cutting it; its tool tip is whole."""

    _told = ""  # the tool tip that was set here, and not by the owner

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box with as much of the choice as fits."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        whole = option.currentText
        begin = self._part(option, QStyle.SubControl.SC_ComboBoxEditField).left()
        end = self._part(option, QStyle.SubControl.SC_ComboBoxArrow).left()
        option.currentText = self.fontMetrics().elidedText(
            whole, Qt.TextElideMode.ElideRight, end - begin
        )
        told = whole if option.currentText != whole else ""
        if not self.toolTip() or self.toolTip() == self._told:
            self.setToolTip(told)
            self._told = told
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
        painter.end()

    def _part(self, option: QStyleOptionComboBox, part: QStyle.SubControl) -> QRect:
        return self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self)


class Line(QFrame):
    """A line of one pixel that parts two panels."""

    def __init__(self, *, vertical: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("line", True)
        if vertical:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)


class ProgressBar(QProgressBar):
    """How far something has come, or that it goes on; without words."""

    def __init__(self, parent: QWidget | None = None, *, width: int | None = None) -> None:
        super().__init__(parent)
        self.setTextVisible(False)
        if width is not None:
            self.setFixedWidth(width)

    def set_share(self, share: float | None) -> None:
        """Show what share is done, 0 to 1; None: nobody knows."""
        self.setRange(0, 0 if share is None else _STEPS)
        if share is not None:
            self.setValue(round(_STEPS * share))

    def set_progress(self, progress: Progress) -> None:
        """Show how far a job has come."""
        self.set_share(progress.done / progress.total if progress.total else None)


def text_button(text: str, kind: str = "", parent: QWidget | None = None) -> QPushButton:
    """Return a button of words; `kind` is "primary", "quiet", "link" or nothing."""
    button = QPushButton(text, parent)
    if kind:
        button.setProperty(kind, True)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    return button


def choice_box(
    name: str, choices: Sequence[tuple[object, str]], parent: QWidget | None = None
) -> QComboBox:
    """Return a box of choices, each a value with its words, called `name` for who cannot see it."""
    box = ChoiceBox(parent)
    box.setAccessibleName(name)
    for value, words in choices:
        box.addItem(words, value)
    return box


def name_grid(width: int, between: int = 8) -> QGridLayout:
    """Return a grid of names, in a column that is `width` px wide, and what belongs to them."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(between)
    grid.setColumnMinimumWidth(0, width)
    grid.setColumnStretch(1, 1)
    return grid


class EmptyState(QLabel):
    """What a view says while it has nothing to show: one sentence in its middle."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setProperty("role", "secondary")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setMargin(16)
