"""A tile of the review: one or two thumbnails, the numbers, and what was said about it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from vlm_explorer.viewmodels.review_list import (
    CAPTION,
    DETAIL,
    GROUP,
    IMAGE_IDS,
    VALUE,
    VERDICT,
    verdict_words,
)
from vlm_explorer.viewmodels.review_marks import DROP, DROP_FIRST, KEEP, UNSURE
from vlm_explorer.widgets.icons import paint_glyph
from vlm_explorer.widgets.result_tile import fill, frame
from vlm_explorer.widgets.theme import ANNOTATION, font, theme
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

THUMBNAIL = 80  # px
LINE = 16  # px
HEIGHT = THUMBNAIL + 3 * LINE + 6  # one line of tiles fills the strip as it is at first
PAIR = QSize(2 * THUMBNAIL + 4 + 12, HEIGHT)
SINGLE = QSize(THUMBNAIL + 28, HEIGHT)
CAPTIONED = QSize(THUMBNAIL + 172, HEIGHT)

# The glyph and the role of what was said.
SIGNS = {
    KEEP: ("ph.check", "secondary"),
    DROP: ("ph.trash", "danger"),
    DROP_FIRST: ("ph.trash", "danger"),
    UNSURE: ("ph.question", "warning"),
}

Index = QModelIndex | QPersistentModelIndex
Left, Right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight


class ReviewTile(QStyledItemDelegate):
    """Draws a finding; its size depends on what is reviewed."""

    def __init__(self, thumbnails: ThumbnailPainter, parent: QWidget) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw a tile; the current one has a frame in the accent, never a veil over the scan."""
        roles, tile, state = theme(), option.rect, option.state
        current = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_MouseOver:
            fill(painter, tile, roles.colour("hover"))
        if current:
            fill(painter, tile, roles.colour("selection"))
            focused = bool(state & QStyle.StateFlag.State_HasFocus)
            frame(painter, tile, roles.colour("accent"), 2.0 if focused else 1.0)
        ids = index.data(IMAGE_IDS)
        for place, image_id in enumerate(ids):
            left = tile.left() + 6 + place * (THUMBNAIL + 4)
            box = QRect(left, tile.top() + 4, THUMBNAIL, THUMBNAIL)
            self._thumbnails.paint(painter, box, image_id, 4)
        painter.setFont(font(ANNOTATION))
        if index.data(CAPTION):
            self._paint_caption(painter, tile, index)
        below = QRect(tile.left() + 6, tile.top() + THUMBNAIL + 4, tile.width() - 12, LINE)
        self._paint_numbers(painter, below, index)
        if not index.data(CAPTION):
            _write(painter, below.translated(0, LINE), index.data(DETAIL), "secondary", Left)
        self._paint_verdict(painter, below.translated(0, 2 * LINE), index, len(ids) == 2)
        painter.restore()

    def _paint_numbers(self, painter: QPainter, line: QRect, index: Index) -> None:
        """Write the number on the left, what group it belongs to on the right."""
        words = index.data(VALUE)
        if index.data(CAPTION):
            words = f"behind {words}"
        else:
            words = f"{'cosine' if len(index.data(IMAGE_IDS)) == 2 else 'score'} {words}"
        _write(painter, line, words, "text", Left)
        _write(painter, line, index.data(GROUP), "secondary", Right)

    def _paint_verdict(self, painter: QPainter, line: QRect, index: Index, pair: bool) -> None:
        verdict = index.data(VERDICT)
        if verdict is None:
            return
        glyph, role = SIGNS[verdict]
        at = QRectF(line.left(), line.center().y() - 5.5, 12, 12)
        paint_glyph(painter, glyph, at, theme().colour(role))
        _write(painter, line.adjusted(16, 0, 0, 0), verdict_words(verdict, pair), role, Left)

    def _paint_caption(self, painter: QPainter, tile: QRect, index: Index) -> None:
        """Write the caption beside its image, and the ranks below it."""
        left = tile.left() + THUMBNAIL + 14
        area = QRect(left, tile.top() + 4, tile.right() - 6 - left, THUMBNAIL)
        painter.setPen(theme().colour("text"))
        flags = Left | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
        painter.drawText(area, flags, _fitting(painter, index.data(CAPTION), area))
        for number, words in enumerate(index.data(DETAIL).split("\n")):
            line = QRect(area.left(), area.bottom() + 1 + number * LINE, area.width(), LINE)
            _write(painter, line, words, "secondary", Left)


def _fitting(painter: QPainter, text: str, area: QRect) -> str:
    """Return as many words as fit into an area, with an ellipsis where some are left out."""
    metrics, flags = painter.fontMetrics(), Qt.TextFlag.TextWordWrap
    words = text.split()
    for count in range(len(words), 0, -1):
        shown = " ".join(words[:count]) + ("" if count == len(words) else " …")
        if metrics.boundingRect(area, flags, shown).height() <= area.height():
            return shown
    return "…"


def _write(painter: QPainter, line: QRect, text: str, role: str, side: Qt.AlignmentFlag) -> None:
    painter.setPen(theme().colour(role))
    shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, line.width())
    painter.drawText(line, side | Qt.AlignmentFlag.AlignVCenter, shown)
