"""Decoders of the extra `codecs` (imagecodecs, BSD): JPEG XL, and JPEG of 12 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import UnreadableImage
from vlm_explorer.files.transfer_syntaxes import is_jpeg_xl, needs_extra
from vlm_explorer.pixels.layout import PixelLayout

_JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"


def wants_extra(syntax: str, layout: PixelLayout) -> bool:
    """Return whether only the extra decodes such pixels."""
    return needs_extra(syntax) or (syntax == _JPEG_EXTENDED and layout.bits_stored > 8)


def decode_with_extra(syntax: str, data: bytes, layout: PixelLayout) -> NDArray[Any]:
    """Decode a frame; colours come out as RGB, whatever the header calls them.

    Raises:
        ImportError: the extra is not installed.
        UnreadableImage: not of the size that the header says.
        Exception: whatever the codec raises on damaged data.
    """
    import imagecodecs

    decode = imagecodecs.jpegxl_decode if is_jpeg_xl(syntax) else imagecodecs.jpeg8_decode
    pixels: NDArray[Any] = np.asarray(decode(data))
    shape = (layout.rows, layout.columns) + ((3,) if layout.samples == 3 else ())
    if pixels.ndim == len(shape) + 1 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    if pixels.shape != shape or pixels.dtype.kind != "u":
        raise UnreadableImage("The compressed picture is not what the header says.")
    return _signed(pixels, layout.bits_stored) if layout.signed else pixels


def _signed(pixels: NDArray[Any], bits: int) -> NDArray[Any]:
    """Read the two's complement of `bits` bits, which a codec took for unsigned."""
    spare = 8 * pixels.dtype.itemsize - bits
    moved: NDArray[Any] = (pixels << spare).view(pixels.dtype.str.replace("u", "i")) >> spare
    return moved
