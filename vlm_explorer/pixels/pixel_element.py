"""Finds the pixel data in a DICOM file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

from vlm_explorer.files.dicom_dataset import PIXEL_KEYWORDS, OpenedDicom

# The elements of group 7FE0, and the value representations that they may have (PS3.6).
_KEYWORD_OF = {0x0010: "PixelData", 0x0008: "FloatPixelData", 0x0009: "DoubleFloatPixelData"}
_PIXEL_VRS = (b"OB", b"OW", b"OF", b"OD", b"UN")


@dataclass(frozen=True, slots=True)
class PixelElement:
    """The pixel data of a file: `stream` stands at the first of `length` bytes."""

    stream: BinaryIO
    keyword: str
    vr: str
    length: int
    fragmented: bool


@contextmanager
def open_pixels(path: Path, opened: OpenedDicom) -> Iterator[PixelElement]:
    """Open the file at the value of its pixel data (PS3.5 section 7.1)."""
    if opened.pixel_offset is None:
        keyword = next(word for word in PIXEL_KEYWORDS if word in opened.dataset)
        element = opened.dataset[keyword]
        data = bytes(element.value)
        yield PixelElement(BytesIO(data), keyword, element.VR, len(data), False)
        return
    order: Literal["big", "little"] = "big" if opened.is_big_endian else "little"
    with path.open("rb") as file:
        file.seek(opened.pixel_offset)
        head = file.read(12)
        keyword = _KEYWORD_OF[int.from_bytes(head[2:4], order)]
        # Some files change from explicit to implicit VR on the way: look, do not trust.
        explicit = head[4:6] in _PIXEL_VRS
        length = int.from_bytes(head[8:12] if explicit else head[4:8], order)
        start = opened.pixel_offset + (12 if explicit else 8)
        rest = file.seek(0, SEEK_END) - start
        file.seek(start)
        vr = head[4:6].decode() if explicit else "OW"
        yield PixelElement(file, keyword, vr, min(length, rest), length == 0xFFFFFFFF)
