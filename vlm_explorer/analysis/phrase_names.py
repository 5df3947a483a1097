"""Names of groups of images out of a bank of phrases: what a group's images prefer to the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.similarity import Vectors

_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True)
class PhraseName:
    """The phrase that fits a group best.

    Attributes:
        phrase: row of the phrases.
        preference: mean cosine of the group's images with it, less that of all other images.
        lead: by how much the preference for it exceeds that for the next phrase.
    """

    phrase: int
    preference: float
    lead: float


def name_groups(
    images: Vectors, groups: Sequence[NDArray[np.integer]], phrases: NDArray[np.float32]
) -> list[PhraseName | None]:
    """Name groups of images.

    The cosine itself would name them all alike: some phrases are near to every image. What tells
    a group apart is how much nearer it is than the others are, for one and the same phrase.

    Args:
        images: (N, D) unit rows.
        groups: the members of each group, rows of `images`; groups may overlap.
        phrases: float32 (P, D), unit rows.

    Returns:
        One name a group; None where there is nothing to prefer: no members, no other images, no
        phrases, or none that is preferred at all.
    """
    total = _sum(images, np.arange(len(images)))
    return [_name(images, np.asarray(group), total, phrases) for group in groups]


def _name(
    images: Vectors,
    members: NDArray[np.integer],
    total: NDArray[np.float64],
    phrases: NDArray[np.float32],
) -> PhraseName | None:
    others = len(images) - len(members)
    if not len(members) or not others or not len(phrases):
        return None
    inside = _sum(images, members)
    # A mean of cosines is the cosine with the mean, up to its length, which is thus left as it is.
    apart = inside / len(members) - (total - inside) / others
    preference = phrases.astype(np.float64) @ apart
    order = np.argsort(-preference, kind="stable")
    best = float(preference[order[0]])
    if best <= 0:
        return None
    second = float(preference[order[1]]) if len(order) > 1 else 0.0
    return PhraseName(int(order[0]), best, best - second)


def _sum(images: Vectors, rows: NDArray[np.integer]) -> NDArray[np.float64]:
    total = np.zeros(images.shape[1])
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        block = np.asarray(images[rows[start : start + _ROWS_AT_ONCE]], np.float32)
        total += block.sum(axis=0, dtype=np.float64)
    return total
