"""Groups on the map at several levels: a few coarse ones, and finer ones within them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.groups import Group, Labels, assign, describe

# The least share of all points that a group of each level has; and the least number.
SHARES = (0.06, 0.02, 0.006)
_SMALLEST = 5
_SAME = 0.85  # of two groups' members that are common to both, from which on they are one
_WITHIN = 0.6  # of a group's members in a coarser one, from which on it belongs to that

Codes = NDArray[np.int16]


def assign_levels(xy: NDArray[np.float32]) -> Codes:
    """Find groups by HDBSCAN (Campello et al. 2013) in the plane, once a level.

    The hierarchy is the same at all levels, but for the least size of a group.

    Args:
        xy: float32 (N, 2), places on the map.

    Returns:
        int16 (levels, N): each point's number of group, -1 for none. The same input gives the same
        groups. Beyond `groups.MOST_POINTS` they are found among every n-th point.
    """
    codes = np.full((len(SHARES), len(xy)), -1, np.int16)
    for level, share in enumerate(SHARES):
        smallest = max(_SMALLEST, round(share * len(xy)))
        if len(xy) >= 2 * smallest:
            codes[level] = assign(xy, smallest, fine=level > 0)
    return codes


def groups_of(xy: NDArray[np.float32], labels: Sequence[str], codes: Codes) -> list[Group]:
    """Return the groups of all levels, the coarser first, at each level the largest first.

    A finer group that is a coarser one over again is left out.

    Args:
        xy: float32 (N, 2).
        labels: N labels, the commonest of which names a group; an empty one has no say.
        codes: int16 (levels, N), as `assign_levels` gives them.
    """
    numbered = Labels(labels)
    groups: list[Group] = []
    finest = np.full(len(xy), -1, np.intp)  # the finest group so far that holds each point
    for level, assigned in enumerate(codes):
        fresh = []
        for group in describe(xy, numbered, assigned, level):
            parent, common = _parent(finest[group.members])
            if parent < 0 or common < _SAME * max(group.count, groups[parent].count):
                within = parent if common >= _WITHIN * group.count else -1
                fresh.append(replace(group, parent=within))
        for group in fresh:
            finest[group.members] = len(groups)
            groups.append(group)
    return groups


def _parent(holders: NDArray[np.intp]) -> tuple[int, int]:
    """Return the group that holds most of some points, and how many; -1 where none does."""
    held = holders[holders >= 0]
    if not len(held):
        return -1, 0
    counts = np.bincount(held)
    return int(counts.argmax()), int(counts.max())
