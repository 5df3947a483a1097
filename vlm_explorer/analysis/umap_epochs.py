"""The compiled loop of UMAP's layout; importing this module compiles it.

umap-learn moves both ends of a sampled edge at once, in place, so that its loop is either run by
one thread or depends on how threads meet. Here the points are shared out in parts, a fixed number
of them; each part's edges are followed as umap-learn does, on a copy of all places of its own, and
the displacements of all copies are added up after each epoch. Threads can share the parts, and the
result is the same however many there are.

To move each point by itself towards where its neighbours were looks simpler, but is less
trustworthy by a hundredth on small collections: the two ends of an edge must give way to each
other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit  # noqa: TID253 - imported by need only
from numpy.typing import NDArray

_MOST = np.float32(4.0)  # umap-learn's limit of a step in each direction
_NEGATIVES = 5  # umap-learn's negative_sample_rate
# Tables by the upper bits of a float32: its exponent and 7 bits of its fraction. Within a step
# forces differ by 1 %, which is nothing beside the chance in them; a power costs ten times more.
_SHIFT = 16
_SIGNATURE = (
    "void(UniTuple(int64, 2), int64, uint64, float32, float32[::1], float32[::1], int64[::1],"
    "int32[::1], float32[::1], float32[::1], float32[:, ::1])"
)


def forces(a: float, b: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return UMAP's attraction and repulsion by the upper bits of the squared distance.

    With the membership 1 / (1 + a d^(2 b)) on the map, the gradients of the cross entropy are
    -2 a b d^(2 b - 2) / (1 + a d^(2 b)) and 2 b / ((0.001 + d^2) (1 + a d^(2 b))), to be
    multiplied by the difference of the places (McInnes et al. 2018, section 3.2).

    Returns:
        Two float32 (32768,), at the middle of each step.
    """
    bits = (np.arange(1 << (31 - _SHIFT), dtype=np.uint32) << _SHIFT) | (1 << (_SHIFT - 1))
    largest = np.float32(np.finfo(np.float32).max)
    square = np.minimum(bits, largest.view(np.uint32)).view(np.float32).astype(np.float64)
    power = a * square**b
    pull = -2 * b * power / (square * (1 + power))
    push = 2 * b / ((0.001 + square) * (1 + power))
    least = np.finfo(np.float32).min
    return pull.clip(least).astype(np.float32), push.astype(np.float32)


def _move(part, epoch, seed, alpha, pull, push, indptr, indices, every, due, places):  # type: ignore[no-untyped-def]  # noqa: ANN202, ANN001
    """Follow the edges of the points `part` (first, last) by one epoch.

    Args:
        epoch: from 1.
        seed: of the random numbers.
        alpha: how far, 1 at first and 0 at last.
        pull, push: from `forces`.
        indptr, indices: the neighbours of each point, as in a CSR matrix; symmetric.
        every: in how many epochs an edge is due once.
        due: when it is due next; changed.
        places: (N, 2); changed, also outside the part.
    """
    count = len(places)
    for i in range(part[0], part[1]):
        x, y = places[i, 0], places[i, 1]
        # splitmix64 (Steele, Lea and Flood 2014): one stream a point and epoch
        state = seed + np.uint64(i) * np.uint64(0xD1342543DE82EF95)
        state += np.uint64(epoch) * np.uint64(0xAF251AF3B0F025B5)
        for at in range(indptr[i], indptr[i + 1]):
            if due[at] > epoch:
                continue
            due[at] += every[at]
            j = indices[at]
            dx, dy = x - places[j, 0], y - places[j, 1]
            square = np.float32(dx * dx + dy * dy)
            if square > 0:
                force = pull[square.view(np.int32) >> _SHIFT]
                step_x = alpha * min(max(force * dx, -_MOST), _MOST)
                step_y = alpha * min(max(force * dy, -_MOST), _MOST)
                x += step_x
                y += step_y
                places[j, 0] -= step_x
                places[j, 1] -= step_y
            for _ in range(_NEGATIVES):
                state += np.uint64(0x9E3779B97F4A7C15)
                bits = state
                bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                k = np.int64((bits >> np.uint64(33)) % np.uint64(count))
                dx, dy = x - places[k, 0], y - places[k, 1]
                square = np.float32(dx * dx + dy * dy)
                if k != i and square > 0:
                    force = push[square.view(np.int32) >> _SHIFT]
                    x += alpha * min(max(force * dx, -_MOST), _MOST)
                    y += alpha * min(max(force * dy, -_MOST), _MOST)
        places[i, 0], places[i, 1] = x, y


def _compiled() -> Any:
    options: dict[str, Any] = {"nogil": True, "fastmath": {"nsz", "arcp", "contract", "afn"}}
    try:
        return njit(_SIGNATURE, cache=True, **options)(_move)
    except (RuntimeError, OSError):  # there is no folder that it could be kept in
        return njit(_SIGNATURE, **options)(_move)


move = _compiled()
