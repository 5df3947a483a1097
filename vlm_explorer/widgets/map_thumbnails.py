"""Thumbnails beside the map's points, once few enough points are in view to show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from vlm_explorer.rendering.label_placement import Rect
from vlm_explorer.rendering.picking import few_in_view
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.widgets.theme import Theme
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

MOST_IN_VIEW = 60  # images
SIDE = 56.0  # px
_LIFT = 8.0  # px between a point and its thumbnail
_GAP = 6.0


@dataclass(frozen=True, slots=True)
class Pinned:
    """A thumbnail above its point."""

    point: int
    image_id: str
    at: QPointF
    rect: QRectF


def pin_thumbnails(model: MapModel, view: View, obstacles: Sequence[QRectF]) -> list[Pinned]:
    """Return the thumbnails that have room; none where too many images are in view.

    Args:
        model: whose scene.
        view: from where.
        obstacles: what must stay free, logical pixels.
    """
    scene = model.scene
    index = few_in_view(scene.points, view, MOST_IN_VIEW, hollow=False)
    screen = view.to_screen(scene.points.xy[index].astype(np.float64))
    places = {int(point): (float(x), float(y)) for point, (x, y) in zip(index, screen, strict=True)}
    on_top = scene.points.back_to_front(index)[::-1].tolist()
    chosen = sorted(on_top, key=lambda i: (i != scene.current, -scene.points.level[i]))
    area = Rect(4, 4, view.width - 8, view.height - 8)
    taken = [Rect(r.x(), r.y(), r.width(), r.height()) for r in obstacles]
    pinned = []
    for point in chosen:
        x, y = places[point]
        rect = Rect(x - SIDE / 2, y - _LIFT - SIDE, SIDE, SIDE)
        if rect.within(area) and not any(rect.overlaps(other, _GAP) for other in taken):
            image_id = model.image_id(point)
            assert image_id is not None
            taken.append(rect)
            pinned.append(Pinned(point, image_id, QPointF(x, y), QRectF(*rect)))
    return pinned


def paint_thumbnails(
    painter: QPainter, pinned: list[Pinned], thumbnails: ThumbnailPainter, roles: Theme
) -> None:
    """Draw thumbnails with a stem down to their points."""
    for pin in pinned:
        foot = QPointF(pin.rect.center().x(), pin.rect.bottom())
        painter.setPen(QPen(roles.colour("secondary", 0.6), 1.0))
        painter.drawLine(foot, pin.at - QPointF(0, 4))
        thumbnails.paint(painter, pin.rect.toRect(), pin.image_id, 4)
        frame = QPainterPath()
        frame.addRoundedRect(pin.rect, 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(roles.colour("line"), 1.0))
        painter.drawPath(frame)
