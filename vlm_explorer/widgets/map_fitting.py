"""The view that shows everything, beside and beneath what lies over the map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

from vlm_explorer.rendering.label_placement import Clutter
from vlm_explorer.rendering.points import Level, Points
from vlm_explorer.rendering.view import View

MARGIN = 24.0  # px around all points when they are fitted
SAMPLE = 20_000  # points that stand for all where it need not be exact
_RING = 8.0  # px around a point that what lies over the map leaves free

Insets = tuple[float, float, float, float]


def fitted_view(
    view: View,
    box: tuple[float, float, float, float] | None,
    xy: NDArray[np.float32],
    insets: Insets,
    obstacles: Sequence[QRectF],
) -> View:
    """Return the nearest view of a box in which nothing that lies over the map hides a point.

    Args:
        view: of the screen's size.
        box: x0, y0, x1, y1, world coordinates; None changes nothing.
        xy: float32 (P, 2), the points.
        insets: left, top, right and bottom, in which nothing is hidden for certain.
        obstacles: what lies over the map, logical pixels.
    """
    least = (MARGIN,) * 4
    for share in (0.0, 0.25, 0.5, 0.75):
        between = [low + (high - low) * share for low, high in zip(least, insets, strict=True)]
        fitted = view.fitted_to(box, _reduced(between, view))
        if not _is_covered(fitted, xy, obstacles):
            return fitted
    return view.fitted_to(box, _reduced(insets, view))


def clutter_of(points: Points, view: View) -> Clutter:
    """Return where points are on the screen; of very many points, where some of them are."""
    some = slice(None, None, max(1, len(points) // SAMPLE))
    drawn = points.level[some] >= Level.FADED
    x, y = view.to_columns(points.xy[some][drawn])
    return Clutter(x, y, view.width, view.height)


def _is_covered(view: View, xy: NDArray[np.float32], obstacles: Sequence[QRectF]) -> bool:
    """Whether any point (of very many points: any of some) lies under what is over the map."""
    x, y = view.to_columns(xy[:: max(1, len(xy) // SAMPLE)])
    rings = (rect.adjusted(-_RING, -_RING, _RING, _RING) for rect in obstacles)
    return any(
        bool(
            (
                (x >= ring.left()) & (x <= ring.right()) & (y >= ring.top()) & (y <= ring.bottom())
            ).any()
        )
        for ring in rings
    )


def _reduced(insets: Sequence[float], view: View) -> Insets:
    """Return insets that leave at least half of a small view free."""
    left, top, right, bottom = insets
    room = min(1.0, 0.5 * view.width / (left + right), 0.5 * view.height / (top + bottom))
    return left * room, top * room, right * room, bottom * room
