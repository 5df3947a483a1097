"""Names of groups of images out of a bank of phrases: what a group's images prefer to the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.similarity import Vectors

_ROWS_AT_ONCE = 16_384
_CLEAR = 0.5  # standard deviations
_MOST = 2 / 3  # of a group's images bear its name
_FEW = 4096  # images by which a standard deviation is known well enough


@dataclass(frozen=True, slots=True)
class PhraseName:
    """The phrase that fits a group best.

    Attributes:
        phrase: row of the phrases.
        preference: mean cosine of the group's images with it, less that of all other images; of a
            group within another, less that of the rest of it, if that is less of a difference.
        lead: by how much the preference for it exceeds that for the next phrase.
    """

    phrase: int
    preference: float
    lead: float


def name_groups(
    images: Vectors,
    groups: Sequence[NDArray[np.integer]],
    phrases: NDArray[np.float32],
    within: Sequence[NDArray[np.integer] | None] | None = None,
) -> list[PhraseName | None]:
    """Name groups of images.

    The cosine itself would name them all alike: some phrases are near to every image. What tells
    a group apart is how much nearer it is than the others are, for one and the same phrase. A group
    within another has to be told apart from the rest of that as well, clearly: by half a standard
    deviation of its images (Cohen's d). Else it would bear the name of what holds it. And the name
    has to be that of most of its images, two thirds, rather than of a part that shows it strongly:
    these are nearer to the phrase than halfway from the mean of the others to the group's own.

    Args:
        images: (N, D) unit rows.
        groups: the members of each group, rows of `images`; groups may overlap.
        phrases: float32 (P, D), unit rows.
        within: of each group the members of the one that holds it, or None.

    Returns:
        One name a group; None where there is nothing to prefer (no members, no other images, no
        phrases, or none that is preferred at all), or where the name is not that of most.
    """
    holders = within if within is not None else [None] * len(groups)
    total = _sum(images, np.arange(len(images))), len(images)
    sums: dict[int, tuple[NDArray[np.float64], int]] = {}
    named: list[PhraseName | None] = []
    for members, holder in zip(groups, holders, strict=True):
        inside = _sum(images, np.asarray(members)), len(members)
        apart = _apart(inside, total)
        if apart is None or not len(phrases):
            named.append(None)
            continue
        preference = phrases.astype(np.float64) @ apart
        if holder is not None and len(holder) > len(members):
            if id(holder) not in sums:
                sums[id(holder)] = _sum(images, np.asarray(holder)), len(holder)
            common = np.intersect1d(members, holder)
            shared = inside if len(common) == len(members) else (_sum(images, common), len(common))
            nearer = _apart(shared, sums[id(holder)])
            if nearer is not None:
                preference = np.minimum(preference, phrases.astype(np.float64) @ nearer)
        name = _best(preference)
        if name is not None:
            phrase = phrases[name.phrase]
            clear = holder is None or _is_clear(images, holder, phrase, name.preference)
            if not clear or not _is_of_most(images, members, inside, total, phrase):
                name = None
        named.append(name)
    return named


_Sum = tuple[NDArray[np.float64], int]


def _apart(inside: _Sum, total: _Sum) -> NDArray[np.float64] | None:
    """Return the mean of some vectors less the mean of the others; None where one is missing.

    A mean of cosines is the cosine with the mean, up to its length, which is thus left as it is.
    """
    others = total[1] - inside[1]
    if not inside[1] or not others:
        return None
    return np.asarray(inside[0] / inside[1] - (total[0] - inside[0]) / others)


def _best(preference: NDArray[np.float64]) -> PhraseName | None:
    order = np.argsort(-preference, kind="stable")
    best = float(preference[order[0]])
    if best <= 0:
        return None
    second = float(preference[order[1]]) if len(order) > 1 else 0.0
    return PhraseName(int(order[0]), best, best - second)


def _is_clear(
    images: Vectors, holder: NDArray[np.integer], phrase: NDArray[np.float32], preference: float
) -> bool:
    """Whether a preference is more than half of what the cosines of its surroundings vary by."""
    return preference > _CLEAR * float(_some_cosines(images, holder, phrase).std())


def _is_of_most(
    images: Vectors,
    members: NDArray[np.integer],
    inside: _Sum,
    total: _Sum,
    phrase: NDArray[np.float32],
) -> bool:
    """Whether most members are nearer to a phrase than halfway from the rest to their mean."""
    own, other = (
        float(phrase @ mean)
        for mean in (inside[0] / inside[1], (total[0] - inside[0]) / (total[1] - inside[1]))
    )
    near = _some_cosines(images, members, phrase) > (own + other) / 2
    return float(near.mean()) >= _MOST


def _some_cosines(
    images: Vectors, rows: NDArray[np.integer], phrase: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the cosines of a phrase with rows of images, with every n-th of very many."""
    some = np.asarray(rows)[:: max(1, len(rows) // _FEW)]
    return np.asarray(np.asarray(images[some], np.float32) @ phrase, np.float32)


def _sum(images: Vectors, rows: NDArray[np.integer]) -> NDArray[np.float64]:
    total = np.zeros(images.shape[1])
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        block = np.asarray(images[rows[start : start + _ROWS_AT_ONCE]], np.float32)
        total += block.sum(axis=0, dtype=np.float64)
    return total
