"""The tables of DICOM: modality LUT, VOI LUT, colour palettes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from vlm_explorer.files.dicom_dataset import numbers, value


def read_table(item: Dataset, *, little_endian: bool) -> tuple[NDArray[np.int64], int, int] | None:
    """Read LUT Descriptor and LUT Data of a modality or VOI LUT item (PS3.3 C.11.1.1).

    Returns:
        The entries, the first value that is mapped, and the bits of an entry; None where the
        table is missing or broken.
    """
    descriptor = [int(number) for number in numbers(item, "LUTDescriptor")]
    data = value(item, "LUTData")
    if len(descriptor) != 3 or data is None:
        return None
    # 0 stands for 65536 entries; a descriptor read as signed may be negative.
    count = descriptor[0] & 0xFFFF or 0x10000
    entries = _entries(data, count, little_endian=little_endian)
    if entries is None:
        return None
    bits = descriptor[2]
    if not 1 <= bits <= 16:
        bits = max(8, int(entries.max()).bit_length())
    return entries, descriptor[1], bits


def _entries(data: object, count: int, *, little_endian: bool) -> NDArray[np.int64] | None:
    """Return `count` entries from bytes (8 or 16 bit each) or from numbers."""
    if isinstance(data, bytes | bytearray):
        if len(data) >= 2 * count:
            wide = np.frombuffer(data, dtype="<u2" if little_endian else ">u2", count=count)
            return wide.astype(np.int64)
        found = np.frombuffer(data, dtype=np.uint8).astype(np.int64)
    else:
        found = np.atleast_1d(np.asarray(data, dtype=np.int64)) & 0xFFFF
        if found.size < count <= 2 * found.size:
            # Two entries of 8 bits in each 16-bit word.
            found = np.stack([found & 0xFF, found >> 8], axis=1).reshape(-1)
    return found[:count] if found.size >= count else None


def look_up(
    stored: NDArray[np.generic], entries: NDArray[np.int64], first: int
) -> NDArray[np.int64]:
    """Map integers by a table; below and above it the first and last entry hold."""
    index = stored.astype(np.int64) - first
    np.clip(index, 0, entries.size - 1, out=index)
    return entries[index]


def voi_table(item: Dataset, *, little_endian: bool) -> tuple[NDArray[np.uint8], float] | None:
    """Return a VOI LUT as 256 greys and its first mapped value, or None where it is broken."""
    table = read_table(item, little_endian=little_endian)
    if table is None:
        return None
    entries, first, bits = table
    most = max((1 << bits) - 1, int(entries.max()))
    grey = np.floor(entries * (255.0 / most) + 0.5).astype(np.uint8)
    return grey, float(first)


def apply_voi_table(
    values: NDArray[np.float32], table: tuple[NDArray[np.uint8], float]
) -> NDArray[np.uint8]:
    """Map modality values to greys by the VOI LUT of a frame."""
    grey, first = table
    index = np.floor(values - np.float32(first))
    np.clip(index, 0, grey.size - 1, out=index)
    shown: NDArray[np.uint8] = grey[index.astype(np.intp)]
    return shown


def apply_palette(stored: NDArray[np.generic], dataset: Dataset) -> NDArray[np.uint8]:
    """Map the indices of a PALETTE COLOR image to RGB (PS3.3 C.7.6.3.1.5 and 1.6).

    Args:
        stored: (rows, columns) integers.
        dataset: holds the palette, plain or segmented.

    Returns:
        uint8 (rows, columns, 3).

    Raises:
        ValueError: there is no palette, or a broken one.
    """
    palette, first = read_palette(dataset)
    index = np.clip(stored.astype(np.int64) - first, 0, len(palette) - 1)
    return palette[index]


def read_palette(dataset: Dataset) -> tuple[NDArray[np.uint8], int]:
    """Return a palette, plain or segmented, (entries, 3), and the first value that it maps.

    Raises:
        ValueError: there is no palette, or a broken one.
    """
    segmented = "SegmentedRedPaletteColorLookupTableData" in dataset
    palette, first = _segmented_palette(dataset) if segmented else _plain_palette(dataset)
    # 16-bit entries fill the upper byte; some files keep 8-bit colours in them all the same.
    if palette.max() > 0xFF:
        palette = palette >> 8
    return palette.astype(np.uint8), first


def _plain_palette(dataset: Dataset) -> tuple[NDArray[np.int64], int]:
    """Return the (entries, 3) palette and the first value that it maps."""
    little_endian = dataset.original_encoding[1] is not False
    columns = []
    first = 0
    for colour in ("Red", "Green", "Blue"):
        name = f"{colour}PaletteColorLookupTable"
        descriptor = [int(number) for number in numbers(dataset, f"{name}Descriptor")]
        data = value(dataset, f"{name}Data")
        if len(descriptor) != 3 or data is None:
            raise ValueError(f"no palette for {colour.lower()}")
        count = descriptor[0] & 0xFFFF or 0x10000
        entries = _entries(data, count, little_endian=little_endian)
        if entries is None:
            raise ValueError(f"the palette for {colour.lower()} is too short")
        columns.append(entries)
        first = descriptor[1]
    shortest = min(column.size for column in columns)
    return np.stack([column[:shortest] for column in columns], axis=-1), first


def _segmented_palette(dataset: Dataset) -> tuple[NDArray[np.int64], int]:
    """Return the (entries, 3) palette and the first value that it maps."""
    from pydicom.pixels.processing import apply_color_lut

    descriptor = [int(item) for item in numbers(dataset, "RedPaletteColorLookupTableDescriptor")]
    if len(descriptor) != 3:
        raise ValueError("no palette descriptor")
    # Each index once: pydicom computes them in the type of an entry, which may be too narrow
    # for those of a picture.
    indices = np.arange(descriptor[0] & 0xFFFF or 0x10000, dtype=np.int64) + descriptor[1]
    return apply_color_lut(indices, dataset)[:, :3].astype(np.int64), descriptor[1]
