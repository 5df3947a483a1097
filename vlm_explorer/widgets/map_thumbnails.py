"""Thumbnails beside the map's points, once few enough points are in view to show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from vlm_explorer.rendering.label_placement import Rect, beside
from vlm_explorer.rendering.picking import few_in_view
from vlm_explorer.rendering.points import Level
from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels.map_model import MapModel
from vlm_explorer.widgets.theme import Theme
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

MOST_IN_VIEW = 60  # images
SIDE = 56.0  # px
_LIFT = 8.0  # px between a point and its thumbnail
_GAP = 6.0
_NEAR = 2.0  # zoom from which on some images stand for many
_SPACING = 64.0  # px, about how far apart they are


@dataclass(frozen=True, slots=True)
class Pinned:
    """A thumbnail beside its point: above, if there is room."""

    point: int
    image_id: str
    at: QPointF
    rect: QRectF


def pin_thumbnails(model: MapModel, view: View, obstacles: Sequence[QRectF]) -> list[Pinned]:
    """Return the thumbnails that have room; none where too many images are in view.

    The current image comes first, then selected ones, then those that stand for others.

    Args:
        model: whose scene.
        view: from where.
        obstacles: what must stay free, logical pixels.
    """
    scene = model.scene
    index = few_in_view(scene.points, view, MOST_IN_VIEW, hollow=False)
    if not len(index):
        return []
    standing = model.places.representatives.points.tolist()
    rank = {point: place for place, point in enumerate(standing)}
    chosen = sorted(
        scene.points.back_to_front(index)[::-1].tolist(),
        key=lambda i: (i != scene.current, -scene.points.level[i], rank.get(i, len(rank))),
    )
    return _pin(model, view, chosen, obstacles)


def pin_representatives(
    model: MapModel, view: View, zoom: float, obstacles: Sequence[QRectF]
) -> list[Pinned]:
    """Return thumbnails of images that stand for those around them, where many are in view.

    From afar there are none; the nearer one comes, the more of them.

    Args:
        model: whose scene.
        view: from where.
        zoom: the view's scale in units of the scale that shows everything.
        obstacles: what must stay free, logical pixels.
    """
    if zoom < _NEAR:
        return []
    points = model.scene.points
    chosen = model.places.representatives.down_to(view.scale, _SPACING)
    chosen = chosen[points.level[chosen] >= Level.FADED]
    screen = view.to_screen(points.xy[chosen].astype(np.float64))
    inside = ((screen >= 0) & (screen <= (view.width, view.height))).all(axis=1)
    return _pin(model, view, chosen[inside].tolist(), obstacles)


def _pin(
    model: MapModel, view: View, chosen: Sequence[int], obstacles: Sequence[QRectF]
) -> list[Pinned]:
    """Return the thumbnails that have room, those first that are named first."""
    screen = view.to_screen(model.scene.points.xy[list(chosen)].astype(np.float64))
    area = Rect(4, 4, view.width - 8, view.height - 8)
    taken = [Rect(r.x(), r.y(), r.width(), r.height()) for r in obstacles]
    pinned = []
    for point, (x, y) in zip(chosen, screen.tolist(), strict=True):
        right, left, above, below = beside(x, y, SIDE, SIDE, _LIFT)
        rect = next((r for r in (above, below, right, left) if _is_free(r, area, taken)), None)
        if rect is not None:
            image_id = model.image_id(point)
            assert image_id is not None
            taken.append(rect)
            pinned.append(Pinned(point, image_id, QPointF(x, y), QRectF(*rect)))
    return pinned


def _is_free(rect: Rect, area: Rect, taken: Sequence[Rect]) -> bool:
    return rect.within(area) and not any(rect.overlaps(other, _GAP) for other in taken)


def paint_thumbnails(
    painter: QPainter, pinned: list[Pinned], thumbnails: ThumbnailPainter, roles: Theme
) -> None:
    """Draw thumbnails with a stem to their points."""
    for pin in pinned:
        rect, at = pin.rect, pin.at
        foot = QPointF(
            min(max(at.x(), rect.left()), rect.right()), min(max(at.y(), rect.top()), rect.bottom())
        )
        painter.setPen(QPen(roles.colour("secondary", 0.6), 1.0))
        painter.drawLine(foot, at + (foot - at) / 2)
        thumbnails.paint(painter, pin.rect.toRect(), pin.image_id, 4)
        frame = QPainterPath()
        frame.addRoundedRect(pin.rect, 4, 4)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(roles.colour("line"), 1.0))
        painter.drawPath(frame)
