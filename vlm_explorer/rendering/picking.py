"""Which point is meant: under the pointer, inside a lasso, next in a direction. World to answer.

Only points that stand out at least as `Level.FADED` can be meant: what is hidden or filtered out
is never picked.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vlm_explorer.rendering import compiled
from vlm_explorer.rendering.points import SIZES
from vlm_explorer.rendering.rasteriser import Level, Points
from vlm_explorer.rendering.view import View

Indices = NDArray[np.intp]

_WORTHWHILE = 20_000  # points from which on the compiled loop pays
_STRIPS = 4096  # of a lasso's height
_SIDEWAYS = 2.0  # how much a pixel across counts in units of a pixel along, when stepping


def pickable(points: Points) -> NDArray[np.bool_]:
    """Return which points take part, (N,)."""
    return (points.level >= Level.FADED) & np.isfinite(points.xy).all(axis=1)


def pick(
    points: Points, view: View, position: tuple[float, float], size: float, reach: float
) -> int | None:
    """Return the index of the point meant at a screen position, or None.

    Of the discs that cover the position the one on top, as it is seen; where no disc does, the
    nearest point within `reach`.

    Args:
        points: what is drawn.
        view: from where.
        position: x, y in logical pixels.
        size: diameter of a point of the usual size, logical pixels.
        reach: how far beside a point one may click, logical pixels.
    """
    widest = 1.0 if points.size is None else max(SIZES)
    near, distance = _within(points, view, position, max(reach, widest * size / 2))
    covering = near[distance <= points.radii(near, size)]
    if len(covering):
        return _top(points, covering)
    near, distance = near[distance <= reach], distance[distance <= reach]
    if not len(near):
        return None
    closest = near[distance == distance.min()]
    return _top(points, closest)


def _top(points: Points, index: Indices) -> int:
    """Return which of these points was drawn last: by level, by rank, then by order."""
    shown = points.level[index] == points.level[index].max()
    return int(points.back_to_front(index[shown])[-1])


def _within(
    points: Points, view: View, position: tuple[float, float], reach: float
) -> tuple[Indices, NDArray[np.float64]]:
    """Return the points within `reach` pixels, and their distance in pixels."""
    x = float(view.to_world(position)[0])
    radius = reach / view.scale * 1.001 + abs(x) * 1e-6  # float32 rounds
    # A strip first: comparing one column costs half a millisecond for a million points.
    strip = np.flatnonzero(np.abs(points.xy[:, 0] - np.float32(x)) <= np.float32(radius))
    strip = strip[points.level[strip] >= Level.FADED]
    offset = view.to_screen(points.xy[strip].astype(np.float64)) - position
    distance = np.hypot(offset[:, 0], offset[:, 1])
    inside = distance <= reach
    return strip[inside], distance[inside]


def inside_polygon(xy: NDArray[np.floating], polygon: ArrayLike) -> NDArray[np.bool_]:
    """Return which points (N, 2) lie inside a closed polygon (V, 2), by the even-odd rule.

    A point is inside if a ray from it towards +x crosses the outline an odd number of times
    (Shimrat 1962). Points are put into horizontal strips, so that each looks only at the edges
    that cross its own.
    """
    outline = np.asarray(polygon, np.float64).reshape(-1, 2)
    inside = np.zeros(len(xy), np.bool_)
    if len(outline) < 3:
        return inside
    loops = compiled.kernels() if len(xy) >= _WORTHWHILE else None
    if loops is None or xy.dtype != np.float32:
        return _inside_by_numpy(xy, outline, inside)
    edges = np.hstack([outline, np.roll(outline, -1, axis=0)])
    low, high = outline.min(axis=0), outline.max(axis=0)
    per_unit = _per_unit(low, high)
    starts, which = _edges_by_strip(edges, low[1], per_unit)
    box = np.concatenate([low, high])
    loops.enclose(np.ascontiguousarray(xy), box, per_unit, starts, which, edges, inside)
    return inside


def _per_unit(low: NDArray[np.float64], high: NDArray[np.float64]) -> float:
    return float((_STRIPS - 1) / max(high[1] - low[1], np.finfo(np.float64).tiny * _STRIPS))


def _edges_by_strip(
    edges: NDArray[np.float64], low: float, per_unit: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each strip's edges begin (_STRIPS + 1,), and their numbers, strip by strip."""
    lower, upper = np.minimum(edges[:, 1], edges[:, 3]), np.maximum(edges[:, 1], edges[:, 3])
    # Half a strip more on either side: what is rounded into the next strip is looked at too.
    first = np.clip((lower - low) * per_unit - 0.5, 0, _STRIPS - 1).astype(np.int64)
    last = np.clip((upper - low) * per_unit + 0.5, 0, _STRIPS - 1).astype(np.int64)
    crossed = last - first + 1
    number = np.repeat(np.arange(len(edges)), crossed)
    strip = np.arange(len(number)) - np.repeat(np.cumsum(crossed) - crossed - first, crossed)
    order = np.argsort(strip, kind="stable")
    starts = np.searchsorted(strip[order], np.arange(_STRIPS + 1)).astype(np.int64)
    return starts, number[order].astype(np.int64)


