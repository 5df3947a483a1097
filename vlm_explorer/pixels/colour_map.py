"""Greys to colours, for what is read in colours: dose. Encoders see the greys."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

# Hot Iron (PS3.6 annex B): its lightness only grows, so that it is true in grey as well.
DOSE = "1.2.840.10008.1.5.1"
NAMES = {DOSE: "hot iron"}


def lay_map(greys: NDArray[np.uint8], colour_map: str) -> NDArray[np.uint8]:
    """Return RGB of greys, uint8 (rows, columns) to (rows, columns, 3); as they are without a map.

    Args:
        greys: uint8 (rows, columns).
        colour_map: UID of a well-known palette of PS3.6 annex B, or "".
    """
    return _palette(colour_map)[greys] if colour_map else greys


@cache
def _palette(uid: str) -> NDArray[np.uint8]:
    from pydicom.pixels.processing import apply_color_lut

    ramp = np.arange(256, dtype=np.uint8).reshape(1, 256)
    palette: NDArray[np.uint8] = apply_color_lut(ramp, palette=uid)[0].astype(np.uint8)
    return palette
