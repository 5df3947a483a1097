"""How many frames a DICOM file speaks of, and how many it can hold."""

from __future__ import annotations

from io import SEEK_CUR
from math import ceil
from pathlib import Path
from typing import BinaryIO, Literal

from pydicom.dataset import Dataset

from vlm_explorer.files.dicom_dataset import OpenedDicom, integer, text, transfer_syntax
from vlm_explorer.files.transfer_syntaxes import is_encapsulated

_ITEM = b"\xfe\xff\x00\xe0"
_FEW = 1000


def count_dicom_frames(dataset: Dataset) -> int:
    """Return Number of Frames; 1 where it is absent, zero or not a number."""
    return max(1, integer(dataset, "NumberOfFrames") or 1)


def count_frames_to_try(path: Path, opened: OpenedDicom) -> int:
    """Return Number of Frames, but at most one more than the file has room for.

    A damaged header may speak of a million frames: reading the first that is not there says so,
    and nobody need ask for the others.
    """
    frames = count_dicom_frames(opened.dataset)
    if frames == 1 or opened.pixel_offset is None:
        return frames
    with path.open("rb") as file:
        file.seek(opened.pixel_offset)
        length = _go_to_value(file, big_endian=opened.is_big_endian)
        if not is_encapsulated(transfer_syntax(opened.dataset)):
            room = min(length, path.stat().st_size - file.tell())
            return min(frames, max(0, ceil(room / _frame_bytes(opened.dataset))) + 1)
        return frames if frames <= _FEW else min(frames, _count_items(file, frames) + 1)


def _go_to_value(file: BinaryIO, *, big_endian: bool) -> int:
    """Move from the start of an element of pixel data to its value; return its length."""
    order: Literal["big", "little"] = "big" if big_endian else "little"
    head = file.read(8)
    # explicit VR: two bytes are reserved, and the length takes four more
    return int.from_bytes(file.read(4) if head[4:6].isalpha() else head[4:], order)


def _frame_bytes(dataset: Dataset) -> float:
    pixels = (integer(dataset, "Rows") or 1) * (integer(dataset, "Columns") or 1)
    samples = integer(dataset, "SamplesPerPixel") or 1
    bits = integer(dataset, "BitsAllocated") or 1
    part = 2 / 3 if text(dataset, "PhotometricInterpretation") == "YBR_FULL_422" else 1.0
    return max(1.0, pixels * samples * bits * part / 8)


def _count_items(file: BinaryIO, most: int) -> int:
    """Return how many fragments there are (PS3.5 annex A.4), the offset table left out."""
    count = -1
    while count < most and (head := file.read(8))[:4] == _ITEM:
        file.seek(int.from_bytes(head[4:], "little"), SEEK_CUR)
        count += 1
    return max(0, count)
