"""Words over the map: how it was made, what is awaited, why it is empty."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from vlm_explorer.viewmodels import map_words
from vlm_explorer.viewmodels.map_scene import MapScene, MapState
from vlm_explorer.widgets.controls import text_button
from vlm_explorer.widgets.map_ground import paint_ground
from vlm_explorer.widgets.theme import ANNOTATION, RADIUS, font, theme, themes

_LINE = 16  # px
_SIDES = 16  # px beside the lines
_PART = " · "
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class CaptionLine(QWidget):
    """Small lines at the lower right, set against the right edge; a click asks for more.

    Signals:
        wanted(): how far to trust the map is to be said.
    """

    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: tuple[str, ...] = ()
        self._set: list[str] = []  # the same, broken where there is little room
        self._room = 600
        self.setFont(font(ANNOTATION))
        self.setToolTip(map_words.EXPLANATION)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        themes.changed.connect(self.update)

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines, whole."""
        return self._lines

    def set_lines(self, lines: tuple[str, ...], *, moving: bool = False) -> None:
        """Show other lines; none: nothing. What still moves is set in italics."""
        slanted = self.font()
        slanted.setItalic(moving)
        self.setFont(slanted)
        self._lines = lines
        self.setAccessibleName(". ".join(lines))
        self.setVisible(bool(lines))
        self._measure()

    def set_room(self, width: int) -> None:
        """Tell how wide the lines may be."""
        self._room = width
        self._measure()

    def _measure(self) -> None:
        metrics = QFontMetricsF(self.font())
        room = self._room - _SIDES
        self._set = [part for line in self._lines for part in broken(line, room, metrics)]
        widest = max((metrics.horizontalAdvance(line) for line in self._set), default=0.0)
        self.resize(min(math.ceil(widest) + _SIDES, self._room), _LINE * len(self._set) + 6)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the lines on a little ground, so that points beneath do not disturb."""
        roles = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(roles.colour("map_ground", 0.78))
        painter.drawRoundedRect(QRectF(self.rect()), RADIUS, RADIUS)
        if self.hasFocus():
            painter.setPen(roles.colour("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(
                QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS
            )
        painter.setPen(roles.colour("text" if self.underMouse() else "secondary"))
        inner = self.rect().adjusted(7, 3, -7, -3)
        for number, line in enumerate(self._set):
            row = QRectF(inner.x(), inner.y() + number * _LINE, inner.width(), _LINE)
            short = painter.fontMetrics().elidedText(
                line, Qt.TextElideMode.ElideRight, inner.width()
            )
            painter.drawText(row, _RIGHT, short)
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Say more."""
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.wanted.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space are clicks."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.wanted.emit()
        else:
            super().keyPressEvent(event)


def broken(line: str, room: float, metrics: QFontMetricsF) -> list[str]:
    """Return a line as one or several, broken between its parts, or else between words."""
    lines = _filled(line.split(_PART), _PART, room, metrics)
    return [
        piece
        for part in lines
        for piece in (
            [part]
            if metrics.horizontalAdvance(part) <= room
            else _filled(part.split(" "), " ", room, metrics)
        )
    ]


def _filled(pieces: list[str], between: str, room: float, metrics: QFontMetricsF) -> list[str]:
    """Return lines, each of as many of the pieces as there is room for, but of one at least."""
    lines = pieces[:1]
    for piece in pieces[1:]:
        longer = f"{lines[-1]}{between}{piece}"
        if metrics.horizontalAdvance(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(piece)
    return lines


class Waiting(QWidget):
    """What is being waited for, as one quiet line on a rounded ground."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setFont(font(ANNOTATION))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        themes.changed.connect(self.update)
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text

    def set_text(self, text: str) -> None:
        """Say something else; "" hides it."""
        self._text = text
        self.setAccessibleName(text)
        self.setVisible(bool(text))
        self.resize(self.sizeHint())
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the words."""
        return QSize(round(QFontMetricsF(self.font()).horizontalAdvance(self._text)) + 34, 26)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a dot of the warning colour, for what is preliminary, and the words."""
        roles = theme()
        painter = QPainter(self)
        paint_ground(painter, self.rect(), radius=13)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(roles.colour("warning"))
        painter.drawEllipse(QRectF(11, 10, 6, 6))
        painter.setPen(roles.colour("secondary"))
        painter.drawText(
            self.rect().adjusted(24, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, self._text
        )
        painter.end()


class Message(QWidget):
    """One sentence in the middle of a map that shows nothing, and what to do about it.

    Signals:
        acted(): the user wants what is offered.
    """

    acted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = QLabel(self)
        self.sentence.setProperty("role", "secondary")
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.action = text_button("", "link", self)
        self.action.clicked.connect(self.acted)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 0, 24, 0)
        column.setSpacing(8)
        column.addWidget(self.sentence)
        column.addWidget(self.action, 0, Qt.AlignmentFlag.AlignHCenter)

    def set_scene(self, scene: MapScene, *, hiding: bool) -> None:
        """Say why there is nothing to see; nothing where there is something."""
        sentence, action = message_of(scene, hiding=hiding)
        self.sentence.setText(sentence)
        self.action.setText(action)
        self.action.setVisible(bool(action))
        self.setVisible(bool(sentence))

    @property
    def area(self) -> QRectF:
        """Where its words are."""
        words = max(self.sentence.sizeHint().width(), self.action.sizeHint().width())
        area = QRectF(0, 0, min(words + 24, self.width()), self.height() - 24)
        area.moveCenter(QRectF(self.rect()).center())
        return area

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw a ground for the words: stars may lie below."""
        painter = QPainter(self)
        painter.fillRect(self.area, theme().colour("map_ground", 0.9))
        painter.end()


def message_of(scene: MapScene, *, hiding: bool) -> tuple[str, str]:
    """Return a sentence and an action for a map on which nothing can be seen, else "" twice."""
    if scene.state is MapState.EMPTY:
        return scene.waiting or "Images appear here once a folder is open.", ""
    if scene.state is MapState.LOADING:
        return scene.waiting, ""
    if scene.state is MapState.FAILED:
        return "This map could not be laid out.", "Try again"
    if scene.shown:
        return "", ""
    if hiding:
        return "Every image that passes the filter is in a hidden category.", "Show all categories"
    return "No image passes the filters.", "Clear all filters"
