"""Whole-slide microscopy: a pyramid of files, one a level, each cut into tiles (PS3.3 C.8.12).

Of a pyramid the lowest level alone is read: it shows the slide as a whole, as a picture of a size
that an encoder can take in. A pathologist's viewer is for the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from vlm_explorer.errors import NotAnImage, UnsupportedImage
from vlm_explorer.files.dicom_dataset import integer, items, text, texts

_WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
# What is put together of tiles: larger than any lowest level, small enough to wait for.
MOST_SLIDE_PIXELS = 1 << 25

SLIDE_KEYWORDS = (
    "DimensionOrganizationType", "ImageType", "PerFrameFunctionalGroupsSequence",
    "SOPClassUID", "SeriesInstanceUID", "TotalPixelMatrixColumns", "TotalPixelMatrixRows",
)  # fmt: skip
"""The elements that the functions below look at, besides rows and columns."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A frame and where its first pixel lies in the level, from 0."""

    frame: int
    top: int
    left: int


def slide_size(dataset: Dataset) -> tuple[int, int] | None:
    """Return rows and columns of a level that is cut into tiles; None for any other file."""
    if text(dataset, "SOPClassUID") != _WHOLE_SLIDE:
        return None
    rows = integer(dataset, "TotalPixelMatrixRows") or 0
    columns = integer(dataset, "TotalPixelMatrixColumns") or 0
    return (rows, columns) if rows > 0 and columns > 0 else None


def refuse_slide(dataset: Dataset) -> None:
    """Raise if a whole-slide file is a label, or a level too large to be put together.

    Raises:
        NotAnImage, UnsupportedImage.
    """
    size = slide_size(dataset)
    if size is None:
        return
    if "LABEL" in _kind(dataset):
        raise NotAnImage("Not a picture: the label of a slide, which may name the patient.")
    if size[0] * size[1] > MOST_SLIDE_PIXELS:
        raise UnsupportedImage(
            f"A level of a whole-slide image, {size[1]:,} x {size[0]:,} pixels; only small levels "
            "are read.",
            "Put the lowest level of the slide into the folder.",
        )


def refuse_higher_level(path: Path, dataset: Dataset) -> None:
    """Raise if a lower level of the same slide lies in the same folder.

    Raises:
        UnsupportedImage.
    """
    size = slide_size(dataset)
    if size is None or not _is_level(dataset):
        return
    folder = path.absolute().parent
    lowest = _lowest_levels(folder, folder.stat().st_mtime_ns)
    if size[0] * size[1] > lowest.get(text(dataset, "SeriesInstanceUID"), size[0] * size[1]):
        raise UnsupportedImage(
            f"A higher level of a whole-slide image, {size[1]:,} x {size[0]:,} pixels; the lowest "
            "level, in a file beside it, is read."
        )


def find_tiles(dataset: Dataset, frames: int) -> list[Tile]:
    """Return the tiles of a level: its first focal plane and optical path."""
    size = slide_size(dataset)
    height, width = integer(dataset, "Rows") or 1, integer(dataset, "Columns") or 1
    if size is None:
        return []
    if text(dataset, "DimensionOrganizationType") == "TILED_FULL":
        places = ((top, left) for top in range(0, size[0], height)
                  for left in range(0, size[1], width))  # fmt: skip
        return [Tile(frame, *place) for frame, place in zip(range(frames), places, strict=False)]
    found: dict[tuple[int, int], Tile] = {}
    for tile in _sparse_tiles(dataset, frames):
        if 0 <= tile.top < size[0] and 0 <= tile.left < size[1]:
            found.setdefault((tile.top, tile.left), tile)
    return list(found.values())


def _sparse_tiles(dataset: Dataset, frames: int) -> Iterator[Tile]:
    """Yield the tiles of a level that gives the place of each (PS3.3 C.8.12.6.1)."""
    groups = items(dataset, "PerFrameFunctionalGroupsSequence")
    for frame, group in enumerate(groups[:frames]):
        for plane in items(group, "PlanePositionSlideSequence", 0):
            top = integer(plane, "RowPositionInTotalImagePixelMatrix")
            left = integer(plane, "ColumnPositionInTotalImagePixelMatrix")
            if top is not None and left is not None:
                yield Tile(frame, top - 1, left - 1)


def _kind(dataset: Dataset) -> set[str]:
    return {word.upper() for word in texts(dataset, "ImageType")}


def _is_level(dataset: Dataset) -> bool:
    return bool(_kind(dataset) & {"VOLUME", "THUMBNAIL"})


@lru_cache(maxsize=8)
def _lowest_levels(folder: Path, mtime_ns: int) -> dict[str, int]:  # noqa: ARG001
    """Return the pixels of the lowest level of each series of slides in a folder."""
    lowest: dict[str, int] = {}
    wanted = [*SLIDE_KEYWORDS[:2], *SLIDE_KEYWORDS[3:]]
    for path in folder.iterdir():
        with suppress(Exception):  # whatever cannot be read is no lower level
            dataset = dcmread(path, stop_before_pixels=True, specific_tags=list(wanted))
            size = slide_size(dataset)
            if size is not None and _is_level(dataset):
                series, pixels = text(dataset, "SeriesInstanceUID"), size[0] * size[1]
                lowest[series] = min(pixels, lowest.get(series, pixels))
    return lowest
