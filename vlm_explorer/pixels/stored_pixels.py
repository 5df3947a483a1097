"""Gets the stored values of one frame out of a DICOM file, whatever state the file is in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from pydicom.uid import ExplicitVRBigEndian

from vlm_explorer.errors import FileProblem, UnreadableImage, UnsupportedImage
from vlm_explorer.files.dicom_dataset import OpenedDicom, names_transfer_syntax, transfer_syntax
from vlm_explorer.files.open_errors import DAMAGED_HINT, unreadable_file
from vlm_explorer.files.transfer_syntaxes import is_encapsulated
from vlm_explorer.pixels.encapsulated import read_encapsulated
from vlm_explorer.pixels.layout import PixelLayout
from vlm_explorer.pixels.native import StoredPixels, read_native
from vlm_explorer.pixels.overlays import has_embedded_overlays
from vlm_explorer.pixels.pixel_element import open_pixels


def read_stored(path: Path, opened: OpenedDicom, layout: PixelLayout, frame: int) -> StoredPixels:
    """Decode one frame, no other, without parsing the header again.

    Args:
        path: the file.
        opened: its header.
        layout: from `read_layout`.
        frame: from 0.

    Raises:
        UnsupportedImage: there is no decoder; the text names the encoding.
        MissingFrame: the file ends before the frame.
        UnreadableImage: damaged.
    """
    try:
        stored = _read(path, opened, layout, frame, all_bits=False)
        raw = None
        if layout.samples == 1 and has_embedded_overlays(opened.dataset):
            raw = _read(path, opened, layout, frame, all_bits=True).values
    except FileProblem:
        raise
    except Exception as error:  # boundary: damaged bytes around the pixels raise anything
        if isinstance(error, OSError) and error.errno is not None:
            raise unreadable_file(error) from error
        raise UnreadableImage("The pixel data are damaged.", DAMAGED_HINT) from error
    return replace(stored, values=_in_native_order(stored.values), raw=raw)


def _read(
    path: Path, opened: OpenedDicom, layout: PixelLayout, frame: int, *, all_bits: bool
) -> StoredPixels:
    syntax = transfer_syntax(opened.dataset)
    with open_pixels(path, opened) as pixels:
        if pixels.fragmented and not names_transfer_syntax(opened.dataset):
            raise UnsupportedImage("The file does not say how its pixels are compressed.")
        if is_encapsulated(syntax):
            return read_encapsulated(opened, pixels, layout, frame, all_bits=all_bits)
        big_endian = syntax == ExplicitVRBigEndian
        return read_native(pixels, layout, frame, big_endian=big_endian, all_bits=all_bits)


def _in_native_order(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(values.dtype.newbyteorder("="), copy=False)
