"""Arrays to picture files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vlm_explorer.export.places import in_words


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write uint8 (rows, columns) or (rows, columns, 3) as a PNG with no text in it.

    Raises:
        StorageProblem: the place cannot be written to.
    """
    from PIL import Image

    try:
        Image.fromarray(np.ascontiguousarray(pixels)).save(path, format="PNG")
    except OSError as error:
        raise in_words(error, path) from error


def write_npy(path: Path, pixels: np.ndarray) -> None:
    """Write an array as NumPy's `.npy`, under exactly this name.

    Raises:
        StorageProblem: the place cannot be written to.
    """
    try:
        with path.open("wb") as file:
            np.save(file, pixels)
    except OSError as error:
        raise in_words(error, path) from error
