"""Nearest neighbours by cosine: exact, or among the likely ones where there are too many points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.jobs import JobContext

Floats = NDArray[np.float32]
Found = tuple[NDArray[np.int32], Floats]

# Cosines held at once: 8 Mi float32 values are 32 MiB, and their order as int64 64 MiB.
_CELLS_AT_ONCE = 1 << 23
# What float32 cannot tell from no distance at all.
_SAME_PLACE = 1e-6
# The approximate search: points a group, groups that are searched, rounds of grouping.
_GROUP_SIZE = 500
_GROUPS_SEARCHED = 10
_ROUNDS = 8
_MOST_CANDIDATES = 30_000
# Exact neighbours of so many points take seconds, and four times that of twice as many.
MOST_FOR_EXACT = 10_000


def nearest_of(vectors: Floats, k: int, seed: int, *, context: JobContext | None = None) -> Found:
    """Return each row's k nearest rows: exact up to `MOST_FOR_EXACT` rows, else approximate."""
    if len(vectors) <= MOST_FOR_EXACT:
        return nearest(vectors, k, context=context)
    return nearest_approximately(vectors, k, seed, context=context)


def nearest(
    vectors: Floats,
    k: int,
    *,
    of: NDArray[np.intp] | None = None,
    context: JobContext | None = None,
) -> Found:
    """Return each row's k nearest rows by cosine distance, itself first.

    Args:
        vectors: float32 (N, D), unit rows (rows of zeros are at distance 1 from all others).
        k: neighbours a row, the row itself counted; 1 to N.
        of: the rows whose neighbours are wanted, among all; by default all N.
        context: told how many rows are done.

    Returns:
        indices int32 (N, k) and distances float32 (N, k) in 0..2, nearest first; equal distances
        in the order of the rows.
    """
    everyone = np.arange(len(vectors))
    wanted = everyone if of is None else of
    count = len(wanted)
    indices, distances = np.empty((count, k), np.int32), np.empty((count, k), np.float32)
    for part in _blocks(np.arange(count), len(vectors)):
        if context is not None:
            context.report(int(part[0]), count, "Finding neighbours")
        indices[part], distances[part] = _best(vectors, wanted[part], everyone, vectors, k)
    return indices, distances


def nearest_approximately(
    vectors: Floats, k: int, seed: int, *, context: JobContext | None = None
) -> Found:
    """Return for each row its nearest rows among those of the groups around it, itself first.

    Points are grouped by spherical k-means, and each is compared with all points of the ten
    nearest groups (an inverted file, as in Jégou et al. 2011). It misses some neighbours whose
    points lie between groups.

    Args:
        vectors: float32 (N, D), unit rows.
        k: neighbours a row, the row itself counted; at most 500 and at most N.
        seed: of the grouping.
        context: told how many rows are done.

    Returns:
        As `nearest`.
    """
    count = len(vectors)
    _, members, around = _grouped(vectors, seed, context)
    indices, distances = np.empty((count, k), np.int32), np.empty((count, k), np.float32)
    done = 0
    for number, own in enumerate(members):
        likely = _candidates(members, around[number], k)
        for rows in _blocks(own, len(likely)):
            if context is not None:
                context.report(done, count, "Finding neighbours")
            among = np.union1d(likely, rows)
            indices[rows], distances[rows] = _best(vectors, rows, among, vectors[among], k)
            done += len(rows)
    return indices, distances


def nearest_among(
    points: Floats, others: Floats, k: int, seed: int, *, context: JobContext | None = None
) -> Found:
    """Return for each of some points its k nearest of others.

    Exact where there are few enough to compare all; else among the groups of others around each
    point's nearest, as in `nearest_approximately`.

    Args:
        points: float32 (M, D), unit rows.
        others: float32 (N, D), unit rows.
        k: neighbours a point; 1 to N.
        seed: of the grouping.
        context: told how many points are done.

    Returns:
        indices int32 (M, k) into `others` and distances float32 (M, k), 1 less the cosine, nearest
        first; equal distances in the order of the others.
    """
    count = len(points)
    indices, distances = np.empty((count, k), np.int32), np.empty((count, k), np.float32)
    if count * len(others) <= MOST_FOR_EXACT**2:
        plan = [(np.arange(count), np.arange(len(others)))]
    else:
        plan = _plan(points, others, k, seed, context)
    done = 0
    for own, likely in plan:
        among = others if len(likely) == len(others) else others[likely]
        for rows in _blocks(own, len(likely)):
            if context is not None:
                context.report(done, count, "Placing the others by their neighbours")
            cosine = points[rows] @ among.T
            found, distances[rows] = _top(cosine, k)
            indices[rows] = likely[found]
            done += len(rows)
    return indices, distances


