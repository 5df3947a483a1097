"""Marks of findings as they are drawn over a scan: thin, on a dark halo, in no accent."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QTransform

from vlm_explorer.viewmodels.boxes_work import TrueMark
from vlm_explorer.widgets.theme import ANNOTATION, font, theme
from vlm_explorer.widgets.viewer_annotations import shadowed

_HALO, _WIDTH = 3.0, 1.0  # px
_GAP = 3.0  # px from a box to its words


def paint_truth(
    painter: QPainter, marks: Sequence[TrueMark], transform: QTransform, pane: QRectF
) -> None:
    """Draw boxes over a scan, and what is in them; dashed where they stand for a mask.

    Args:
        painter: in logical pixels of the pane.
        marks: in pixels of the image.
        transform: from pixels of the image to those of the pane.
        pane: where words must stay.
    """
    if not marks:
        return
    painter.save()
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setFont(font(ANNOTATION))
    for mark in marks:
        style = Qt.PenStyle.SolidLine if mark.exact else Qt.PenStyle.DashLine
        for x0, y0, x1, y1 in mark.boxes:
            place = transform.mapRect(QRectF(QPointF(x0, y0), QPointF(x1, y1)))
            painter.setPen(QPen(theme().colour("image_ground", 0.75), _HALO))
            painter.drawRect(place)
            painter.setPen(QPen(theme().colour("image_text"), _WIDTH, style))
            painter.drawRect(place)
            _name(painter, mark.words, place, pane)
    painter.restore()


def _name(painter: QPainter, words: str, place: QRectF, pane: QRectF) -> None:
    """Write what a box holds above it, or inside where there is no room."""
    metrics = QFontMetricsF(painter.font())
    top = place.top() - _GAP - metrics.height()
    if top < pane.top():
        top = place.top() + _GAP
    left = min(place.left(), pane.right() - metrics.horizontalAdvance(words) - _GAP)
    spot = QPointF(max(left, pane.left() + _GAP), top + metrics.ascent())
    shadowed(painter, spot, words)
