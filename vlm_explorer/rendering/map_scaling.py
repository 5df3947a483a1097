"""Which raw values of a saliency map the ends of its colours stand for. No Qt here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Scaling = Literal["raw", "minmax", "percentile", "symmetric", "shared"]
SCALINGS: tuple[Scaling, ...] = get_args(Scaling)

FLAT = 1e-6  # a spread below this share of the largest value is noise, not signal
_PERCENTILES = (1.0, 99.0)


@dataclass(frozen=True, slots=True)
class Limits:
    """The ends of the colours.

    Attributes:
        low, high: raw values; those beyond get the colour of the end.
        diverging: whether the colours run both ways from a neutral zero.
        flat: whether there is no signal, so that colours would only stretch noise.
    """

    low: float
    high: float
    diverging: bool
    flat: bool = False

    def strengths(self, values: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return where values lie on the colours, 0 to 1; NaN stays NaN."""
        span = self.high - self.low
        if span <= 0:
            return np.where(np.isnan(values), np.nan, 0.0)
        return np.asarray(np.clip((values - self.low) / span, 0.0, 1.0))


def limits(
    maps: Sequence[NDArray[np.floating]], *, signed: bool, scaling: Scaling = "minmax"
) -> Limits:
    """Return the ends of the colours for one map, or one range for several that are compared.

    Args:
        maps: raw values of any shape; NaN where nothing is known.
        signed: values below zero mean the opposite: the range is symmetric, whatever the scaling.
        scaling: `raw` from zero to the greatest value; `minmax` from the least to the greatest;
            `percentile` from the 1st to the 99th; `symmetric` as far below zero as above;
            `shared` as `raw`, the name for several maps.
    """
    values = np.concatenate([np.asarray(each, np.float64).ravel() for each in maps])
    values = values[np.isfinite(values)]
    if not values.size:
        return Limits(0.0, 0.0, signed, flat=True)
    least, greatest = float(values.min()), float(values.max())
    largest = max(abs(least), abs(greatest))
    flat = greatest - least <= FLAT * largest or largest == 0
    if signed or scaling == "symmetric":
        if scaling == "percentile":
            largest = float(np.percentile(np.abs(values), _PERCENTILES[1])) or largest
        return Limits(-largest, largest, diverging=True, flat=flat)
    if scaling == "percentile":
        low, high = (float(each) for each in np.percentile(values, _PERCENTILES))
        if high > low:
            return Limits(low, high, diverging=False, flat=flat)
    if scaling in ("raw", "shared"):
        return Limits(min(least, 0.0), max(greatest, 0.0), diverging=False, flat=flat)
    return Limits(least, greatest, diverging=False, flat=flat)
