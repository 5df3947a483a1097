"""Groups of points on the map, each named by the label that most of its members carry.

Groups of images without labels are named by phrases later, see `phrase_names`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.phrase_names import PhraseName

# Beyond this, groups are found among every n-th point and the others join the nearest of them.
MOST_POINTS = 10_000
_SMALLEST_GROUP = 5


@dataclass(frozen=True, slots=True)
class Group:
    """A group of points that lie together on the map.

    Attributes:
        name: the commonest label among its labelled members; "" where none is labelled.
        share: members with that label over all members, 0 to 1.
        count: members.
        x: where its name stands, across: the place of the member nearest to the group's median.
        y: the same, along the other axis.
        members: int64 (count,), rows of the map, ascending.
        preferred: where the name is a phrase, how far the members prefer it; None for a label.
        level: 0 for coarse groups, more for finer ones.
        parent: index, among the groups found together, of the coarser one that holds most of its
            members; -1 where there is none.
    """

    name: str
    share: float
    count: int
    x: float
    y: float
    members: NDArray[np.int64]
    preferred: PhraseName | None = None
    level: int = 0
    parent: int = -1


def group_points(
    xy: NDArray[np.float32], labels: Sequence[str], *, smallest_share: float = 0.02
) -> list[Group]:
    """Find groups on the map by HDBSCAN (Campello et al. 2013) and name them.

    Args:
        xy: float32 (N, 2), places on the map.
        labels: N labels; an empty one counts as a member without a say.
        smallest_share: a group has at least this share of all points, and at least 5.

    Returns:
        Groups, largest first; points between groups are in none. The same input gives the same
        groups.
    """
    smallest = max(_SMALLEST_GROUP, round(smallest_share * len(xy)))
    if len(xy) < 2 * smallest:
        return []
    return describe(xy, Labels(labels), assign(xy, smallest))


def assign(xy: NDArray[np.float32], smallest: int, *, fine: bool = False) -> NDArray[np.intp]:
    """Return each point's number of group, -1 for none.

    Args:
        xy: float32 (N, 2), places on the map.
        smallest: a group has at least so many points.
        fine: whether the leaves of the hierarchy are wanted, rather than what lasts longest in it.
    """
    from sklearn.cluster import HDBSCAN

    step = -(-len(xy) // MOST_POINTS)
    chosen = np.asarray(xy[::step], np.float64)
    smallest = max(_SMALLEST_GROUP, smallest // step)
    if np.ptp(chosen, axis=0).max() == 0:
        return np.full(len(xy), -1)
    finder = HDBSCAN(
        min_cluster_size=smallest,
        min_samples=_SMALLEST_GROUP,
        cluster_selection_method="leaf" if fine else "eom",
        copy=True,
    )
    found = np.asarray(finder.fit_predict(chosen))
    if step == 1:
        return found
    from scipy.spatial import cKDTree

    return np.asarray(found[cKDTree(chosen).query(xy)[1]])


class Labels:
    """Labels of points, numbered, so that those of a group are counted by numpy."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._names = sorted(set(labels))
        number = {name: place for place, name in enumerate(self._names)}
        self._numbers = np.fromiter((number[label] for label in labels), np.intp, len(labels))

    def commonest(self, members: NDArray[np.intp]) -> tuple[str, int]:
        """Return the commonest label of some points, of equals the first in the alphabet.

        Empty labels have no say; where all are empty, it is "", and 0 have it.
        """
        votes = np.bincount(self._numbers[members], minlength=len(self._names))
        if self._names and self._names[0] == "":
            votes[0] = 0
        best = int(votes.argmax())
        return (self._names[best], int(votes[best])) if votes[best] else ("", 0)


def describe(
    xy: NDArray[np.float32], labels: Labels, assigned: NDArray[np.integer], level: int = 0
) -> list[Group]:
    """Return the groups of a level with their names and places, the largest first.

    Args:
        xy: float32 (N, 2).
        labels: of the N points.
        assigned: (N,), each point's number of group, -1 for none.
        level: of all these groups.
    """
    groups = []
    for number in range(int(assigned.max(initial=-1)) + 1):
        members = np.flatnonzero(assigned == number)
        name, votes = labels.commonest(members)
        places = xy[members].astype(np.float64)
        offsets = places - np.median(places, axis=0)
        x, y = places[np.argmin((offsets**2).sum(axis=1))].tolist()
        share = votes / len(members)
        groups.append(Group(name, share, len(members), x, y, members.astype(np.int64), level=level))
    return sorted(groups, key=lambda group: (-group.count, int(group.members[0])))
