"""Frames that are not compressed, also of files that end within one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import BytesIO
from math import ceil
from typing import Any, BinaryIO

from numpy.typing import NDArray
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from vlm_explorer.errors import FileProblem, MissingFrame, UnreadableImage, UnsupportedImage
from vlm_explorer.files.open_errors import DAMAGED_HINT
from vlm_explorer.pixels.codestream import decode_options, explain
from vlm_explorer.pixels.layout import PixelLayout
from vlm_explorer.pixels.pixel_element import PixelElement

_NOTE = "The pixel data end early; what is missing is filled with zeros."
# With less than this part of a frame there is no picture worth the memory of a whole one.
_LEAST_PART = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class StoredPixels:
    """One frame as the file stores it.

    Attributes:
        values: (rows, columns) integers or floats, or (rows, columns, 3) RGB, in the machine's
            byte order.
        notes: what is wrong with them, in words.
        incomplete: the file ends within the frame; zeros stand for what is missing.
        raw: the same with all bits, where an overlay lies in those that are unused; else None.
    """

    values: NDArray[Any]
    notes: tuple[str, ...] = ()
    incomplete: bool = False
    raw: NDArray[Any] | None = None


def missing_frame(frame: int, frames: int) -> MissingFrame:
    """Say that this frame and all after it are not there."""
    return MissingFrame(f"The file ends before frame {frame:,} of {frames:,}.", DAMAGED_HINT)


def read_native(
    pixels: PixelElement,
    layout: PixelLayout,
    frame: int,
    *,
    big_endian: bool = False,
    all_bits: bool = False,
) -> StoredPixels:
    """Read a frame; where the file ends within it, zeros follow.

    Args:
        pixels: stands at the first frame.
        layout: of the pixels.
        frame: from 0.
        big_endian: how numbers are stored.
        all_bits: keep the bits beyond Bits Stored.

    Raises:
        MissingFrame: the file ends before the frame.
        UnsupportedImage: the pixels are compressed.
        UnreadableImage: there are none.
    """
    if pixels.fragmented:
        raise UnsupportedImage("The pixels are compressed, but the file does not say how.")
    full = replace(layout, photometric="YBR_FULL")
    if layout.photometric == "YBR_FULL_422" and pixels.length >= full.frame_bytes * layout.frames:
        layout = full
    there = min(1.0, pixels.length / layout.frame_bytes - frame)
    if there <= 0 and frame > 0:
        raise missing_frame(frame, layout.frames)
    if there < _LEAST_PART:
        words = "The pixel data are empty." if there <= 0 else "The pixel data end at their start."
        raise UnreadableImage(words, DAMAGED_HINT)
    if there == 1.0:
        return StoredPixels(_decode(pixels.stream, pixels, layout, frame, big_endian, all_bits))
    layout = replace(layout, frames=frame + 1)
    expected = ceil(layout.frame_bytes * layout.frames)
    data = BytesIO(pixels.stream.read(pixels.length).ljust(expected + expected % 2, b"\x00"))
    values = _decode(data, pixels, layout, frame, big_endian, all_bits)
    return StoredPixels(values, (_NOTE,), incomplete=True)


def _decode(
    source: BinaryIO,
    pixels: PixelElement,
    layout: PixelLayout,
    frame: int,
    big_endian: bool,
    all_bits: bool,
) -> NDArray[Any]:
    """Let pydicom read one frame from a stream that stands at the first."""
    shift = layout.unused_low_bits
    decoder = get_decoder(ExplicitVRBigEndian if big_endian else ExplicitVRLittleEndian)
    options = decode_options(layout, pixels.keyword, pixels.vr, all_bits=all_bits or shift > 0)
    try:
        values = decoder.as_array(source, index=frame, **options)[0]
    except FileProblem:
        raise
    except Exception as error:  # boundary: a header that contradicts itself raises anything
        raise explain(error, decoder.UID, layout) from error
    return _aligned(values, layout) if shift and not all_bits else values


def _aligned(values: NDArray[Any], layout: PixelLayout) -> NDArray[Any]:
    """Move values down whose lowest bit is not the pixel's (PS3.5 8.1.1); pydicom does not."""
    above = 8 * values.dtype.itemsize - (layout.high_bit + 1)
    moved: NDArray[Any] = values << above >> above + layout.unused_low_bits
    return moved
