"""The matrix: a cell each of an image and a text, and beneath it the softmax of the chosen row."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from vlm_explorer.viewmodels.matrix_shown import Shown
from vlm_explorer.viewmodels.numbers import percent
from vlm_explorer.widgets.qimages import to_qimage
from vlm_explorer.widgets.theme import ANNOTATION, font, theme, themes

_BARS = 26  # px, height of the softmax
_GAP = 4
_NAMES = 128  # px, most of the names of rows
_NAMED_ROW, _NAMED_COLUMN = 12, 56  # px, least size of a cell with a name
_MARKED = 5  # px, least size of a cell that is framed; a smaller one gets a dot
_PAGE = 10  # rows

_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_PageUp: (-_PAGE, 0),
    Qt.Key.Key_PageDown: (_PAGE, 0),
    Qt.Key.Key_Home: (0, -(10**6)),
    Qt.Key.Key_End: (0, 10**6),
}


class MatrixView(QWidget):
    """Draws a `Shown`; arrows and pointer move over it, Enter and click choose.

    Signals:
        looked(row, column): a cell is to be looked at.
        chosen(): what is looked at is to be opened.
    """

    looked = Signal(int, int)
    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Shown | None = None
        self._cell: tuple[int, int] | None = None
        self._temperature = 1.0
        self._image = QImage()
        self.setFont(font(ANNOTATION))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Similarity matrix")
        themes.changed.connect(self._dress)

    def sizeHint(self) -> QSize:
        """As much as there is."""
        return QSize(400, 200)

    def show_matrix(self, shown: Shown | None) -> None:
        """Draw another matrix."""
        self._shown = shown
        self._dress()

    def _dress(self) -> None:
        if self._shown is not None:
            self._image = to_qimage(self._shown.picture(theme().dark))
        self.update()

    def show_cell(self, cell: tuple[int, int] | None, temperature: float, words: str) -> None:
        """Mark a cell, draw the softmax of its row; `words` say it to who cannot see it."""
        self._cell, self._temperature = cell, temperature
        self.setAccessibleDescription(words)
        self.update()

    # Where things lie

    def area(self) -> QRectF:
        """Return where the cells lie."""
        room = QRectF(self.rect()).adjusted(1, 1, -1, -_BARS - _GAP)
        if self._shown is None:
            return room
        rows, columns = self._shown.cosine.shape
        metrics = QFontMetricsF(self.font())
        left = metrics.horizontalAdvance("100 %") + _GAP
        if room.height() / rows >= _NAMED_ROW:
            names = max(metrics.horizontalAdvance(item.name) for item in self._shown.rows)
            left = max(left, min(_NAMES, names + _GAP))
        top = metrics.height() if (room.width() - left) / columns >= _NAMED_COLUMN else 0.0
        return room.adjusted(left, top, 0, 0)

    def cell_at(self, point: QPointF) -> tuple[int, int] | None:
        """Return the row and column at a point; None outside."""
        area = self.area()
        if self._shown is None or not area.contains(point):
            return None
        rows, columns = self._shown.cosine.shape
        row = int((point.y() - area.top()) / area.height() * rows)
        column = int((point.x() - area.left()) / area.width() * columns)
        return min(row, rows - 1), min(column, columns - 1)

    def rect_of(self, row: int, column: int) -> QRectF:
        """Return where a cell lies."""
        area = self.area()
        rows, columns = (1, 1) if self._shown is None else self._shown.cosine.shape
        wide, high = area.width() / columns, area.height() / rows
        return QRectF(area.left() + column * wide, area.top() + row * high, wide, high)

    # Pointer and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Look at what is under the pointer."""
        if (cell := self.cell_at(event.position())) is not None:
            self.looked.emit(*cell)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open what is under the pointer."""
        cell = self.cell_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and cell is not None:
            self.looked.emit(*cell)
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by arrows, Home, End and pages; Enter opens."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chosen.emit()
            return
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None or self._shown is None:
            super().keyPressEvent(event)
            return
        row, column = self._cell or (0, 0)
        self.looked.emit(row + step[0], column + step[1])

    # Drawing

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw cells, names, pairs, the cell that is looked at, and the softmax of its row."""
        if self._shown is None:
            return
        painter = QPainter(self)
        painter.setFont(self.font())
        area = self.area()
        rows, columns = self._shown.cosine.shape
        many = area.width() < columns or area.height() < rows
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, many)
        painter.drawImage(area, self._image)
        self._paint_names(painter, area)
        self._paint_pairs(painter)
        if self._cell is not None:
            self._paint_cell(painter, area, *self._cell)
            self._paint_shares(painter, area, *self._cell)
        painter.end()

    def _paint_names(self, painter: QPainter, area: QRectF) -> None:
        assert self._shown is not None
        metrics = QFontMetricsF(self.font())
        painter.setPen(theme().colour("secondary"))
        cell = self.rect_of(0, 0)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if cell.height() >= _NAMED_ROW:
            for row, item in enumerate(self._shown.rows):
                place = self.rect_of(row, 0)
                place.setRect(0, place.top(), area.left() - _GAP, place.height())
                painter.drawText(place, right, _short(metrics, item.name, place.width()))
        if cell.width() >= _NAMED_COLUMN:
            for column, item in enumerate(self._shown.columns):
                place = self.rect_of(0, column)
                place.setRect(place.left(), 0, place.width() - 2, area.top())
                words = _short(metrics, item.name, place.width())
                painter.drawText(place, Qt.AlignmentFlag.AlignCenter, words)

    def _paint_pairs(self, painter: QPainter) -> None:
        """Frame the cells of images and their own captions, light on dark, so that both show."""
        assert self._shown is not None
        cell = self.rect_of(0, 0)
        framed = min(cell.width(), cell.height()) >= _MARKED
        light, dark = theme().colour("image_text"), theme().colour("image_ground", 0.7)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, not framed)
        for row, column in self._shown.pairs.tolist():
            place = self.rect_of(row, column)
            if framed:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(dark, 3))
                painter.drawRect(place.adjusted(1, 1, -1, -1))
                painter.setPen(QPen(light, 1))
                painter.drawRect(place.adjusted(1, 1, -1, -1))
            else:
                painter.setPen(QPen(dark, 1))
                painter.setBrush(light)
                painter.drawEllipse(place.center(), 2, 2)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_cell(self, painter: QPainter, area: QRectF, row: int, column: int) -> None:
        place = self.rect_of(row, column)
        colour = theme().colour("accent" if self.hasFocus() else "text")
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 1))
        painter.drawRect(QRectF(area.left(), place.top(), area.width(), place.height()))
        painter.drawRect(QRectF(place.left(), area.top(), place.width(), area.height()))
        painter.setPen(QPen(colour, 2))
        painter.drawRect(place)

    def _paint_shares(self, painter: QPainter, area: QRectF, row: int, column: int) -> None:
        """Draw what each column gets of the row, as bars as high as the largest share allows."""
        assert self._shown is not None
        roles, share = theme(), self._shown.shares(row, self._temperature)
        most, floor = float(share.max()), self.height() - 1.0
        wide = area.width() / len(share)
        own = {pair[1] for pair in self._shown.pairs.tolist() if pair[0] == row}
        painter.fillRect(QRectF(area.left(), floor, area.width(), 1), roles.colour("line"))
        for place, value in enumerate((share / most).tolist()):
            height = value * (_BARS - 2)
            role = "accent" if place == column else "star" if place in own else "secondary"
            left = area.left() + place * wide
            bar = QRectF(left, floor - height, max(1.0, wide - (wide > 3)), height)
            painter.fillRect(bar, roles.colour(role))
        painter.setPen(roles.colour("secondary"))
        words = QRectF(0, floor - _BARS, area.left() - _GAP, QFontMetricsF(self.font()).height())
        painter.drawText(words, Qt.AlignmentFlag.AlignRight, percent(most))


def _short(metrics: QFontMetricsF, words: str, room: float) -> str:
    return metrics.elidedText(words, Qt.TextElideMode.ElideRight, room)
