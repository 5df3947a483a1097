"""Opens DICOM files, and reads elements whose values may be anything.

pydicom converts an element when it is asked for, so every access may raise; the functions below
treat a value that cannot be understood as absent. Call them inside `quiet_readers`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import read_file_meta_info
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag, Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from vlm_explorer.errors import FileProblem, UnreadableImage, UnsupportedImage
from vlm_explorer.files.open_errors import DAMAGED_HINT, unreadable_file

# Repeating groups have no keyword of their own and are asked for by tag.
Keyword = str | BaseTag

PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
# No image that is deflated as a whole comes near; a crafted file may inflate without end.
_MOST_INFLATED = 1 << 30
_UNDEFINED_LENGTH = 0xFFFFFFFF
_PIXEL_ELEMENTS = (0x0008, 0x0009, 0x0010)
_PIXEL_TAGS = tuple(Tag(keyword) for keyword in PIXEL_KEYWORDS)


@dataclass(frozen=True, slots=True)
class OpenedDicom:
    """A data set up to its pixel data.

    Attributes:
        dataset: the elements; with the pixel data only if the file is deflated as a whole.
        has_pixels: whether the file goes on with pixel data at its root.
        pixel_offset: where in the file the element of the pixel data begins; None if deflated.
        ends_early: whether the file ends within an element before the pixel data.
    """

    dataset: Dataset
    has_pixels: bool
    pixel_offset: int | None
    ends_early: bool = False

    @property
    def is_big_endian(self) -> bool:
        """Whether numbers have their highest byte first."""
        return self.dataset.original_encoding[1] is False


def open_dicom(path: Path, tags: Sequence[BaseTag] | None = None) -> OpenedDicom:
    """Read a DICOM file, with or without preamble and file meta information.

    Args:
        path: the file.
        tags: the elements to keep; None keeps all.

    Raises:
        UnreadableImage: not there, no permission, damaged.
        UnsupportedImage: deflated, to a size that no image has.
    """
    wanted: Any = None if tags is None else [*tags, *_PIXEL_TAGS]
    try:
        with path.open("rb") as file:
            if _is_deflated(file, path):
                dataset = dcmread(file, force=True, specific_tags=wanted)
                found = any(keyword in dataset for keyword in PIXEL_KEYWORDS)
                return OpenedDicom(dataset, found, None)
            dataset = dcmread(file, force=True, stop_before_pixels=True, specific_tags=wanted)
            offset = file.tell()
            ends_early = offset > path.stat().st_size or _is_cut(dataset)
            return OpenedDicom(dataset, _stands_at_pixels(file), offset, ends_early)
    except FileProblem:
        raise
    except Exception as error:  # boundary: damaged bytes make pydicom raise anything
        if isinstance(error, OSError) and error.errno is not None:
            raise unreadable_file(error) from error
        raise UnreadableImage("The DICOM header is damaged.", DAMAGED_HINT) from error


def transfer_syntax(dataset: Dataset) -> str:
    """Return the UID of the transfer syntax; for a file that names none, as it was parsed.

    A guess is made for uncompressed data only, and pydicom has made it: `original_encoding`.
    """
    meta = getattr(dataset, "file_meta", None)
    named = text(meta, "TransferSyntaxUID") if meta is not None else ""
    if named:
        return named
    implicit, little = dataset.original_encoding
    if implicit:
        return str(ImplicitVRLittleEndian)
    return str(ExplicitVRLittleEndian if little else ExplicitVRBigEndian)


def names_transfer_syntax(dataset: Dataset) -> bool:
    """Return whether the file itself says how it is encoded."""
    meta = getattr(dataset, "file_meta", None)
    return meta is not None and bool(text(meta, "TransferSyntaxUID"))


@cache
def _tag_of(keyword: str) -> BaseTag | None:
    """Return the tag of a keyword, None where pydicom's dictionary has it not."""
    number = tag_for_keyword(keyword)
    return None if number is None else Tag(number)


