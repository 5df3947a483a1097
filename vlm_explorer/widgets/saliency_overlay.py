"""What lies over a scan: the coloured map, the part that the encoder never saw, a chosen cell."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QImage, QPainter, QPainterPath, QPen, QTransform

from vlm_explorer.widgets.theme import theme


@dataclass(frozen=True, slots=True)
class Overlay:
    """A map over the whole image.

    Attributes:
        image: colours with their own opacity, stretched over the image; None for no map.
        opacity: 0 to 1, on top of the image's own.
        smooth: whether the map is interpolated when stretched.
        seen: the part of the image that the encoder saw, in pixels of the image.
        cell: a part to outline, in pixels of the image.
        outliers: parts to mark by hollow squares, likewise.
    """

    image: QImage | None = None
    opacity: float = 1.0
    smooth: bool = True
    seen: QRectF | None = None
    cell: QRectF | None = None
    outliers: tuple[QRectF, ...] = ()


def paint_overlay(
    painter: QPainter, overlay: Overlay, whole: QRectF, transform: QTransform
) -> None:
    """Draw the overlay.

    Args:
        painter: in logical pixels of the pane.
        overlay: what to draw.
        whole: the image, in its own pixels.
        transform: from pixels of the image to those of the pane.
    """
    painter.save()
    if overlay.image is not None:
        painter.save()
        painter.setOpacity(overlay.opacity)
        painter.setTransform(transform, combine=True)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, overlay.smooth)
        painter.drawImage(whole, overlay.image)
        painter.restore()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if overlay.seen is not None:
        _hatch(painter, transform.mapRect(whole), transform.mapRect(overlay.seen))
    for outlier in overlay.outliers:
        _square(painter, transform.mapRect(outlier))
    if overlay.cell is not None:
        _outline(painter, transform.mapRect(overlay.cell & whole))
    painter.restore()


def _hatch(painter: QPainter, whole: QRectF, seen: QRectF) -> None:
    """Dim and hatch what the encoder never saw."""
    outside, inside = QPainterPath(), QPainterPath()
    outside.addRect(whole)
    inside.addRect(seen & whole)
    unseen = outside.subtracted(inside)
    if unseen.isEmpty():
        return
    painter.fillPath(unseen, theme().colour("image_ground", 0.5))
    painter.fillPath(unseen, QBrush(theme().colour("image_text", 0.3), Qt.BrushStyle.BDiagPattern))
    painter.setPen(QPen(theme().colour("image_text", 0.5), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(seen & whole)


def _square(painter: QPainter, cell: QRectF) -> None:
    """Mark a patch by a hollow square within it, so that a chosen one can be told from it."""
    inset = cell.width() / 5
    square = cell.adjusted(inset, inset, -inset, -inset)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for role, share, width in (("image_ground", 0.7, 3.0), ("image_text", 0.9, 1.25)):
        painter.setPen(QPen(theme().colour(role, share), width))
        painter.drawRect(square)


def _outline(painter: QPainter, cell: QRectF) -> None:
    """Outline the chosen cell, on a dark casing that parts it from any ground."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme().colour("image_ground", 0.7), 3.5))
    painter.drawRect(cell)
    painter.setPen(QPen(theme().colour("accent"), 1.75))
    painter.drawRect(cell)
