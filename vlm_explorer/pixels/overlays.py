"""Overlay planes (groups 60xx, PS3.3 C.9.2): graphics that lie on top of a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from vlm_explorer.files.dicom_dataset import integer, numbers, text, value
from vlm_explorer.pixels.frame import OverlayPlane

_GROUPS = range(0x6000, 0x6020, 2)
_ROWS, _COLUMNS, _FRAMES = 0x0010, 0x0011, 0x0015
_TYPE, _ORIGIN, _FIRST_FRAME = 0x0040, 0x0050, 0x0051
_BIT_POSITION, _DATA = 0x0102, 0x3000
_KINDS = {"G": "graphics", "R": "region of interest"}


def has_embedded_overlays(dataset: Dataset) -> bool:
    """Return whether an overlay lies in unused bits of the pixels (retired, PS3.5 8.1.2)."""
    return any(_embedded_bit(dataset, group) for _, group in _groups(dataset))


def read_overlays(
    dataset: Dataset, frame: int, shape: tuple[int, int], raw: NDArray[Any] | None = None
) -> tuple[OverlayPlane, ...]:
    """Return the planes of one frame; those that are empty or damaged are left out.

    Args:
        dataset: of the file.
        frame: from 0.
        shape: rows and columns of the picture.
        raw: (rows, columns) the pixels with all their bits, where an overlay is embedded.
    """
    planes = []
    for number, group in _groups(dataset):
        bit = _embedded_bit(dataset, group)
        if bit and raw is not None:
            mask: NDArray[np.bool_] | None = (raw >> bit & 1).astype(np.bool_)
        else:
            mask = _placed(dataset, group, frame, shape)
        if mask is not None and mask.any():
            kind = _KINDS.get(text(dataset, Tag(group, _TYPE)).upper())
            name = f"Overlay {number}"
            planes.append(OverlayPlane(mask, f"{name}: {kind}" if kind else name))
    return tuple(planes)


def _groups(dataset: Dataset) -> list[tuple[int, int]]:
    """Return the number, from 1, and the group of each overlay that the file speaks of."""
    there = {tag >> 16 for tag in dataset.keys()}  # noqa: SIM118  elements need not be converted
    return [(number, group) for number, group in enumerate(_GROUPS, start=1) if group in there]


def _embedded_bit(dataset: Dataset, group: int) -> int:
    """Return which bit of a pixel is the overlay's; 0 where the overlay has data of its own."""
    if Tag(group, _DATA) in dataset:
        return 0
    bit = integer(dataset, Tag(group, _BIT_POSITION)) or 0
    return bit if 0 < bit < 16 else 0


def _placed(
    dataset: Dataset, group: int, frame: int, shape: tuple[int, int]
) -> NDArray[np.bool_] | None:
    """Return the plane where it lies on the picture; its origin (1, 1) is the first pixel."""
    drawn = _unpacked(dataset, group, frame)
    if drawn is None:
        return None
    origin = numbers(dataset, Tag(group, _ORIGIN))
    top, left = (int(part) - 1 for part in origin) if len(origin) == 2 else (0, 0)
    mask = np.zeros(shape, dtype=np.bool_)
    part = drawn[max(0, -top) : max(0, shape[0] - top), max(0, -left) : max(0, shape[1] - left)]
    top, left = max(0, top), max(0, left)
    mask[top : top + part.shape[0], left : left + part.shape[1]] = part
    return mask


def _unpacked(dataset: Dataset, group: int, frame: int) -> NDArray[np.bool_] | None:
    """Return the plane of a frame, bool (rows, columns), first bit lowest (PS3.5 8.1.2)."""
    data = value(dataset, Tag(group, _DATA))
    rows = integer(dataset, Tag(group, _ROWS)) or 0
    columns = integer(dataset, Tag(group, _COLUMNS)) or 0
    if not isinstance(data, bytes) or rows <= 0 or columns <= 0:
        return None
    plane = _plane_of(dataset, group, frame)
    first, count = plane * rows * columns, rows * columns
    if plane < 0 or (first + count + 7) // 8 > len(data):
        return None
    packed = np.frombuffer(data, dtype=np.uint8)[first // 8 : (first + count + 7) // 8]
    bits = np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + count]
    return bits.reshape(rows, columns).astype(np.bool_)


def _plane_of(dataset: Dataset, group: int, frame: int) -> int:
    """Return which plane lies on a frame, -1 for none; a single plane lies on every frame."""
    planes = integer(dataset, Tag(group, _FRAMES))
    if planes is None:
        return 0
    plane = frame - ((integer(dataset, Tag(group, _FIRST_FRAME)) or 1) - 1)
    return plane if 0 <= plane < planes else -1
