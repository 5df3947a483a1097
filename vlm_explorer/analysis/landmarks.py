"""Some points stand for many: they are laid out, and the others placed by their neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.neighbours import Found, nearest_among, weights
from vlm_explorer.analysis.similarity import Vectors, unit
from vlm_explorer.jobs import JobContext

Plane = NDArray[np.float32]

LANDMARKS = 200_000  # points that are laid out at most; the others are placed by their neighbours
NEIGHBOURS = 15  # that share in a point's place
_ROUNDS = 12  # of Weiszfeld's iteration
_ROWS_AT_ONCE = 65_536
_SAME_SPOT = 1e-3  # of the map's extent


def choose_landmarks(images: int, texts: int, seed: int) -> NDArray[np.bool_]:
    """Return which points are laid out, images first, bool (images + texts,).

    All up to `LANDMARKS`; of more a seeded sample of that size, images and texts in proportion.
    """
    points = images + texts
    if points <= LANDMARKS:
        return np.ones(points, np.bool_)
    random = np.random.default_rng(seed)
    of_images = round(LANDMARKS * images / points)
    chosen = np.zeros(points, np.bool_)
    chosen[random.choice(images, of_images, replace=False)] = True
    chosen[images + random.choice(texts, LANDMARKS - of_images, replace=False)] = True
    return chosen


def place_by_neighbours(
    points: Vectors,
    others: Vectors,
    xy: Plane,
    k: int = NEIGHBOURS,
    *,
    seed: int = 0,
    context: JobContext | None = None,
) -> Plane:
    """Return where points lie on a map of others: among the k others most similar to each.

    Args:
        points: (M, D) unit rows.
        others: (N, D) unit rows, N at least 1 unless M is 0.
        xy: float32 (N, 2), where the others lie.
        k: how many of them share in a point's place.
        seed: of the search where there are too many to compare all.
        context: told how many points are done.

    Returns:
        float32 (M, 2).
    """
    if not len(points):
        return np.zeros((0, 2), np.float32)
    k = min(k, len(others))
    return settle(nearest_among(unit(points), unit(others), k, seed, context=context), xy)


def settle(found: Found, xy: Plane) -> Plane:
    """Return the weighted geometric median of the places of each point's neighbours.

    Neighbours count by `neighbours.weights`. A mean would put a point whose neighbours lie in two
    groups between the groups, where nothing like it lies; the median (Weiszfeld 1937) puts it into
    the group that holds more of their weight.

    Args:
        found: indices (M, k) into `xy` and cosine distances (M, k), nearest first.
        xy: float32 (N, 2).

    Returns:
        float32 (M, 2).
    """
    indices, distances = found
    nearness = float(np.ptp(xy, axis=0).max()) * _SAME_SPOT if len(xy) else 0.0
    places = np.empty((len(indices), 2), np.float32)
    for start in range(0, len(indices), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        weight = weights(distances[rows]).astype(np.float32)
        places[rows] = _median(xy[indices[rows]], weight, max(nearness, 1e-12))
    return places


def _median(
    xy: NDArray[np.float32], weight: NDArray[np.float32], nearness: float
) -> NDArray[np.float32]:
    """Return the geometric median of each row of places, (M, k, 2), by their weights, (M, k)."""
    share = weight
    for _ in range(_ROUNDS):
        share = share / share.sum(axis=1, keepdims=True)
        middle = (share[:, :, None] * xy).sum(axis=1)
        away = np.linalg.norm(xy - middle[:, None], axis=2)
        share = weight / np.maximum(away, nearness)
    return np.asarray(middle, np.float32)
