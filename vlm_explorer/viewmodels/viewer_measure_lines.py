"""How far a point of the screen lies from the lines of a measurement. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from vlm_explorer.viewmodels.viewer_measure import Kind, Point


def distance_to(kind: Kind, points: Sequence[Point], where: Point) -> float:
    """Return how far a point of the pane lies from a measurement's lines."""
    if kind is Kind.ELLIPSE:
        return _from_ellipse(points, where)
    if kind in (Kind.RECTANGLE, Kind.HIDE):
        (left, top), (right, bottom) = points
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        return _from_lines(corners, where)
    return _from_lines(points, where)


def _from_lines(points: Sequence[Point], where: Point) -> float:
    nearest = math.inf
    for (x0, y0), (x1, y1) in pairwise(points):
        dx, dy = x1 - x0, y1 - y0
        along = ((where[0] - x0) * dx + (where[1] - y0) * dy) / max(dx * dx + dy * dy, 1e-9)
        along = min(max(along, 0.0), 1.0)
        nearest = min(nearest, math.dist((x0 + along * dx, y0 + along * dy), where))
    return nearest


def _from_ellipse(points: Sequence[Point], where: Point) -> float:
    """Return the distance along the ray from the centre: exact for circles, near it else."""
    (x0, y0), (x1, y1) = points
    half_x, half_y = max(abs(x1 - x0) / 2, 1e-9), max(abs(y1 - y0) / 2, 1e-9)
    dx, dy = where[0] - (x0 + x1) / 2, where[1] - (y0 + y1) / 2
    out = math.hypot(dx / half_x, dy / half_y)
    return abs(1 - 1 / out) * math.hypot(dx, dy) if out > 0 else min(half_x, half_y)
