"""The words of a prompt in a line, each with a bar of what it did to the score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from vlm_explorer.rendering.colour_maps import diverging
from vlm_explorer.viewmodels.words_rows import Bar
from vlm_explorer.widgets.controls import TARGET
from vlm_explorer.widgets.theme import ANNOTATION, BODY, font, theme, themes

_CHIP = 26  # px, height
_PHRASE = 17
_WITHIN = 8  # px, at both ends of a chip, and between its word and its number
_BETWEEN = 6
_BAR = 16  # px, breadth of a bar
_RADIUS = 6.0
_Button = TypeVar("_Button", bound="_BarButton")
_STRENGTH = 0.35  # how far from its neutral centre the map's colours are taken


class WordsBars(QWidget):
    """Words in the order of the text; below them brackets around those that belong together.

    Signals:
        chosen(range): a word or phrase was clicked, or Enter was pressed on it.
        extended(range): likewise, with Shift.
    """

    chosen = Signal(object)
    extended = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words: list[WordBar] = []
        self.phrases: list[PhraseBar] = []
        self.setAccessibleName("Words of the prompt")

    def show_bars(self, bars: Sequence[Bar], phrases: Sequence[Bar], chosen: range | None) -> None:
        """Show words and phrases; widgets stay where the words are the same."""
        self._fit(self.words, WordBar, len(bars))
        self._fit(self.phrases, PhraseBar, len(phrases))
        extents = [bar.extent for bar in bars]
        reach = max(0.0, *extents), max(0.0, *(-extent for extent in extents))
        for word, bar in zip(self.words, bars, strict=True):
            word.reach = reach
            word.show_bar(bar, chosen=chosen is not None and bar.part[0] in chosen)
        for bracket, bar in zip(self.phrases, phrases, strict=True):
            bracket.show_bar(bar, chosen=bar.part == chosen)
        self._place()
        self.update()

    def _fit(self, kept: list[_Button], kind: type[_Button], count: int) -> None:
        while len(kept) > count:
            kept.pop().deleteLater()
        while len(kept) < count:
            button = kind(self)
            button.clicked.connect(self._choose)
            button.show()
            kept.append(button)

    def _choose(self) -> None:
        button = self.sender()
        assert isinstance(button, _BarButton)
        signal = self.extended if button.with_shift else self.chosen
        signal.emit(button.bar.part)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give words and brackets the height there is."""
        super().resizeEvent(event)
        self._place()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the line of zero behind all words."""
        if self.words:
            painter = QPainter(self)
            painter.setPen(QPen(theme().colour("line"), 1))
            zero = round(self.words[0].zero)
            painter.drawLine(0, zero, self.words[-1].geometry().right(), zero)
            painter.end()

    def _levels(self) -> list[int]:
        """Return for each phrase how deep its bracket lies, the shorter above the longer."""
        levels = [0] * len(self.phrases)
        order = sorted(range(len(levels)), key=lambda each: len(self.phrases[each].bar.part))
        for at, each in enumerate(order):
            part = self.phrases[each].bar.part
            beside = {
                levels[other]
                for other in order[:at]
                if set(self.phrases[other].bar.part) & set(part)
            }
            levels[each] = next(level for level in range(len(levels)) if level not in beside)
        return levels

    def _place(self) -> None:
        levels = self._levels()
        height = max(self.height() - _PHRASE * (max(levels, default=-1) + 1), _CHIP)
        left = 0
        for word in self.words:
            width = word.sizeHint().width()
            word.setGeometry(left, 0, width, height)
            left += width + _BETWEEN
        for bracket, level in zip(self.phrases, levels, strict=True):
            first, last = self.words[bracket.bar.part[0]], self.words[bracket.bar.part[-1]]
            room = first.geometry().united(last.geometry())
            bracket.setGeometry(QRect(room.left(), height + level * _PHRASE, room.width(), _PHRASE))
        self.setMinimumWidth(max(left - _BETWEEN, 0))


class _BarButton(QAbstractButton):
    """What word and bracket have in common: a bar's words, and being chosen."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.bar = Bar(range(1), "", None, 0.0, "", False, "")
        self.with_shift = False
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(TARGET, 1)
        themes.changed.connect(self.update)

    def show_bar(self, bar: Bar, *, chosen: bool) -> None:
        """Show a bar."""
        self.bar = bar
        self.setText(bar.text)
        self.setAccessibleName(bar.text)
        self.setAccessibleDescription(bar.words)
        self.setToolTip(f"{bar.words} Its map over the scan: Enter; more words: Shift+Enter")
        self.setChecked(chosen)
        self.update()

    def nextCheckState(self) -> None:
        """Leave it to the model what is chosen."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter chooses, as a click does."""
        self.with_shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clicked.emit()
            return
        super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep in mind whether Shift was held when the button was pressed."""
        if event.type() == QEvent.Type.MouseButtonRelease:
            self.with_shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)  # type: ignore[attr-defined]
        return super().event(event)

    def _ground(self, painter: QPainter, room: QRectF) -> None:
        """Draw the chip under a text: chosen, focused, under the pointer."""
        roles = theme()
        role = "selection" if self.isChecked() else "hover" if self.underMouse() else "raised"
        lit = self.hasFocus() or self.isChecked()
        painter.setPen(QPen(roles.colour("accent" if lit else "line"), 1))
        painter.setBrush(roles.colour(role))
        painter.drawRoundedRect(room.adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)


class WordBar(_BarButton):
    """A word and its number on a chip, and the bar above it.

    Attributes:
        reach: the longest of all bars up, and down, 0 to 1.
    """

    reach: tuple[float, float] = (1.0, 0.0)

    def sizeHint(self) -> QSize:
        """Room for word and number."""
        word, number = self._widths()
        return QSize(word + 2 * _WITHIN + (number + _WITHIN if number else 0), 100)

    def _widths(self) -> tuple[int, int]:
        return (
            QFontMetrics(font(BODY)).horizontalAdvance(self.bar.text),
            QFontMetrics(font(ANNOTATION)).horizontalAdvance(self.bar.number),
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bar from the line of zero on, its number, and the word."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        roles, bar = theme(), self.bar
        chip = QRectF(0, self.height() - _CHIP, self.width(), _CHIP)
        self._draw_bar(painter)
        self._ground(painter, chip)
        inner = chip.adjusted(_WITHIN, 0, -_WITHIN, 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(font(BODY))
        painter.setPen(roles.colour("disabled" if bar.faded else "text"))
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignLeft, bar.text)
        painter.setFont(font(ANNOTATION))
        painter.setPen(roles.colour("secondary"))
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignRight, bar.number)
        painter.end()

    @property
    def zero(self) -> float:
        """How far below the top the line of zero runs."""
        return 1 + self.reach[0] * self._scale()

    def _scale(self) -> float:
        """Return the height of a bar of extent 1; up and down share the room as they need it."""
        room = max(self.height() - _CHIP - 6, 0)
        return room / (sum(self.reach) or 1.0)

    def _draw_bar(self, painter: QPainter) -> None:
        height = self.bar.extent * self._scale()
        top = self.zero - max(height, 0)
        room = QRectF(self.width() / 2 - _BAR / 2, top, _BAR, abs(height))
        painter.fillRect(room, _colour(height))


class PhraseBar(_BarButton):
    """A bracket below words that were left out together, with the number of the whole."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bracket around its number."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        roles = theme()
        lit = self.isChecked() or self.hasFocus()
        metrics = QFontMetrics(font(ANNOTATION))
        half = metrics.horizontalAdvance(self.bar.number) / 2 + 6
        middle, across = self.width() / 2, self.height() / 2
        painter.setPen(QPen(roles.colour("accent" if lit else "secondary"), 1))
        for edge, inner in ((2.5, middle - half), (self.width() - 2.5, middle + half)):
            painter.drawLine(QPointF(edge, 3), QPointF(edge, across))
            painter.drawLine(QPointF(edge, across), QPointF(inner, across))
        painter.setFont(font(ANNOTATION))
        painter.setPen(roles.colour("text" if lit or self.underMouse() else "secondary"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.bar.number)
        painter.end()


def _colour(extent: float) -> QColor:
    """Return the colour that a map has for values of this sign."""
    table = diverging()
    place = 0.5 + (_STRENGTH if extent > 0 else -_STRENGTH)
    red, green, blue = table[round(place * (len(table) - 1))].tolist()
    return QColor(red, green, blue)
