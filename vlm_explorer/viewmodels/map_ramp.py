"""The scale of a column of numbers: where it begins and ends, and which step each value has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.viewmodels.score_columns import SIMILARITY

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.columns import Column

STEPS = 256  # codes: 0 is "no value", 1 to 255 are the steps of the scale
MISSING = 0
BINS = 51  # of the histogram in the legend: five steps each
_TAIL = 0.02  # share of the values that may lie beyond an end of the scale
_SAMPLE = 100_000  # values that stand for all where the ends are looked for
_LONG = 1.5  # a tail is cut where the scale would be that much longer with it

SEQUENTIAL, DIVERGING = "sequential", "diverging"


@dataclass(frozen=True, slots=True)
class RampStyle:
    """How the user wants a scale.

    Attributes:
        palette: its name, see `rendering.palettes`; "": the usual one.
        centre: around which number the scale diverges; None: as the column says.
        plain: whether the scale runs from low to high even where the column has a centre.
    """

    palette: str = ""
    centre: float | None = None
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Ramp:
    """A scale of values: what lies outside `low` to `high` has the end's colour.

    Attributes:
        title: what the values are.
        clipped, clipped_above: whether there are values below `low`, above `high`.
        unit: of the values; may be empty.
        centre: around which number the scale diverges; None where it does not.
        palette: name of the colours, "" for the usual ones.
        counts: how many images there are by fifths of a hundred steps, low to high.
        missing: how many images have no value.
        note: what the values are, in a sentence; may be empty.
    """

    title: str
    low: float
    high: float
    clipped: bool
    clipped_above: bool = False
    unit: str = ""
    centre: float | None = None
    palette: str = ""
    counts: tuple[int, ...] = ()
    missing: int = 0
    note: str = ""

    def place(self, value: float) -> float:
        """Return where a value lies on the scale, 0 to 1."""
        span = self.high - self.low
        return min(max((value - self.low) / span, 0.0), 1.0) if span > 0 else 1.0


def ramp_codes(column: Column, style: RampStyle) -> tuple[NDArray[np.uint8], Ramp]:
    """Return a column of numbers as steps of a scale, and the scale.

    Without a centre the scale runs from the lowest to the highest value, but for long tails; with
    one it reaches as far on both sides, so that equal colours are equal distances.
    """
    values = column.values
    known = np.isfinite(values)
    whole = bool(known.all())
    low, high, least, most = _ends(values if whole else values[known], column.key == SIMILARITY)
    centre = None if style.plain else column.centre if style.centre is None else style.centre
    if centre is not None:
        reach = max(high - centre, centre - low)
        low, high = centre - reach, centre + reach
    codes = _codes(values, low, high, centre)
    if not whole:
        codes[~known] = MISSING
    by_code = np.bincount(codes, minlength=STEPS)
    counts = by_code[1:].reshape(BINS, -1).sum(axis=1)
    return codes, Ramp(
        title=column.title,
        low=low,
        high=high,
        clipped=least < low,
        clipped_above=most > high,
        unit=column.unit,
        centre=centre,
        palette=style.palette,
        counts=tuple(counts.tolist()),
        missing=int(by_code[MISSING]),
        note=column.note,
    )


def _codes(
    values: NDArray[np.float64], low: float, high: float, centre: float | None
) -> NDArray[np.uint8]:
    """Return the nearest step of each value, 1 to STEPS - 1; of one that is not finite any."""
    last = STEPS - 2
    if high <= low:  # all are one value: the middle of a diverging scale, the end of another
        return np.full(len(values), 1 + (last if centre is None else last // 2), np.uint8)
    with np.errstate(invalid="ignore"):
        steps = values - low
        steps *= last / (high - low)
        steps += 1.5  # rounds: the cast cuts
        np.clip(steps, 1.0, last + 1.0, out=steps)
        return steps.astype(np.uint8)


def _ends(known: NDArray[np.float64], similarity: bool) -> tuple[float, float, float, float]:
    """Return where the scale begins and ends, and the least and the highest value."""
    if not len(known):
        return 0.0, 1.0, 0.0, 1.0
    least, most = float(known.min()), float(known.max())
    some = known[:: max(1, len(known) // _SAMPLE)]
    inner = [float(end) for end in np.quantile(some, (_TAIL, 1 - _TAIL))]
    if similarity:  # half the scale would be lost to the few lowest values; the highest matter
        return inner[0], most, least, most
    low, high = least, most
    body = inner[1] - inner[0]
    if body > 0 and inner[0] - least > (_LONG - 1) * body:
        low = inner[0]
    if body > 0 and most - inner[1] > (_LONG - 1) * body:
        high = inner[1]
    return low, high, least, most
