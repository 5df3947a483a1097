"""The curves of the checks, as what is drawn: lines, a band, numbers at the ends. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.saliency.check_randomise import LIKE_BEFORE
from vlm_explorer.saliency.check_words import doubts, finding, number

if TYPE_CHECKING:
    from vlm_explorer.saliency.check_deletion import DeletionCurves
    from vlm_explorer.saliency.check_randomise import Randomisation

Floats = NDArray[np.float64]

_READING = (
    "Of a faithful map the deletion lies below the random orders, and the insertion, read from the "
    "right, above. The band is one standard deviation either side of the random orders' mean."
)


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A line: float64 (n,) each; told from others by colour and by its dashes."""

    name: str
    x: Floats
    y: Floats
    dashed: bool = False
    dots: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """An area between two lines, behind the curves."""

    name: str
    x: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """What a small plot shows.

    Attributes:
        title: what it is, with the unit of its height.
        x_low, x_high: words at the ends of the lower side.
        low, high: range of the height.
        curves: drawn in this order, with the colours of the first categories.
        band: behind them.
        words: the whole in a sentence, for those who cannot see it.
    """

    title: str
    x_low: str
    x_high: str
    low: float
    high: float
    curves: tuple[Curve, ...]
    band: Band
    words: str

    def label(self, value: float) -> str:
        """Return a height in words."""
        return number(value)


def deletion_plot(found: DeletionCurves) -> Plot:
    """Return the score by the share of patches hidden, beside random orders.

    Insertion goes from the right to the left, so that one band of chance is that of both: a
    faithful map's deletion lies below it, its insertion above.
    """
    mean, spread = found.random.mean(axis=0), found.random.std(axis=0, ddof=1)
    curves = (
        Curve("deletion", found.fractions, found.deletion),
        Curve("insertion", 1 - found.fractions[::-1], found.insertion[::-1], dashed=True),
    )
    band = Band("random", found.fractions, mean - spread, mean + spread)
    heights = np.concatenate([found.deletion, found.insertion, band.low, band.high])
    return Plot(
        "Cosine, by patches hidden",
        "0 %",
        "100 % hidden",
        float(heights.min()),
        float(heights.max()),
        curves,
        band,
        " ".join([*doubts(found), finding(found), _READING]),
    )


def randomisation_plot(found: Randomisation) -> Plot:
    """Return how alike the map stays, stage by stage, beside what is as it should be."""
    stages = np.arange(len(found.rhos), dtype=np.float64)
    ends = stages[[0, -1]]
    limit = np.full(2, LIKE_BEFORE)
    judged = f" Judged at {found.stages[1 + found.deep]}."
    return Plot(
        "ρ with the map, weights to noise",
        "none",
        f"to {found.stages[-1]}",
        min(-LIKE_BEFORE, float(np.nanmin(found.rhos))),
        1.0,
        (Curve("ρ", stages, np.array(found.rhos), dots=True),),
        Band(f"below {LIKE_BEFORE} either way", ends, -limit, limit),
        " ".join([*doubts(found), finding(found)]) + judged,
    )