def value(dataset: Dataset, keyword: Keyword) -> Any:
    """Return an element's value, or None where it is absent, empty or not to be understood."""
    tag = keyword if isinstance(keyword, BaseTag) else _tag_of(keyword)
    if tag is None or tag not in dataset.keys():  # noqa: SIM118  `in dataset` makes a tag each time
        return None  # most are absent; finding that out is what `Dataset.get` is slowest at
    try:
        found = dataset[tag].value
    except Exception:  # noqa: BLE001  conversion of junk raises anything; junk is absent
        return None
    return None if isinstance(found, str | bytes | MultiValue) and len(found) == 0 else found


def values(dataset: Dataset, keyword: Keyword) -> list[Any]:
    """Return the values of an element of any multiplicity."""
    found = value(dataset, keyword)
    if found is None:
        return []
    return list(found) if isinstance(found, MultiValue | list | tuple) else [found]


def text(dataset: Dataset, keyword: Keyword) -> str:
    """Return the first value as text without padding; "" where there is none."""
    found = values(dataset, keyword)
    return str(found[0]).strip(" \x00") if found and found[0] is not None else ""


def texts(dataset: Dataset, keyword: Keyword) -> list[str]:
    """Return all values as text without padding."""
    return [str(item).strip(" \x00") for item in values(dataset, keyword) if item is not None]


def numbers(dataset: Dataset, keyword: Keyword) -> list[float]:
    """Return all values as finite numbers; none if any of them is not one."""
    try:
        found = [float(item) for item in values(dataset, keyword)]
    except (TypeError, ValueError):
        return []
    return found if all(math.isfinite(item) for item in found) else []


def number(dataset: Dataset, keyword: Keyword) -> float | None:
    """Return the first value as a finite number, or None."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def integer(dataset: Dataset, keyword: Keyword) -> int | None:
    """Return the first value as an integer, or None."""
    found = number(dataset, keyword)
    return None if found is None else int(found)


def items(dataset: Dataset, keyword: str, number: int | None = None) -> list[Dataset]:
    """Return the items of a sequence, or a list of the one with this number.

    The list is empty where the sequence is absent or none, or too short.
    """
    found = value(dataset, keyword)
    if not isinstance(found, Sequence):
        return []
    wanted = found if number is None else found[number : number + 1]
    return [item for item in wanted if isinstance(item, Dataset)]


def _is_deflated(file: BinaryIO, path: Path) -> bool:
    """Return whether the data set is deflated as a whole; raise if it inflates without end."""
    head = file.read(1024)
    file.seek(0)
    if DeflatedExplicitVRLittleEndian.encode() not in head:
        return False
    meta = read_file_meta_info(str(path))
    if text(meta, "TransferSyntaxUID") != DeflatedExplicitVRLittleEndian:
        return False
    # PS3.10 section 7.1: preamble 128, prefix 4, then the group length element of 12 bytes.
    file.seek(144 + (integer(meta, "FileMetaInformationGroupLength") or 0))
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    total = 0
    waiting = file.read(1 << 20)
    while waiting:
        total += len(inflate.decompress(waiting, 1 << 24))
        if total > _MOST_INFLATED:
            raise UnsupportedImage("The deflated file grows beyond 1 GiB when it is unpacked.")
        waiting = inflate.unconsumed_tail or file.read(1 << 20)
    file.seek(0)
    return True


def _is_cut(dataset: Dataset) -> bool:
    """Return whether the last element is shorter than it says; pydicom reads it all the same."""
    last: Any = dataset.get_item(max(dataset.keys())) if dataset else None
    if not isinstance(last, RawDataElement) or last.value is None:
        return False
    return bool(len(last.value) < last.length != _UNDEFINED_LENGTH)


def _stands_at_pixels(file: BinaryIO) -> bool:
    """Return whether reading stopped at (7FE0,0008), (7FE0,0009) or (7FE0,0010)."""
    tag = file.read(4)
    return any(
        int.from_bytes(tag[:2], order) == 0x7FE0
        and int.from_bytes(tag[2:], order) in _PIXEL_ELEMENTS
        for order in ("little", "big")
    )
