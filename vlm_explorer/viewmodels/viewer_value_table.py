"""Grey values as places in a table, so that any window costs one look-up a pixel. No Qt.

A window is worked out once for each entry of the table (65,536 at most), not for each pixel of a
radiograph, whatever its function: LINEAR, SIGMOID, or a VOI LUT. The entries are the very values
of the pixels, so that the picture is bit for bit that of `render_frame`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ENTRIES = 1 << 16  # of a table: what 16 bits can point at


@dataclass(frozen=True, slots=True, eq=False)
class ValueTable:
    """A picture's values in two parts: `entries[places]`.

    Attributes:
        entries: float32 (n,), ascending; between the values that occur lie others, for the means
            of several pixels.
        places: uint16 (rows, columns).
    """

    entries: NDArray[np.float32]
    places: NDArray[np.uint16]


def tabulate(values: NDArray[Any], stored: NDArray[Any] | None = None) -> ValueTable | None:
    """Return the table of a picture's values; None where it has too many or too odd ones.

    Args:
        values: float32 (rows, columns), finite modality values.
        stored: the whole numbers that they were made of; None where equal to `values`.
    """
    keys = values if stored is None else stored
    if keys.size == 0 or (keys.dtype.kind == "f" and not np.array_equal(keys, np.rint(keys))):
        return None
    lowest, highest = float(keys.min()), float(keys.max())
    if highest - lowest >= _ENTRIES:
        return None
    span = int(highest - lowest)
    steps = (_ENTRIES - 1) // max(span, 1)  # room for means between neighbouring values
    exact = {"f": np.float32}.get(keys.dtype.kind, np.int32 if keys.itemsize <= 2 else np.int64)
    whole = np.subtract(keys, keys.dtype.type(lowest), dtype=exact).astype(np.uint16)
    places = whole * np.uint16(steps)
    if stored is None:
        entries = lowest + np.arange(span * steps + 1) / steps
        return ValueTable(entries.astype(np.float32), places)
    entries_of_stored = _entries(values, whole, span, steps)
    return None if entries_of_stored is None else ValueTable(entries_of_stored, places)


def _entries(
    values: NDArray[Any], whole: NDArray[np.uint16], span: int, steps: int
) -> NDArray[np.float32] | None:
    """Return what the stored values became; None where that is no rising function of them."""
    known = np.full(span + 1, np.nan, np.float32)
    known[whole] = values
    if not np.array_equal(known[whole], values):
        return None
    occurring = np.flatnonzero(np.isfinite(known))
    if np.any(np.diff(known[occurring]) < 0):
        return None
    at = np.arange(span * steps + 1) / steps
    entries = np.interp(at, occurring, known[occurring]).astype(np.float32)
    entries[occurring * steps] = known[occurring]
    return entries
