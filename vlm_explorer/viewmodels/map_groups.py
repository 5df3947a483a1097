"""The names of groups of points, and where the groups lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering.view import View
from vlm_explorer.viewmodels import map_words

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.map_places import Places
    from vlm_explorer.viewmodels.session import Session

_NEARER = 1.25  # zoom, below which names stay coarse
_LARGE = 150.0  # px, the longer side of a group from which on finer names take its place
_ALONE = 1.8  # zoom from which on a finer group that lies in no coarser one has its name
_BODY = (0.05, 0.95)  # quantiles between which a group's body lies; stragglers are left out


@dataclass(frozen=True, slots=True, eq=False)
class GroupName:
    """The name of a group of points.

    Attributes:
        name: its commonest label, or the phrase that it prefers.
        after: how sure that is: the share of members with that label, or the preference.
        count: members.
        x, y: the middle of the group, world coordinates.
        body: x0, y0, x1, y1 of the box around most of its members, world coordinates.
        note: how the group came to its name.
        members: image rows.
        level: 0 for a coarse group, more for finer ones.
        parent: index, among all names, of the coarser group that holds it; -1 where none does.
    """

    name: str
    after: str
    count: int
    x: float
    y: float
    body: tuple[float, float, float, float]
    note: str
    members: NDArray[np.int64]
    level: int = 0
    parent: int = -1


def group_names(session: Session, places: Places) -> tuple[GroupName, ...]:
    """Return the names of the session's groups, as far as their members are known.

    Where a group has no name, those within it belong to the one around it.
    """
    named: list[GroupName] = []
    index = np.full(len(session.groups), -1)
    for number, group in enumerate(session.groups):
        within = int(index[group.parent]) if group.parent >= 0 else -1
        if not group.name or not len(group.members) or group.members[-1] >= len(places.image_xy):
            index[number] = within
            continue
        index[number] = len(named)
        named.append(
            GroupName(
                name=group.name,
                after=map_words.group_figure(group),
                count=group.count,
                x=group.x,
                y=group.y,
                body=_body(places.image_xy[group.members]),
                note=map_words.group_note(group, session),
                members=group.members,
                level=group.level,
                parent=within,
            )
        )
    return tuple(named)


def names_in_view(
    groups: Sequence[GroupName], active: Sequence[bool], view: View, zoom: float
) -> list[GroupName]:
    """Return whose names are to be placed: coarse ones from afar, finer ones from near.

    A group gives way to those within it once it is large on the screen, and they are two at least.

    Args:
        groups: all names, the coarser before those within them.
        active: of each, whether any of its members can be picked.
        view: from where.
        zoom: the view's scale in units of the scale that shows everything.
    """
    within: dict[int, list[int]] = {}
    for number, group in enumerate(groups):
        if active[number]:
            within.setdefault(group.parent, []).append(number)
    chosen: list[GroupName] = []
    waiting = [n for n in within.get(-1, []) if zoom >= _ALONE ** groups[n].level]
    while waiting:
        group, finer = groups[number := waiting.pop()], within.get(number, [])
        side = max(group.body[2] - group.body[0], group.body[3] - group.body[1]) * view.scale
        if zoom >= _NEARER and side >= _LARGE and len(finer) > 1:
            waiting += finer
        else:
            chosen.append(group)
    return chosen


def _body(xy: NDArray[np.float32]) -> tuple[float, float, float, float]:
    placed = xy[np.isfinite(xy).all(axis=1)]
    if not len(placed):
        return (np.nan,) * 4
    low, high = np.quantile(placed.astype(np.float64), _BODY, axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
