"""Small pictures for lists, as JPEG."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_QUALITY = 85


def make_thumbnail(
    pixels: NDArray[np.uint8], side: int = 128, *, spacing: tuple[float, float] | None = None
) -> bytes:
    """Return a JPEG whose longest side is `side` pixels.

    Args:
        pixels: uint8 (rows, columns) or (rows, columns, 3).
        side: in pixels; smaller pictures are enlarged.
        spacing: row and column spacing (or their ratio); None for square pixels.
    """
    rows, columns = pixels.shape[:2]
    row_spacing, column_spacing = spacing or (1.0, 1.0)
    height, width = rows * row_spacing, columns * column_spacing
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    image = Image.fromarray(np.ascontiguousarray(pixels))
    buffer = BytesIO()
    image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0).save(
        buffer, "JPEG", quality=_QUALITY
    )
    return buffer.getvalue()


def open_thumbnail(data: bytes) -> NDArray[np.uint8]:
    """Return a thumbnail as uint8 (rows, columns, 3)."""
    with Image.open(BytesIO(data), formats=("JPEG",)) as image:
        return np.array(image.convert("RGB"))
