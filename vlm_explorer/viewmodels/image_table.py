"""The images of the open collection, by row, as arrays that views can index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

TEXT_COLUMNS = (
    "file",
    "modality",
    "label",
    "caption",
    "patient",
    "study",
    "series",
    "stack",
    "split",
)
NUMBER_COLUMNS = ("frame", "rows", "columns", "series_number", "instance_number", "position")


class ImageTable:
    """One row an image, in the order of the collection's vectors.

    Attributes:
        ids: image ids, (N,) object array of str.
        file, modality, label, caption, patient, study, series, stack, split: (N,) object arrays
            of str; "" where nothing is known. Patient, study and series are salted keys.
        frame, rows, columns: (N,) int64.
        series_number, instance_number, position: (N,) float64, NaN where unknown; position in mm.
        row_of: the row of each image id.
    """

    ids: np.ndarray
    file: np.ndarray
    modality: np.ndarray
    label: np.ndarray
    caption: np.ndarray
    patient: np.ndarray
    study: np.ndarray
    series: np.ndarray
    stack: np.ndarray
    split: np.ndarray
    frame: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    series_number: np.ndarray
    instance_number: np.ndarray
    position: np.ndarray

    def __init__(self, table: pa.Table | None = None) -> None:
        """Take the columns of a collection's `images`; no table: no images."""
        size = 0 if table is None else table.num_rows
        names = set() if table is None else set(table.column_names)
        self.ids = _texts(table, "image_id") if table is not None else _no_texts(0)
        for name in TEXT_COLUMNS:
            values = _texts(table, name) if table is not None and name in names else _no_texts(size)
            setattr(self, name, values)
        for name in NUMBER_COLUMNS:
            known = table is not None and name in names
            numbers = _numbers(table, name) if known else np.full(size, np.nan)
            whole = name in ("frame", "rows", "columns")
            setattr(self, name, np.nan_to_num(numbers).astype(np.int64) if whole else numbers)
        self.row_of: dict[str, int] = {key: row for row, key in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, ids: frozenset[str] | list[str]) -> np.ndarray:
        """Return the rows of the known ids among `ids`, ascending, (K,) int64."""
        rows = [self.row_of[key] for key in ids if key in self.row_of]
        return np.array(sorted(rows), dtype=np.int64)


def _no_texts(size: int) -> np.ndarray:
    return np.full(size, "", dtype=object)


def _texts(table: pa.Table, name: str) -> np.ndarray:
    values = np.empty(table.num_rows, dtype=object)
    values[:] = [value or "" for value in table[name].to_pylist()]
    return values


def _numbers(table: pa.Table | None, name: str) -> np.ndarray:
    assert table is not None
    values = table[name].to_pylist()
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
