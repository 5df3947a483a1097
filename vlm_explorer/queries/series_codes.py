"""Which images of a collection are slices or frames of one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.files.header import PLAIN_STACK

if TYPE_CHECKING:
    import pyarrow as pa


def series_codes(images: pa.Table) -> NDArray[np.int64]:
    """Return the number of each image's series, int64 (N,).

    Plain images share none: those of a folder are no slices of one another. Frames of one file do.

    Args:
        images: columns file, series and stack, as in `Collection.images`.
    """
    numbers: dict[tuple[str, str], int] = {}
    columns = (images[name].to_pylist() for name in ("file", "series", "stack"))
    keys = (
        ("file", file) if stack == PLAIN_STACK or not series else ("series", series)
        for file, series, stack in zip(*columns, strict=True)
    )
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)
