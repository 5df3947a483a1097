"""Has Pillow decode a picture, as far as it goes where the file ends within it.

Pillow has a switch for such files, but it is one for the whole process, and threads share it.
What a decoder wrote until the bytes ran out stays in the picture that it was given all the same.
"""

from __future__ import annotations

from io import BytesIO
from typing import BinaryIO

import numpy as np
from PIL import Image

from vlm_explorer.errors import UnreadableImage
from vlm_explorer.files.open_errors import DAMAGED_HINT

CUT_NOTE = "The file ends early; part of the picture is missing."
# With less than this part of its rows there is no picture worth showing.
_LEAST_PART = 0.01
_END_OF_JPEG = b"\xff\xd9"
# TIFF: where the strips or tiles begin, and how many bytes each has.
_PLACES = ((273, 279), (324, 325))


def load_raster(image: Image.Image, file: BinaryIO) -> tuple[Image.Image, bool]:
    """Decode a picture; what is missing of it stays black, or grey in a JPEG.

    Args:
        image: opened, on the page that is wanted.
        file: what it was opened from.

    Returns:
        The decoded picture, and whether the file ends within it.

    Raises:
        UnreadableImage: nearly nothing of it is there.
        Exception: whatever Pillow raises where the file is damaged in another way.
    """
    try:
        image.load()
    except OSError as error:
        if not _ends_early(image, error, file):
            raise
        image = _as_far_as_it_goes(image, file)
        if _part_there(image) < _LEAST_PART:
            text = "The file ends before the picture does."
            raise UnreadableImage(text, DAMAGED_HINT) from error
        return image, True
    return image, False


def _ends_early(image: Image.Image, error: OSError, file: BinaryIO) -> bool:
    if image.format != "TIFF":
        return "truncated" in str(error).lower()
    tags = getattr(image, "tag_v2", {})
    size = file.seek(0, 2)
    return any(
        start + length > size
        for places, lengths in _PLACES
        for start, length in zip(tags.get(places, ()), tags.get(lengths, ()), strict=False)
    )


def _as_far_as_it_goes(image: Image.Image, file: BinaryIO) -> Image.Image:
    if image.format == "JPEG":
        # A progressive one is only drawn at its end, which libjpeg takes for granted after this.
        file.seek(0)
        image = Image.open(BytesIO(file.read() + _END_OF_JPEG), formats=("JPEG",))
    else:
        image.tile = []  # type: ignore[attr-defined]  # nothing is left to decode
    image.load()
    return image


def _part_there(image: Image.Image) -> float:
    """Return which part of the rows, or of the columns of a turned picture, is not empty."""
    pixels = np.asarray(image)
    filled = pixels != (pixels[-1, -1] if image.format == "JPEG" else 0)
    if filled.ndim == 3:
        filled = filled.any(axis=2)
    return float(min(filled.any(axis=0).mean(), filled.any(axis=1).mean()))
