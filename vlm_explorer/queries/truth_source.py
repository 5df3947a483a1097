"""Where it stands what is true of images: columns of a collection, or a table of its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.collection.records import ImageRecord
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.files.tables import read_rows

# Columns that name the file, in the tables of captions, CheXpert, NIH, MIMIC-CXR, RSNA and VinDr.
_FILES = (
    "file", "path", "image index", "image_index", "image_path", "filename", "file_name", "image",
    "image_id", "dicom_id", "patientid",
)  # fmt: skip
_DEEPEST = 6  # parts of a path that are compared


class TruthSource(Protocol):
    """Columns of text, a cell an image, in the order of the collection."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out of it, in words."""

    @property
    def listed(self) -> NDArray[np.bool_]:
        """Of which images there is a row that could say something, bool (N,)."""

    def cells(self, name: str) -> list[str]:
        """Return the N cells of a column."""

    def distinct(self, name: str) -> list[str]:
        """Return the different cells of a column."""


class CollectionColumns:
    """The columns of text of a collection, those of its table of captions among them."""

    warnings: tuple[str, ...] = ()

    def __init__(self, collection: Collection) -> None:
        import pyarrow as pa

        self._images = collection.images
        self.names = tuple(
            name
            for name in self._images.column_names
            if pa.types.is_string(self._images[name].type)
        )

    @property
    def listed(self) -> NDArray[np.bool_]:
        """Of which images the table of captions says anything, bool (N,)."""
        own = set(ImageRecord.__dataclass_fields__) - {"label", "caption"}
        told = [self.cells(name) for name in self.names if name not in own]
        return np.array([any(row) for row in zip(*told, strict=True)], bool)

    def cells(self, name: str) -> list[str]:
        """Return the N cells of a column."""
        return [cell or "" for cell in self._images[name].to_pylist()]

    def distinct(self, name: str) -> list[str]:
        """Return the different cells of a column."""
        return [cell or "" for cell in self._images[name].unique().to_pylist()]


@dataclass(frozen=True, slots=True, eq=False)
class TruthTable:
    """A table that is no part of the collection, its rows put beside the images that they name.

    Attributes:
        path: its file.
        columns: N cells by column; what several rows say of an image is joined by "; ".
        listed: bool (N,), which images some row names.
        rows: how many rows it has.
        unmatched: how many of them name no image of the collection.
        ambiguous: how many could be of several files.
    """

    path: Path
    columns: Mapping[str, list[str]] = field(repr=False)
    listed: NDArray[np.bool_] = field(repr=False)
    rows: int
    unmatched: int
    ambiguous: int

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self.columns)

    def cells(self, name: str) -> list[str]:
        """Return the N cells of a column."""
        return self.columns[name]

    def distinct(self, name: str) -> list[str]:
        """Return the different cells of a column."""
        return list(dict.fromkeys(self.columns[name]))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out of it, in words."""
        told = []
        if self.unmatched:
            told.append(f"{self.unmatched:,} of its {self.rows:,} rows name no image here.")
        if self.ambiguous:
            told.append(f"{self.ambiguous:,} rows could be of several files, and are left out.")
        return tuple(f"{self.path.name}: {words}" for words in told)


def truth_source(collection: Collection, table: str | Path = "") -> TruthSource:
    """Return a table by its path, or the columns of the collection where there is none.

    Raises:
        UsageError: see `read_truth_table`.
    """
    return read_truth_table(Path(table), collection) if table else CollectionColumns(collection)


def read_truth_table(path: Path, collection: Collection) -> TruthTable:
    """Read a table with a header, and put its rows beside the images that they name.

    A row's file is compared with the images' from its end: as many folders as they share decide,
    so that tables from elsewhere fit. A name without a suffix fits any.

    Raises:
        UsageError: no such table, no column that names files, or none of them is here.
    """
    rows = read_rows(path, ())
    names = list(rows[0][1]) if rows else []
    of_files = next((name for name in _FILES if name in names), None)
    if of_files is None:
        raise UsageError(
            f"No column of {path.name} names the images' files.",
            f"It should have one of: {', '.join(_FILES)}.",
        )
    files = collection.images["file"].to_pylist()
    owners, ambiguous = _owners([row[of_files] for _, row in rows], files)
    matched = sum(owner is not None for owner in owners)
    if not matched:
        raise UsageError(
            f"{path.name} names no image of “{collection.name}” in its column {of_files}.",
            "Does it belong to these images?",
        )
    columns = {
        name: _spread([row.get(name, "").strip() for _, row in rows], owners, files)
        for name in names
        if name and name != of_files
    }
    named = {owner for owner in owners if owner is not None}
    listed = np.array([file in named for file in files], bool)
    unmatched = len(rows) - matched - ambiguous
    return TruthTable(path, columns, listed, len(rows), unmatched, ambiguous)


def _owners(wanted: Sequence[str], files: Sequence[str]) -> tuple[list[str | None], int]:
    """Return the file that each row is of, None where there is none; and how many were unclear."""
    ends: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for file in dict.fromkeys(files):
        for end in _ends(file):
            ends[end].add(file)
    best: dict[str, int] = {}
    found: list[tuple[str | None, int]] = []
    ambiguous = 0
    for name in wanted:
        shared = [end for end in _ends(name) if end in ends]
        files_of = ends[shared[-1]] if shared else set()
        if len(files_of) != 1:
            ambiguous += bool(files_of)
            found.append((None, 0))
            continue
        (file,) = files_of
        best[file] = max(best.get(file, 0), len(shared))
        found.append((file, len(shared)))
    # a row that shares more folders with a file is of it; others only have its name
    owners = [file if file is not None and depth == best[file] else None for file, depth in found]
    return owners, ambiguous


def _ends(path: str) -> Iterable[tuple[str, ...]]:
    """Yield the last part of a path, without its suffix, the last two, and so on."""
    steps = [step for step in path.strip().casefold().replace("\\", "/").split("/") if step]
    if not steps:
        return
    stem, dot, suffix = steps[-1].rpartition(".")
    if dot and stem and suffix.isalnum() and not suffix.isdigit() and len(suffix) <= 5:
        steps[-1] = stem  # a suffix such as dcm; not the last number of a UID
    for depth in range(1, min(len(steps), _DEEPEST) + 1):
        yield tuple(steps[-depth:])


def _spread(cells: Sequence[str], owners: Sequence[str | None], files: Sequence[str]) -> list[str]:
    """Return the cell of each image; several rows of a file are joined."""
    said: dict[str, dict[str, None]] = {}
    for cell, owner in zip(cells, owners, strict=True):
        if owner is not None and cell:
            said.setdefault(owner, {})[cell] = None
    joined = {file: "; ".join(values) for file, values in said.items()}
    return [joined.get(file, "") for file in files]
