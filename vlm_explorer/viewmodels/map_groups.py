"""The names of groups of points, and where the groups lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.viewmodels import map_words

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.map_places import Places
    from vlm_explorer.viewmodels.session import Session

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
    """

    name: str
    after: str
    count: int
    x: float
    y: float
    body: tuple[float, float, float, float]
    note: str
    members: NDArray[np.int64]


def group_names(session: Session, places: Places) -> tuple[GroupName, ...]:
    """Return the names of the session's groups, as far as their members are known."""
    return tuple(
        GroupName(
            name=group.name,
            after=map_words.group_figure(group),
            count=group.count,
            x=group.x,
            y=group.y,
            body=_body(places.image_xy[group.members]),
            note=map_words.group_note(group, session),
            members=group.members,
        )
        for group in session.groups
        if group.name and len(group.members) and group.members.max() < len(places.image_xy)
    )


def _body(xy: NDArray[np.float32]) -> tuple[float, float, float, float]:
    placed = xy[np.isfinite(xy).all(axis=1)]
    if not len(placed):
        return (np.nan,) * 4
    low, high = np.quantile(placed.astype(np.float64), _BODY, axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
