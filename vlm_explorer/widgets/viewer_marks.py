"""Measurements as they are drawn on a scan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPainterPath, QPen, QTransform

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
        veiled: whether a part to be hidden is hidden now, and not only outlined.
    """

    measurement: Measurement
    words: tuple[str, ...]
    chosen: bool = False
    point: int | None = None
    veiled: bool = False


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
        path = _outline(mark.measurement.kind, points)
        if mark.veiled and mark.measurement.kind is Kind.HIDE:
            _veil(painter, path)
        _stroke(painter, path, _colour(mark))
        if mark.chosen:
            _handles(painter, points, mark)
    taken: list[QRectF] = []
    for mark in marks:
        points = [transform.map(QPointF(*point)) for point in mark.measurement.points]
        _words(painter, mark, points, pane, taken)
    painter.restore()


def _colour(mark: Mark) -> QColor:
    return theme().colour("image_accent" if mark.chosen else "measure")


def _outline(kind: Kind, points: Sequence[QPointF]) -> QPainterPath:
    path = QPainterPath()
    if kind is Kind.ELLIPSE:
        path.addEllipse(QRectF(points[0], points[1]).normalized())
    elif kind in (Kind.RECTANGLE, Kind.HIDE):
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


def _veil(painter: QPainter, path: QPainterPath) -> None:
    """Show that a part is hidden from the encoder: crossed out, not dark, the user still sees."""
    painter.fillPath(path, theme().colour("image_ground", 0.35))
    painter.fillPath(
        path, QBrush(theme().colour("image_text", 0.35), Qt.BrushStyle.DiagCrossPattern)
    )


def _handles(painter: QPainter, points: Sequence[QPointF], mark: Mark) -> None:
    """Draw the points that can be moved; the one that the keys move is filled."""
    painter.save()
    if mark.measurement.kind is Kind.ELLIPSE:  # its corners lie beside it
        painter.setPen(QPen(_colour(mark), 1, Qt.PenStyle.DotLine))
        painter.drawRect(QRectF(points[0], points[1]).normalized())
    for number, point in enumerate(points):
        moves = mark.point is None or mark.point == number
        painter.setPen(QPen(theme().colour("image_ground", 0.75), 1))
        painter.setBrush(_colour(mark) if moves else theme().colour("image_ground", 0.6))
        painter.drawEllipse(point, _HANDLE + 1, _HANDLE + 1)
        painter.setPen(QPen(_colour(mark), _LINE_WIDTH))
        painter.drawEllipse(point, _HANDLE, _HANDLE)
    painter.restore()


def _words(
    painter: QPainter, mark: Mark, points: Sequence[QPointF], pane: QRectF, taken: list[QRectF]
) -> None:
    """Write the figures beside the measurement, where nothing else stands."""
    painter.setFont(font(ANNOTATION))
    metrics = QFontMetricsF(painter.font())
    width = max((metrics.horizontalAdvance(line) for line in mark.words), default=0.0)
    size = QSizeF(width, LINE * len(mark.words))
    room = _room_for(size, _anchors(mark.measurement.kind, points), pane, taken)
    taken.append(room)
    for number, line in enumerate(mark.words):
        shadowed(painter, room.topLeft() + QPointF(0, LINE * number + metrics.ascent()), line)


def _anchors(kind: Kind, points: Sequence[QPointF]) -> list[QRectF]:
    """Return what the words may stand beside, the best first: a region, an end, the middle."""
    if kind.is_region:
        return [QRectF(points[0], points[1]).normalized()]
    ends = sorted(points, key=lambda point: -point.x())
    middle = (points[0] + points[1]) / 2
    return [QRectF(point, QSizeF(0, 0)) for point in (*ends, middle)]


def _room_for(
    size: QSizeF, anchors: Sequence[QRectF], pane: QRectF, taken: Sequence[QRectF]
) -> QRectF:
    """Return the first room of that size beside an anchor within the pane, a free one if any."""
    rooms = [
        room for anchor in anchors for room in _rooms_beside(anchor, size) if pane.contains(room)
    ]
    for room in rooms:
        if not any(room.intersects(other) for other in taken):
            return room
    if rooms:
        return rooms[0]
    seen = anchors[0] & pane
    middle = (seen if seen.isValid() else anchors[-1]).center()
    left = max(pane.left(), min(middle.x() - size.width() / 2, pane.right() - size.width()))
    top = max(pane.top(), min(middle.y() - size.height() / 2, pane.bottom() - size.height()))
    return QRectF(QPointF(left, top), size)


def _rooms_beside(anchor: QRectF, size: QSizeF) -> Iterator[QRectF]:
    """Yield rooms right and left of an anchor, then below and above it."""
    wide, high = size.width(), size.height()
    middle = anchor.center() - QPointF(wide, high) / 2
    for left in (anchor.right() + _GAP, anchor.left() - _GAP - wide):
        yield QRectF(QPointF(left, middle.y()), size)
    for left in (middle.x(), anchor.left(), anchor.right() - wide):
        for top in (anchor.bottom() + _GAP, anchor.top() - _GAP - high):
            yield QRectF(QPointF(left, top), size)
