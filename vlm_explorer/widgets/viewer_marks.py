"""Measurements as they are drawn on a scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QTransform

from vlm_explorer.viewmodels.viewer_measure import Kind, Measurement
from vlm_explorer.widgets.theme import ANNOTATION, font, theme
from vlm_explorer.widgets.viewer_annotations import LINE, shadowed

_HALO, _LINE_WIDTH = 3.5, 1.5  # px
_HANDLE = 4.0  # px, radius of an end point that can be moved
_CROSS = 5.0  # px, half the size of the mark at a point
_GAP = 10.0  # px from a measurement to its words


@dataclass(frozen=True, slots=True)
class Mark:
    """A measurement as it is drawn.

    Attributes:
        measurement: in pixels of the image.
        words: its figures, line by line.
        chosen: whether its points can be moved by the keys.
        point: which of them moves; None for all.
    """

    measurement: Measurement
    words: tuple[str, ...]
    chosen: bool = False
    point: int | None = None


def paint_marks(
    painter: QPainter, marks: Sequence[Mark], transform: QTransform, pane: QRectF
) -> None:
    """Draw measurements over a scan, crisp at any zoom, on a dark halo.

    Args:
        painter: in logical pixels of the pane.
        marks: the later ones on top.
        transform: from pixels of the image to those of the pane.
        pane: where their words must stay.
    """
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for mark in marks:
        points = [transform.map(QPointF(*point)) for point in mark.measurement.points]
        _stroke(painter, _outline(mark.measurement.kind, points), _colour(mark))
        if mark.chosen:
            _handles(painter, points, mark)
    for mark in marks:
        points = [transform.map(QPointF(*point)) for point in mark.measurement.points]
        _words(painter, mark, points, pane)
    painter.restore()


def _colour(mark: Mark) -> QColor:
    return theme().colour("image_accent" if mark.chosen else "measure")


def _outline(kind: Kind, points: Sequence[QPointF]) -> QPainterPath:
    path = QPainterPath()
    if kind is Kind.ELLIPSE:
        path.addEllipse(QRectF(points[0], points[1]).normalized())
    elif kind is Kind.RECTANGLE:
        path.addRect(QRectF(points[0], points[1]).normalized())
    else:
        path.moveTo(points[0])
        for point in points[1:]:
            path.lineTo(point)
        for end in (points[0], points[-1]):
            for across in (QPointF(_CROSS, 0), QPointF(0, _CROSS)):
                path.moveTo(end - across)
                path.lineTo(end + across)
    return path


def _stroke(painter: QPainter, path: QPainterPath, colour: QColor) -> None:
    painter.setPen(QPen(theme().colour("image_ground", 0.75), _HALO))
    painter.drawPath(path)
    painter.setPen(QPen(colour, _LINE_WIDTH))
    painter.drawPath(path)


def _handles(painter: QPainter, points: Sequence[QPointF], mark: Mark) -> None:
    """Draw the points that can be moved; the one that the keys move is filled."""
    painter.save()
    for number, point in enumerate(points):
        moves = mark.point is None or mark.point == number
        painter.setPen(QPen(theme().colour("image_ground", 0.75), 1))
        painter.setBrush(_colour(mark) if moves else theme().colour("image_ground", 0.6))
        painter.drawEllipse(point, _HANDLE + 1, _HANDLE + 1)
        painter.setPen(QPen(_colour(mark), _LINE_WIDTH))
        painter.drawEllipse(point, _HANDLE, _HANDLE)
    painter.restore()


def _words(painter: QPainter, mark: Mark, points: Sequence[QPointF], pane: QRectF) -> None:
    """Write the figures beside the rightmost point, within the pane."""
    painter.setFont(font(ANNOTATION))
    metrics = QFontMetricsF(painter.font())
    size = max((metrics.horizontalAdvance(line) for line in mark.words), default=0.0)
    height = LINE * len(mark.words)
    anchor = max(points, key=lambda point: point.x())
    middle = anchor.y()
    if mark.measurement.kind.is_region:
        middle = (points[0].y() + points[1].y()) / 2
    left = anchor.x() + _GAP
    if left + size > pane.right():
        left = min(point.x() for point in points) - _GAP - size
    left = max(pane.left(), min(left, pane.right() - size))
    top = max(pane.top(), min(middle - height / 2, pane.bottom() - height))
    for number, line in enumerate(mark.words):
        shadowed(painter, QPointF(left, top + LINE * number + metrics.ascent()), line)
