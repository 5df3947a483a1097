"""Compressed frames: takes one out of the pixel data, looks it over, and has it decoded."""

from __future__ import annotations

import zlib
from dataclasses import replace
from io import BytesIO
from math import ceil

from pydicom.encaps import get_frame

from vlm_explorer.errors import UnreadableImage
from vlm_explorer.files.dicom_dataset import OpenedDicom, transfer_syntax, value
from vlm_explorer.files.open_errors import DAMAGED_HINT
from vlm_explorer.files.transfer_syntaxes import DEFLATED_FRAME, is_jpeg_2000
from vlm_explorer.pixels.codec_process import decode_apart
from vlm_explorer.pixels.codestream import Codestream, decode_codestream
from vlm_explorer.pixels.codestream_header import read_codestream_header
from vlm_explorer.pixels.layout import MOST_PIXELS, PixelLayout
from vlm_explorer.pixels.native import StoredPixels, missing_frame, read_native
from vlm_explorer.pixels.pixel_element import PixelElement

# End of image, of JPEG and JPEG-LS and (end of codestream) of JPEG 2000; a byte or two may follow.
_END = b"\xff\xd9"
_LAST_BYTES = 8
_CUT = "The compressed pixels end early"


def read_encapsulated(
    opened: OpenedDicom, pixels: PixelElement, layout: PixelLayout, frame: int, *, all_bits: bool
) -> StoredPixels:
    """Decode one frame of encapsulated pixel data (PS3.5 annex A.4).

    Raises:
        MissingFrame: the file ends before the frame.
        UnsupportedImage: there is no decoder.
        UnreadableImage: damaged.
    """
    syntax = transfer_syntax(opened.dataset)
    data = _take_out(opened, pixels, layout, frame)
    layout = replace(layout, frames=1)
    if syntax == DEFLATED_FRAME:
        return _inflate(data, layout, all_bits=all_bits)
    notes: list[str] = []
    incomplete = False
    header = read_codestream_header(data)
    if header is not None:
        _check_size(header.rows, header.columns, layout)
        if is_jpeg_2000(syntax):
            layout, notes = _settle_sign(layout, header.signed)
        incomplete = _END not in data[-_LAST_BYTES:]
    try:
        request = Codestream(syntax, data, layout, all_bits, is_cut=incomplete)
        values = decode_apart(decode_codestream, request)
    except UnreadableImage as error:
        if incomplete:
            raise UnreadableImage(f"{_CUT}.", DAMAGED_HINT) from error
        raise
    if incomplete:
        notes = [*notes, f"{_CUT}; what is missing cannot be shown."]
    return StoredPixels(values, tuple(notes), incomplete)


def _take_out(opened: OpenedDicom, pixels: PixelElement, layout: PixelLayout, frame: int) -> bytes:
    """Return the bytes of a frame, whether or not there is a table of offsets."""
    offsets = value(opened.dataset, "ExtendedOffsetTable")
    lengths = value(opened.dataset, "ExtendedOffsetTableLengths")
    table = (offsets, lengths) if offsets is not None and lengths is not None else None
    data = b""
    try:
        data = get_frame(
            pixels.stream, frame, extended_offsets=table, number_of_frames=layout.frames
        )
    except Exception as error:  # boundary: damaged items make pydicom raise anything
        if frame > 0:
            raise missing_frame(frame, layout.frames) from error
        raise UnreadableImage(
            "The compressed pixel data cannot be found in the file.", DAMAGED_HINT
        ) from error
    if not data:
        if frame > 0:
            raise missing_frame(frame, layout.frames)
        raise UnreadableImage("The pixel data are empty.", DAMAGED_HINT)
    return data


def _check_size(rows: int, columns: int, layout: PixelLayout) -> None:
    """Refuse a picture of another size than the header's before it is unpacked."""
    if columns < 1 or rows * columns > MOST_PIXELS:  # no size that anybody could mean
        raise UnreadableImage("The compressed pixel data are damaged.", DAMAGED_HINT)
    if (rows or layout.rows, columns) != (layout.rows, layout.columns):
        raise UnreadableImage(
            f"The compressed picture is {columns:,} x {rows:,} pixels; the header says "
            f"{layout.columns:,} x {layout.rows:,}.",
            DAMAGED_HINT,
        )


def _settle_sign(layout: PixelLayout, signed: bool | None) -> tuple[PixelLayout, list[str]]:
    """Settle whether values are signed where header and JPEG 2000 codestream contradict.

    A codestream that says so is believed: its values go below zero. One that does not, under a
    header that does, holds signed values all the same; pydicom puts them right.
    """
    if signed is None or signed == bool(layout.signed):
        return layout, []
    note = "Header and compressed pixels contradict each other on signed values; they are signed."
    return replace(layout, signed=1), [note]


def _inflate(data: bytes, layout: PixelLayout, *, all_bits: bool) -> StoredPixels:
    """Read a frame of Deflated Image Frame Compression: raw DEFLATE, then as if native."""
    expected = ceil(layout.frame_bytes)
    try:
        plain = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, expected + 1)
    except zlib.error as error:
        raise UnreadableImage("The deflated pixel data are damaged.", DAMAGED_HINT) from error
    vr = "OB" if layout.bits_allocated <= 8 else "OW"
    pixels = PixelElement(BytesIO(plain), "PixelData", vr, len(plain), False)
    return read_native(pixels, layout, 0, all_bits=all_bits)
