"""Puts a level of a whole-slide image together from its tiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import MissingFrame, UnreadableImage
from vlm_explorer.files.dicom_dataset import OpenedDicom
from vlm_explorer.files.open_errors import DAMAGED_HINT
from vlm_explorer.files.whole_slide import find_tiles, slide_size
from vlm_explorer.pixels.layout import PixelLayout
from vlm_explorer.pixels.native import StoredPixels
from vlm_explorer.pixels.stored_pixels import read_stored


def read_slide(path: Path, opened: OpenedDicom, layout: PixelLayout) -> StoredPixels:
    """Return a whole level; where a colour slide has no tile, it is white as the glass is.

    Raises:
        UnreadableImage: there is no tile in the file.
        FileProblem: as `read_stored` for any of them.
    """
    canvas: NDArray[Any] | None = None
    incomplete = False
    for tile in find_tiles(opened.dataset, layout.frames):
        try:
            pixels = read_stored(path, opened, layout, tile.frame).values
        except MissingFrame:
            incomplete = True
            break
        if canvas is None:
            canvas = _empty(opened, pixels)
        room = canvas[tile.top : tile.top + layout.rows, tile.left : tile.left + layout.columns]
        room[...] = pixels[: room.shape[0], : room.shape[1]]
    if canvas is None:
        raise UnreadableImage("The slide has no tiles.", DAMAGED_HINT)
    note = ("The pixel data end early; some tiles are missing.",) if incomplete else ()
    return StoredPixels(canvas, note, incomplete)


def _empty(opened: OpenedDicom, tile: NDArray[Any]) -> NDArray[Any]:
    size = slide_size(opened.dataset)
    assert size is not None
    white = np.iinfo(tile.dtype).max if tile.ndim == 3 else 0
    return np.full((*size, *tile.shape[2:]), white, dtype=tile.dtype)
