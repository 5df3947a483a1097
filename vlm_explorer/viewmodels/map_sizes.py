"""What the sizes of points stand for: a column of numbers, in a few steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.rendering.points import SIZES
from vlm_explorer.viewmodels.map_ramp import STEPS, RampStyle, ramp_codes

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.columns import Column


@dataclass(frozen=True, slots=True, eq=False)
class Sizing:
    """A size for each image, and what the sizes mean.

    Attributes:
        by: key of the column.
        codes: uint8 (N,), indices into `SIZES`; what has no value has the smallest.
        title, unit: of the values.
        low, high: values that have the smallest and the largest size; beyond them as well.
        clipped, clipped_above: whether there are values below `low`, above `high`.
        missing: how many images have no value.
    """

    by: str
    codes: NDArray[np.uint8]
    title: str
    unit: str
    low: float
    high: float
    clipped: bool
    clipped_above: bool
    missing: int


def sizing_of(column: Column) -> Sizing:
    """Return the sizes of a column of numbers: diameters grow evenly with the values."""
    steps, ramp = ramp_codes(column, RampStyle(plain=True))
    last = len(SIZES) - 1
    size_of_step = np.rint((np.arange(STEPS) - 1) / (STEPS - 2) * (last - 1)).clip(0) + 1
    return Sizing(
        column.key, size_of_step.astype(np.uint8)[steps], ramp.title, ramp.unit, ramp.low,
        ramp.high, ramp.clipped, ramp.clipped_above, ramp.missing,
    )  # fmt: skip
