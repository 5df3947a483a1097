"""Where the pixels of a file are no part of the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from vlm_explorer.files.dicom_dataset import number


def find_padding(stored: NDArray[Any], dataset: Dataset) -> NDArray[np.bool_] | None:
    """Return where Pixel Padding Value (to its Range Limit) or no number stands.

    Both are stored values (PS3.3 C.7.5.1.1.2), compared before the modality LUT.
    """
    if stored.dtype.kind == "f":
        mask = ~np.isfinite(stored)
        for keyword in ("FloatPixelPaddingValue", "DoubleFloatPixelPaddingValue"):
            if (value := number(dataset, keyword)) is not None:
                mask |= stored == stored.dtype.type(value)
    else:
        low = number(dataset, "PixelPaddingValue")
        if low is None:
            return None
        high = number(dataset, "PixelPaddingRangeLimit")
        ends = sorted(_as_stored(end, stored.dtype) for end in (low, low if high is None else high))
        mask = (stored >= ends[0]) & (stored <= ends[1])
    return mask if mask.any() and not mask.all() else None


def _as_stored(value: float, dtype: np.dtype[Any]) -> int:
    """Read a padding value as the pixels are read: 63536 is -2000 where they are signed."""
    bits = 8 * dtype.itemsize
    wrapped = int(value) % (1 << bits)
    return wrapped - (1 << bits) if dtype.kind == "i" and wrapped >> (bits - 1) else wrapped