def weights(distances: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return how much each neighbour counts: from 1 for the nearest down to exp(-3) for the last.

    Args:
        distances: (..., k), the nearest first.
    """
    behind = distances - distances[..., :1]
    return np.asarray(np.exp(-3 * behind / np.maximum(behind[..., -1:], 1e-9)))


def _plan(
    points: Floats, others: Floats, k: int, seed: int, context: JobContext | None
) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return parts of the points, each with the others that are looked through for it."""
    centres, members, around = _grouped(others, seed, context)
    nearest_group = _nearest_centre(points, centres)
    return [
        (np.flatnonzero(nearest_group == number), np.sort(_candidates(members, around[number], k)))
        for number in np.unique(nearest_group)
    ]


def _top(cosine: Floats, k: int) -> Found:
    """Return the k columns with the largest cosines of each row, and their distances."""
    left_out = cosine.shape[1] - k
    found = np.sort(np.argpartition(cosine, left_out, axis=1)[:, left_out:], axis=1)
    distance = 1 - np.take_along_axis(cosine, found, axis=1)
    order = np.argsort(distance, axis=1, kind="stable")
    return (
        np.take_along_axis(found, order, axis=1).astype(np.int32),
        np.take_along_axis(distance, order, axis=1),
    )


def _grouped(
    vectors: Floats, seed: int, context: JobContext | None
) -> tuple[Floats, list[NDArray[np.intp]], NDArray[np.intp]]:
    """Return the centres of groups, each one's rows, and all groups by how near they are to it."""
    groups = max(1, len(vectors) // _GROUP_SIZE)
    centres, group = _group(vectors, groups, np.random.default_rng(seed), context)
    members = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group))[:-1])
    return centres, members, np.argsort(-(centres @ centres.T), axis=1, kind="stable")


def _group(
    vectors: Floats, groups: int, random: np.random.Generator, context: JobContext | None
) -> tuple[Floats, NDArray[np.intp]]:
    """Return the centres of groups, unit rows, and each row's group; none is empty."""
    learnt = vectors[np.sort(random.permutation(len(vectors))[: 50 * groups])]
    centres = learnt[np.sort(random.permutation(len(learnt))[:groups])]
    for done in range(_ROUNDS):
        if context is not None:
            context.report(done, None, "Grouping what is compared")
        group = _nearest_centre(learnt, centres)
        sums = np.zeros_like(centres)
        np.add.at(sums, group, learnt)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(length > 0, sums / np.where(length > 0, length, 1), centres)
    used, group = np.unique(_nearest_centre(vectors, centres), return_inverse=True)
    return centres[used], group


def _nearest_centre(vectors: Floats, centres: Floats) -> NDArray[np.intp]:
    blocks = _blocks(np.arange(len(vectors)), len(centres))
    return np.concatenate([(vectors[rows] @ centres.T).argmax(axis=1) for rows in blocks])


def _candidates(
    members: list[NDArray[np.intp]], around: NDArray[np.intp], k: int
) -> NDArray[np.intp]:
    """Return the rows of the nearest groups, at least k of them, thinned where they are many."""
    chosen = [members[group] for group in around[:_GROUPS_SEARCHED]]
    for group in around[_GROUPS_SEARCHED:]:
        if sum(map(len, chosen)) >= k:
            break
        chosen.append(members[group])
    rows = np.concatenate(chosen)
    return rows[:: -(-len(rows) // _MOST_CANDIDATES)]


def _blocks(rows: NDArray[np.intp], width: int) -> list[NDArray[np.intp]]:
    """Return the rows in blocks whose cosines with `width` others fit into memory."""
    step = max(1, _CELLS_AT_ONCE // max(width, 1))
    return [rows[start : start + step] for start in range(0, len(rows), step)]


def _best(
    vectors: Floats,
    rows: NDArray[np.intp],
    among: NDArray[np.intp],
    among_vectors: Floats,
    k: int,
) -> Found:
    """Return the k nearest of `among` (ascending, `rows` included) for each of `rows`."""
    cosine = vectors[rows] @ among_vectors.T
    own = np.searchsorted(among, rows)
    cosine[np.arange(len(rows)), own] = np.inf
    left_out = len(among) - k
    found = np.sort(np.argpartition(cosine, left_out, axis=1)[:, left_out:], axis=1)
    distance = np.clip(1 - np.take_along_axis(cosine, found, axis=1), 0, 2)
    distance[distance < _SAME_PLACE] = 0
    distance[found == own[:, None]] = -1  # itself first, whatever lies on it
    order = np.argsort(distance, axis=1, kind="stable")
    indices = among[np.take_along_axis(found, order, axis=1)].astype(np.int32)
    return indices, np.take_along_axis(distance, order, axis=1).clip(0)
