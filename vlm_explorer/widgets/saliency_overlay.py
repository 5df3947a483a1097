"""What lies over a scan: the coloured map, the part that the encoder never saw, a chosen cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPainterPath, QPen, QTransform

from vlm_explorer.widgets.theme import theme


@dataclass(frozen=True, slots=True)
class ContourLine:
    """A line of equal value.

    Attributes:
        pieces: in shares of the image's width and height.
        colour: of the line.
        width: in logical pixels.
    """

    pieces: list[QLineF]
    colour: QColor
    width: float


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
        lines: of equal value, drawn in the place of an image.
        edge: share of the pane's width left of which there is no map; None for a map all over.
    """

    image: QImage | None = None
    opacity: float = 1.0
    smooth: bool = True
    seen: QRectF | None = None
    cell: QRectF | None = None
    outliers: tuple[QRectF, ...] = ()
    lines: Sequence[ContourLine] = ()
    edge: float | None = None


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
    if overlay.edge is not None:
        painter.save()
        _leave_bare(painter, overlay.edge)
    if overlay.image is not None:
        painter.save()
        painter.setOpacity(overlay.opacity)
        painter.setTransform(transform, combine=True)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, overlay.smooth)
        painter.drawImage(whole, overlay.image)
        painter.restore()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for line in overlay.lines:
        _contour(painter, line, whole, transform)
    if overlay.edge is not None:
        painter.restore()
        _draw_edge(painter, overlay.edge)
    if overlay.seen is not None:
        _hatch(painter, transform.mapRect(whole), transform.mapRect(overlay.seen))
    for outlier in overlay.outliers:
        _square(painter, transform.mapRect(outlier))
    if overlay.cell is not None:
        _outline(painter, transform.mapRect(overlay.cell & whole))
    painter.restore()


def _leave_bare(painter: QPainter, edge: float) -> None:
    """Draw nothing left of the edge."""
    pane = QRectF(painter.window())
    painter.setClipRect(pane.adjusted(edge * pane.width(), 0, 0, 0))


def _draw_edge(painter: QPainter, edge: float) -> None:
    """Draw a line that can be dragged, with a handle in its middle."""
    pane = QRectF(painter.window())
    x, y = edge * pane.width(), pane.center().y()
    for colour, width in ((theme().colour("image_ground", 0.7), 3.5), (_light(), 1.5)):
        painter.setPen(QPen(colour, width))
        painter.drawLine(QPointF(x, pane.top()), QPointF(x, pane.bottom()))
    painter.setPen(QPen(theme().colour("image_ground", 0.7), 1))
    painter.setBrush(_light())
    painter.drawRoundedRect(QRectF(x - 3, y - 14, 6, 28), 3, 3)


def _light() -> QColor:
    return theme().colour("image_text", 0.9)


def _contour(painter: QPainter, line: ContourLine, whole: QRectF, transform: QTransform) -> None:
    """Draw a line of equal value on a dark casing."""
    on_pane = QTransform.fromScale(whole.width(), whole.height()) * transform
    pieces = [on_pane.map(piece) for piece in line.pieces]
    casing = theme().colour("image_ground", 0.6)
    for colour, width in ((casing, line.width + 1.5), (line.colour, line.width)):
        pen = QPen(colour, width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLines(pieces)


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