def _inside_by_numpy(
    xy: NDArray[np.floating], outline: NDArray[np.float64], inside: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    low, high = outline.min(axis=0), outline.max(axis=0)
    boxed = _boxed(xy, low, high)
    per_unit = _per_unit(low, high)
    strip = ((xy[boxed, 1] - low[1]) * per_unit).astype(np.uint16)
    order = np.argsort(strip, kind="stable")  # radix sort: linear in the number of points
    boxed, strip = boxed[order], strip[order]
    x, y = xy[boxed, 0].astype(np.float64), xy[boxed, 1].astype(np.float64)
    odd = np.zeros(len(boxed), np.bool_)
    starts, ends = outline, np.roll(outline, -1, axis=0)
    lower, upper = np.minimum(starts[:, 1], ends[:, 1]), np.maximum(starts[:, 1], ends[:, 1])
    # Half a strip more on either side: what is rounded into the next strip is looked at too.
    first = np.searchsorted(strip, (lower - low[1]) * per_unit - 1.5)
    last = np.searchsorted(strip, (upper - low[1]) * per_unit + 1.5)
    for edge in range(len(outline)):
        band = slice(first[edge], last[edge])
        if lower[edge] == upper[edge] or first[edge] == last[edge]:
            continue
        (x0, y0), (x1, y1) = starts[edge], ends[edge]
        # Half-open: a vertex belongs to the edge above it.
        crossed = (y[band] >= lower[edge]) & (y[band] < upper[edge])
        crossed &= x[band] < x0 + (y[band] - y0) * ((x1 - x0) / (y1 - y0))
        odd[band] ^= crossed
    inside[boxed[odd]] = True
    return inside


def _boxed(
    xy: NDArray[np.floating], low: NDArray[np.float64], high: NDArray[np.float64]
) -> Indices:
    """Return the points (N, 2) within a box, column by column: the second looks at few."""
    x = xy[:, 0]
    found = np.flatnonzero((x >= low[0]) & (x <= high[0]))
    y = xy[found, 1]
    boxed: Indices = found[(y >= low[1]) & (y <= high[1])]
    return boxed


def few_in_view(points: Points, view: View, most: int, *, hollow: bool) -> Indices:
    """Return the full or the hollow points on the screen that take part; none if over `most`."""
    corners = view.to_world([(0.0, view.height), (view.width, 0.0)])
    found: Indices = np.empty(0, np.intp)
    # A part can tell already that there are too many, and spares looking at a million points.
    for step in (max(1, len(points) // (50 * most)), 1):
        found = _boxed(points.xy[::step], *corners) * step
        taking_part = (points.level[found] >= Level.FADED) & (points.hollow[found] == hollow)
        found = found[taking_part]
        if len(found) > most:
            return np.empty(0, np.intp)
    return found


def lasso(points: Points, view: View, outline: ArrayLike) -> Indices:
    """Return the points inside an outline (V, 2) drawn on the screen, logical pixels."""
    inside = inside_polygon(points.xy, view.to_world(outline))
    return np.flatnonzero(inside & (points.level >= Level.FADED))


def box(
    points: Points, view: View, first: tuple[float, float], second: tuple[float, float]
) -> Indices:
    """Return the points in the box between two corners on the screen, its edges included."""
    corners = view.to_world([first, second])
    found = _boxed(points.xy, corners.min(axis=0), corners.max(axis=0))
    return found[points.level[found] >= Level.FADED]


def stroke(points: Points, view: View, way: ArrayLike, radius: float) -> Indices:
    """Return the points within `radius` of a way (V, 2) on the screen, logical pixels, V >= 1."""
    corners = np.asarray(way, np.float64).reshape(-1, 2)
    inside = np.zeros(len(points.xy), np.bool_)
    for start, end in zip(corners, corners[1:] if len(corners) > 1 else corners, strict=False):
        low, high = np.minimum(start, end) - radius, np.maximum(start, end) + radius
        near = box(points, view, tuple(low), tuple(high))
        offset = view.to_screen(points.xy[near].astype(np.float64)) - start
        along = end - start
        length = float(along @ along)
        share = np.clip(offset @ along / length, 0, 1) if length else np.zeros(len(near))
        away = offset - share[:, None] * along
        inside[near[(away**2).sum(axis=1) <= radius**2]] = True
    return np.flatnonzero(inside)


def step(
    points: Points, view: View, start: int, direction: tuple[int, int], among: NDArray[np.bool_]
) -> int | None:
    """Return the nearest point in a direction on the screen, or None where there is none.

    Points within 45 degrees of the direction count; those straight ahead are preferred.

    Args:
        points: what is drawn.
        view: from where; only its scale matters, points outside the screen are reached too.
        start: the index to go from.
        direction: (1, 0) right, (-1, 0) left, (0, 1) down, (0, -1) up.
        among: (N,) which points can be stepped to.
    """
    offset = view.to_screen(points.xy.astype(np.float64)) - view.to_screen(
        points.xy[start].astype(np.float64)
    )
    along = offset @ np.array(direction, np.float64)
    across = np.abs(offset @ np.array(direction[::-1], np.float64))
    ahead = among & (along > 0) & (across <= along)
    candidates = np.flatnonzero(ahead & pickable(points))
    if not len(candidates):
        return None
    cost = along[candidates] + _SIDEWAYS * across[candidates]
    return int(candidates[cost.argmin()])
