"""The images of the open collection, by row, as arrays that views can index."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.files.study_tree import (
    PatientNode,
    SeriesNode,
    StudyNode,
    build_tree,
)
from vlm_explorer.viewmodels.arrow_columns import (
    Coded,
    coded_texts,
    distinct_texts,
    first_rows,
    further_columns,
    is_known,
    numbers_of,
    texts_of,
    vectors_of,
)
from vlm_explorer.viewmodels.image_ids import ImageIds
from vlm_explorer.viewmodels.library_tree import StackRows
from vlm_explorer.viewmodels.tree_rows import tree_rows

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
    "note",
    "frame_of_reference",
    "series_description",
    "study_description",
    "body_part",
)
NUMBER_COLUMNS = (
    "frame",
    "rows",
    "columns",
    "series_number",
    "instance_number",
    "position",
    "acquisition_number",
    "temporal_position",
    "trigger_time",
    "b_value",
    "series_time",
    "study_day",
)
_DISTINCT = ("file", "caption")  # nearly as many texts as rows: nothing is gained by encoding them
VECTOR_COLUMNS = {"position_xyz": 3, "orientation": 6, "spacing": 2}


class ImageTable:
    """One row an image, in the order of the collection's vectors.

    Attributes:
        ids: image ids, (N,) object array of str.
        file, modality, label, caption, patient, study, series, stack, split, note,
        frame_of_reference, series_description, study_description, body_part: (N,) object arrays
            of str; "" where nothing is known. Patient, study, series and frame of reference are
            salted keys.
        frame, rows, columns: (N,) int64.
        series_number, instance_number, position, acquisition_number, temporal_position,
        trigger_time, b_value, series_time, study_day: (N,) float64, NaN where unknown; position
            in mm along the normal, see `stacks.TreeRow` for the others.
        position_xyz, orientation, spacing: (N, 3), (N, 6), (N, 2) float64, NaN where unknown:
            Image Position and Orientation (Patient), row and column spacing in mm.
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
    note: np.ndarray
    frame_of_reference: np.ndarray
    series_description: np.ndarray
    study_description: np.ndarray
    body_part: np.ndarray
    frame: np.ndarray
    rows: np.ndarray
    columns: np.ndarray
    series_number: np.ndarray
    instance_number: np.ndarray
    position: np.ndarray
    acquisition_number: np.ndarray
    temporal_position: np.ndarray
    trigger_time: np.ndarray
    b_value: np.ndarray
    series_time: np.ndarray
    study_day: np.ndarray
    position_xyz: np.ndarray
    orientation: np.ndarray
    spacing: np.ndarray

    def __init__(self, table: pa.Table | None = None) -> None:
        """Take the columns of a collection's `images`; no table: no images.

        Arrays are made of them when they are first asked for.
        """
        self._table = table
        self._coded: dict[str, Coded] = {}
        self.ids = _no_texts(0) if table is None else distinct_texts(table["image_id"])
        self.row_of: dict[str, int] = dict(zip(self.ids.tolist(), range(len(self)), strict=True))

    def __getattr__(self, name: str) -> np.ndarray:
        """Make a column that was not asked for before."""
        if name in _DISTINCT:
            values = self._distinct_texts(name)
        elif name in TEXT_COLUMNS:
            values = texts_of(self.coded(name))
        elif name in NUMBER_COLUMNS:
            values = self._numbers(name)
        elif name in VECTOR_COLUMNS:
            values = self._vectors(name)
        else:
            raise AttributeError(name)
        setattr(self, name, values)
        return values

    def _column(self, name: str) -> pa.ChunkedArray | None:
        known = self._table is not None and name in self._table.column_names
        return self._table[name] if self._table is not None and known else None

    def _distinct_texts(self, name: str) -> np.ndarray:
        column = self._column(name)
        return _no_texts(len(self)) if column is None else distinct_texts(column)

    def _numbers(self, name: str) -> np.ndarray:
        column = self._column(name)
        numbers = np.full(len(self), np.nan) if column is None else numbers_of(column)
        whole = name in ("frame", "rows", "columns")
        return np.nan_to_num(numbers).astype(np.int64) if whole else numbers

    def _vectors(self, name: str) -> np.ndarray:
        column, length = self._column(name), VECTOR_COLUMNS[name]
        if column is None:
            return np.full((len(self), length), np.nan)
        return vectors_of(column, length)

    def coded(self, name: str) -> Coded:
        """Return a column of text as distinct values, and the number of each row's."""
        if name not in self._coded:
            column = self._column(name)
            self._coded[name] = (
                Coded(("",), np.zeros(len(self), np.int32))
                if column is None
                else coded_texts(column)
            )
        return self._coded[name]

    def has(self, name: str) -> bool:
        """Whether anything is known in a column of that name, without making it."""
        column = self._column(name)
        return column is not None and is_known(column)

    @cached_property
    def extra(self) -> dict[str, np.ndarray | Coded]:
        """The further columns of the table of captions, by name: float64 (N,), or texts."""
        column = self._column("extra")
        return {} if column is None else further_columns(column)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def tree(self) -> tuple[PatientNode, ...]:
        """The images as patients, studies and series; made at the first look."""
        return build_tree(tree_rows(self))

    @cached_property
    def stacks(self) -> StackRows:
        """Where the images of each stack of the tree are, for counting what a filter shows."""
        return StackRows(self)

    @cached_property
    def series_of(self) -> dict[str, tuple[StudyNode, SeriesNode]]:
        """The study and the stack in which each image lies."""
        return {
            image_id: (study, series)
            for patient in self.tree
            for study in patient.studies
            for series in study.series
            for image_id in series.image_ids
        }

    @cached_property
    def searchable(self) -> np.ndarray:
        """What the library's filter looks through, (N,) object array of str, lower case.

        That is modality, label, caption, and the titles and descriptions of the tree.
        """
        titles: dict[str, str] = {}
        for patient in self.tree:
            for study in patient.studies:
                of_study = f"{patient.title} {study.title} {study.description}"
                for each in study.series:
                    of_series = f"{each.title} {each.description} {each.body_part} {each.part}"
                    titles.update(dict.fromkeys(each.image_ids, f"{of_study} {of_series}"))
        known = zip(self.modality, self.label, self.caption, self.ids, strict=True)
        words = np.empty(len(self), dtype=object)
        words[:] = [" ".join((*row, titles.get(key, ""))).casefold() for *row, key in known]
        return words

    def sort(self) -> None:
        """Make the tree and the columns now, in a worker's thread; the window has them at once."""
        for name in (*TEXT_COLUMNS, *NUMBER_COLUMNS, *VECTOR_COLUMNS, "extra"):
            getattr(self, name)
        _ = self.series_of, self.stacks

    @property
    def all_plain(self) -> bool:
        """Whether none of the images is a DICOM file."""
        return not len(self) or set(self.coded("stack").names) <= {PLAIN_STACK}

    @property
    def patients(self) -> int:
        """How many patients are known by an id."""
        return len(set(self.coded("patient").names) - {""})

    @property
    def summary(self) -> str:
        """What there is, in words: "CT, MR · 3 patients · 340 images"."""
        coded = self.coded("modality")
        common = np.argsort(-coded.counts, kind="stable")[:3].tolist()
        modalities = [coded.names[i] for i in common if coded.names[i]]
        parts = [", ".join(modalities), _count(self.patients, "patient") if self.patients else ""]
        return " · ".join(part for part in (*parts, _count(len(self), "image")) if part)

    def name_of(self, row: int) -> str:
        """Return what to call an image: a plain one by its file, a scan by its place in a series.

        Files of scans are often called after the patient.
        """
        image_id = self.ids[row]
        if self.stack[row] == PLAIN_STACK:
            name = Path(self.file[row]).name
            of_many = self.frame[row] > 0 or self.file[row] in self.file[row + 1 : row + 2]
            return f"{name} · frame {self.frame[row] + 1}" if of_many else name
        _, series = self.series_of[image_id]
        if len(series.image_ids) == 1:
            return series.label
        place = series.image_ids.index(image_id) + 1
        return f"{series.label} · image {place} of {len(series.image_ids)}"

    @cached_property
    def patient_titles(self) -> dict[str, str]:
        """What to call each patient: numbered as in the tree, then those of captions tables."""
        patients, stacks = self.coded("patient"), self.coded("stack")
        plain = np.array([name == PLAIN_STACK for name in stacks.names], np.bool_)[stacks.numbers]
        firsts = [
            first_rows(patients.numbers, len(patients.names), np.flatnonzero(rows))
            for rows in (~plain, plain)
        ]
        order = np.lexsort((firsts[1], firsts[0]))
        known = [key for key in (patients.names[i] for i in order.tolist()) if key]
        return {"": "No patient id"} | {key: f"Patient {n}" for n, key in enumerate(known, 1)}

    def rows_of(self, ids: Iterable[str]) -> np.ndarray:
        """Return the rows of the known ids among `ids`, ascending, (K,) int64."""
        if isinstance(ids, ImageIds) and ids.images is self:
            return np.flatnonzero(ids.mask)
        rows = [self.row_of[key] for key in ids if key in self.row_of]
        return np.array(sorted(rows), dtype=np.int64)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _no_texts(size: int) -> np.ndarray:
    return np.full(size, "", dtype=object)
