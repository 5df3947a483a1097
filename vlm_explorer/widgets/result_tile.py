"""A tile of the results: thumbnail, rank and cosine, and how many images it stands for."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.results import COSINE, COUNT, IMAGE_ID, NOTED, QUIET, RANK, TAGS, Z
from vlm_explorer.widgets.icons import paint_glyph
from vlm_explorer.widgets.theme import ANNOTATION, RADIUS, font, theme
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

_MARK = 10  # px, of a tag
_QUIET = 0.45  # how much is left of a tile that was found no better than by chance
THUMBNAIL = 104
CELL = QSize(THUMBNAIL + 8, THUMBNAIL + 28)

Index = QModelIndex | QPersistentModelIndex


class TileDelegate(QStyledItemDelegate):
    """Draws a tile: thumbnail, rank on the left below it, cosine on the right."""

    def __init__(self, thumbnails: ThumbnailPainter, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the size of every tile."""
        return CELL

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a tile; selection is a frame in the accent, never a veil over the scan."""
        roles = theme()
        tile = option.rect
        box = QRect(tile.left() + 4, tile.top() + 4, THUMBNAIL, THUMBNAIL)
        state = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_MouseOver:
            fill(painter, tile, roles.colour("hover"))
        if selected:
            fill(painter, tile, roles.colour("selection"))
        quiet = bool(index.data(QUIET)) and not selected
        painter.setOpacity(_QUIET if quiet else 1.0)
        self._thumbnails.paint(painter, box, index.data(IMAGE_ID), 4)
        painter.setOpacity(1.0)
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        if selected or focused:
            frame(painter, tile, roles.colour("accent"), 2.0 if focused else 1.0)
        if (count := index.data(COUNT)) > 1:
            _badge(painter, box, f"{count:,}")
        _paint_tags(painter, box, index)
        self._paint_words(painter, QRect(box.left(), box.bottom() + 1, THUMBNAIL, 20), index)
        painter.restore()

    def _paint_words(self, painter: QPainter, area: QRect, index: Index) -> None:
        rank, cosine = index.data(RANK), index.data(COSINE)
        if rank is None or cosine is None:
            return
        roles = theme()
        painter.setFont(font(ANNOTATION))
        painter.setPen(roles.secondary)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | middle, f"{rank:,}")
        painter.setPen(roles.secondary if index.data(QUIET) else roles.text)
        words = numbers.cosine(cosine)
        if (z := index.data(Z)) is not None:
            words = f"{words}  z {numbers.z(z)}"
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | middle, words)


def fill(painter: QPainter, area: QRect, colour: QColor) -> None:
    """Give a tile a ground with round corners."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(area).adjusted(1, 1, -1, -1), RADIUS, RADIUS)


def frame(painter: QPainter, area: QRect, colour: QColor, width: float) -> None:
    """Draw a frame with round corners just inside a tile."""
    painter.setPen(QPen(colour, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    inset = 1 + width / 2
    painter.drawRoundedRect(QRectF(area).adjusted(inset, inset, -inset, -inset), RADIUS, RADIUS)


def _paint_tags(painter: QPainter, box: QRect, index: Index) -> None:
    """Mark a tile with its tags, from the lower left corner on, and with a note's sign."""
    roles, left = theme(), box.left() + 4
    top = box.bottom() - 4 - _MARK
    painter.setPen(QPen(roles.colour("image_ground"), 1.5))
    for number in index.data(TAGS):
        painter.setBrush(roles.category(number - 1))
        painter.drawEllipse(QRectF(left, top, _MARK, _MARK))
        left += _MARK + 2
    if index.data(NOTED):
        ground = QRectF(left - 1, top - 2, _MARK + 4, _MARK + 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(roles.colour("image_ground", 0.75))
        painter.drawRoundedRect(ground, 3, 3)
        paint_glyph(painter, "ph.note-pencil", ground, roles.colour("image_text"))


def _badge(painter: QPainter, box: QRect, count: str) -> None:
    """Write into the upper right corner how many images the tile stands for."""
    roles = theme()
    painter.setFont(font(ANNOTATION))
    glyph, margin = 12, 4
    width = painter.fontMetrics().horizontalAdvance(count) + glyph + 3 * margin
    badge = QRectF(box.right() - width - 3, box.top() + 4, width, 18)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(roles.colour("image_ground", 0.75))
    painter.drawRoundedRect(badge, 4, 4)
    colour = roles.colour("image_text")
    inner = badge.adjusted(margin, 0, -margin, 0)
    paint_glyph(
        painter, "ph.stack", QRectF(inner.left(), badge.center().y() - 6, glyph, glyph), colour
    )
    painter.setPen(colour)
    painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, count)
