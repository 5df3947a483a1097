"""The card of a point: thumbnail, caption, label, scores; beside the pointer, never under it."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QTextLayout, QTextOption
from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.map_words import PointInfo
from vlm_explorer.widgets.theme import ANNOTATION, BODY, RADIUS, font, theme, themes
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

SIDE, LARGE_SIDE = 96, 224  # px, of the thumbnail
_TEXT, _LEAST_TEXT = 208, 120  # px, width of the words; in a narrow pane
_MARGIN = 4  # px between card and pane
_PAD = 12
_GAP = 4
_OFFSET = 18  # px between pointer and card
_LINES = 4  # of a caption


def place_card(size: QSize, pointer: QPointF, area: QRect) -> QRect:
    """Return where a card goes in `area`: beside the pointer if there is room, and not under it.

    Right, left, below or above, whichever is the first with room; only where there is room
    nowhere may the card lie under the pointer.
    """
    x, y = round(pointer.x()), round(pointer.y())
    right = max(area.right() - size.width(), area.left())
    bottom = max(area.bottom() - size.height(), area.top())
    down = min(max(y + _OFFSET if y + _OFFSET <= bottom else y - _OFFSET - size.height(),
                   area.top()), bottom)  # fmt: skip
    along = min(max(x - size.width() // 2, area.left()), right)
    candidates = (
        QRect(QPoint(x + _OFFSET, down), size),
        QRect(QPoint(x - _OFFSET - size.width(), down), size),
        QRect(QPoint(along, y + _OFFSET), size),
        QRect(QPoint(along, y - _OFFSET - size.height()), size),
    )
    anywhere = QRect(QPoint(right if x < area.center().x() else area.left(), down), size)
    return next((place for place in candidates if area.contains(place)), anywhere)


class HoverCard(QWidget):
    """Shows what is known about one point; lets all events through."""

    def __init__(self, thumbnails: ThumbnailPainter, parent: QWidget) -> None:
        super().__init__(parent)
        self._pane = parent
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._thumbnails = thumbnails
        self._info: PointInfo | None = None
        self._side, self._text = SIDE, _TEXT
        thumbnails.loaded.connect(self._take_thumbnails)
        themes.changed.connect(self.update)
        self.hide()

    @property
    def info(self) -> PointInfo | None:
        """What is shown, None while the card is hidden."""
        return None if self.isHidden() else self._info

    def show_info(self, info: PointInfo, pointer: QPointF, *, large: bool = False) -> None:
        """Show a point's card beside the pointer."""
        self._info = info
        room = self._pane.height() // 2 - 4 * _PAD
        wide = self._pane.width() - 2 * _MARGIN - 3 * _PAD
        room = min(room, wide - _LEAST_TEXT)
        self._side = min(LARGE_SIDE, max(SIDE, room)) if large else SIDE
        self._text = max(_LEAST_TEXT, min(_TEXT, wide - self._side))
        self.setAccessibleName(". ".join(p for p in (info.title, info.caption, info.label) if p))
        self.resize(self._layout(None))
        area = self._pane.rect().adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        self.setGeometry(place_card(self.size(), pointer, area))
        self.show()
        self.raise_()
        self.update()

    @Slot(object)
    def _take_thumbnails(self, ids: set[str]) -> None:
        if self._info is not None and self._info.image_id in ids:
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, thumbnail and words."""
        roles = theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(roles.colour("line"))
        painter.setBrush(roles.colour("raised"))
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, RADIUS, RADIUS)
        if self._info is not None and self._info.image_id is not None:
            area = QRect(_PAD, _PAD, self._side, self._side)
            self._thumbnails.paint(painter, area, self._info.image_id, 4)
        self._layout(painter)
        painter.end()

    def _layout(self, painter: QPainter | None) -> QSize:
        """Set the words, and draw them where there is a painter; return the card's size."""
        info = self._info
        if info is None:
            return QSize(0, 0)
        left = _PAD if info.image_id is None else 2 * _PAD + self._side
        column = _Column(painter, left, _PAD, self._text)
        column.write(info.title, font(BODY, QFont.Weight.Medium), "text", 1)
        kind = "caption of this image" if info.kind == "caption" else info.detail
        column.write(kind, font(ANNOTATION), "secondary", 1)
        column.gap()
        column.write(info.label, font(BODY), "text", 2)
        column.write(info.caption, font(ANNOTATION), "secondary", _LINES)
        if info.scores:
            column.gap()
        for name, value in info.scores:
            column.write_score(name, value)
        column.write(info.scores_note, font(ANNOTATION), "disabled", 1)
        height = max(column.y, _PAD + self._side if info.image_id is not None else 0) + _PAD
        return QSize(left + self._text + _PAD, round(height))


class _Column:
    """Writes lines of words one below the other."""

    def __init__(self, painter: QPainter | None, x: float, y: float, width: int) -> None:
        self._painter = painter
        self._x, self._width = x, width
        self.y = y

    def gap(self) -> None:
        """Leave a little room."""
        self.y += _GAP

    def write(self, text: str, chosen: QFont, role: str, lines: int) -> None:
        """Write words over at most so many lines; the last one ends in … where more follows."""
        text = " ".join(text.split())
        if not text:
            return
        layout = QTextLayout(text, chosen)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.beginLayout()
        parts = []
        while (line := layout.createLine()).isValid():
            line.setLineWidth(self._width)
            parts.append((line.textStart(), line.textLength(), line.height()))
        layout.endLayout()
        for number, (start, length, height) in enumerate(parts[:lines]):
            rest = number == lines - 1 and len(parts) > lines
            self._line(text[start:] if rest else text[start : start + length], chosen, role, height)

    def write_score(self, name: str, value: str) -> None:
        """Write a name, and its number at the right."""
        chosen = font(ANNOTATION)
        if self._painter is not None:
            area = QRectF(self._x, self.y, self._width, 16)
            roles = theme()
            self._painter.setFont(chosen)
            self._painter.setPen(roles.colour("text"))
            self._painter.drawText(area, Qt.AlignmentFlag.AlignRight, value)
            room = self._width - self._painter.fontMetrics().horizontalAdvance(value) - 8
            self._painter.setPen(roles.colour("secondary"))
            short = self._painter.fontMetrics().elidedText(
                name, Qt.TextElideMode.ElideRight, int(room)
            )
            self._painter.drawText(area, Qt.AlignmentFlag.AlignLeft, short)
        self.y += 16

    def _line(self, text: str, chosen: QFont, role: str, height: float) -> None:
        if self._painter is not None:
            self._painter.setFont(chosen)
            self._painter.setPen(theme().colour(role))
            short = self._painter.fontMetrics().elidedText(
                text, Qt.TextElideMode.ElideRight, self._width
            )
            area = QRectF(self._x, self.y, self._width + 1, height)
            self._painter.drawText(area, Qt.TextFlag.TextSingleLine, short)
        self.y += height
