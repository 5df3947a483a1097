"""Puts images into the tree of patients, studies and series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.files.stack_geometry import geometry_warnings
from vlm_explorer.files.stacks import Stack, TreeRow, grouped, split_into_stacks

__all__ = ["PatientNode", "SeriesNode", "StudyNode", "TreeRow", "build_tree"]


@dataclass(frozen=True, slots=True)
class SeriesNode:
    """One stack of images, in the order in which the wheel goes through them.

    Attributes:
        key: unique in the tree.
        title: name, modality and number of images, "Series 4 (1 of 6) · MR · 15 images".
        modality: DICOM's code; may be empty.
        image_ids: at least one.
        series: key of the series that the stack is a part of.
        name: "Series 4", or the folder of plain images.
        description: Series Description; may be empty.
        part: which of how many stacks of the series this is, and what sets it apart,
            "2 of 6, echo 2"; "" where there is but one.
        body_part: may be empty.
        warnings: what is irregular about its geometry, in words.
    """

    key: str
    title: str
    modality: str
    image_ids: tuple[str, ...]
    series: str = ""
    name: str = ""
    description: str = ""
    part: str = ""
    body_part: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What to call the stack in a list: number and description, or its name."""
        if not self.description:
            return self.name
        number = self.name.removeprefix("Series ")
        return f"{number} · {self.description}" if number != self.name else self.description


@dataclass(frozen=True, slots=True)
class StudyNode:
    """One study.

    Attributes:
        day: days since the patient's first study here; None where unknown.
    """

    key: str
    title: str
    series: tuple[SeriesNode, ...]
    description: str = ""
    day: int | None = None

    @property
    def label(self) -> str:
        """What to call the study in a list: its description, or its number."""
        return self.description or self.title

    @property
    def later(self) -> str:
        """How long after the patient's first study it was made, "+14 d"; "" for that one."""
        return f"+{self.day} d" if self.day else ""


@dataclass(frozen=True, slots=True)
class PatientNode:
    """One patient, known by a number only; or all images that name none."""

    key: str
    title: str
    studies: tuple[StudyNode, ...]


def build_tree(rows: Sequence[TreeRow]) -> tuple[PatientNode, ...]:
    """Group images into patients, studies and stacks.

    Returns:
        Patients in the order in which their first image is given, numbered from 1, then DICOM
        images without a patient id, then plain images by the folder that they lie in. Studies by
        their day, where all of a patient's are known; series by their number, then by time.
        Titles hold no names of people.
    """
    plain = [row for row in rows if row.stack == PLAIN_STACK]
    dicom = grouped((row for row in rows if row.stack != PLAIN_STACK), "patient")
    patients = [
        _patient(key, f"Patient {number}", of_patient)
        for number, (key, of_patient) in enumerate((each for each in dicom if each[0]), 1)
    ]
    patients += [_patient("", "No patient id", found) for key, found in dicom if not key]
    if plain:
        patients.append(_patient(PLAIN_STACK, "Images", plain))
    return tuple(patients)


def _patient(key: str, title: str, rows: list[TreeRow]) -> PatientNode:
    studies = [(found, _day(found[1])) for found in grouped(rows, "study")]
    days = [day for _, day in studies if day is not None]
    first = min(days, default=0)
    if len(days) == len(studies):
        studies.sort(key=lambda study: study[1] or 0)
    return PatientNode(
        key,
        title,
        tuple(
            _study(f"{key}/{study}", number, of_study, None if day is None else day - first)
            for number, ((study, of_study), day) in enumerate(studies, 1)
        ),
    )


def _day(rows: list[TreeRow]) -> int | None:
    """Return the day of a study: the first that any of its files names."""
    return min((row.study_day for row in rows if row.study_day is not None), default=None)


def _study(key: str, number: int, rows: list[TreeRow], day: int | None) -> StudyNode:
    series = sorted(grouped(rows, "series"), key=lambda group: _series_order(group[1]))
    nodes = [
        node
        for position, (series_key, of_series) in enumerate(series, 1)
        for node in _series_nodes(f"{key}/{series_key}", position, of_series)
    ]
    plain = all(row.stack == PLAIN_STACK for row in rows)
    title = _folder_name(rows[0]) if plain else f"Study {number}"
    return StudyNode(key, title, tuple(nodes), _commonest(rows, "study_description"), day)


def _series_order(rows: list[TreeRow]) -> tuple[bool, int, bool, float]:
    """Sort what has no number, or no time, last; sorting keeps the given order of equals."""
    number = rows[0].series_number
    time = min((row.series_time for row in rows if row.series_time is not None), default=None)
    return number is None, number or 0, time is None, time or 0.0


def _series_nodes(key: str, position: int, rows: list[TreeRow]) -> list[SeriesNode]:
    stacks = split_into_stacks(rows)
    common = set(stacks[0].notes).intersection(*(stack.notes for stack in stacks))
    nodes = []
    for number, stack in enumerate(stacks, 1):
        name = _series_name(stack.rows[0], position)
        part, whole = "", name
        if len(stacks) > 1:
            whole = f"{name} ({number} of {len(stacks)})"
            apart = [note for note in stack.notes if note not in common]
            part = ", ".join([f"{number} of {len(stacks)}", *apart])
        modality = _modalities(stack.rows)
        count = "1 image" if len(stack.rows) == 1 else f"{len(stack.rows):,} images"
        nodes.append(
            SeriesNode(
                key=f"{key}/{number}",
                title=" · ".join(text for text in (whole, modality, count) if text),
                modality=modality,
                image_ids=tuple(row.image_id for row in stack.rows),
                series=key,
                name=name,
                description=_commonest(stack.rows, "series_description"),
                part=part,
                body_part=_commonest(stack.rows, "body_part"),
                warnings=_warnings(stack),
            )
        )
    return nodes


def _series_name(row: TreeRow, position: int) -> str:
    if row.stack == PLAIN_STACK:
        return _folder_name(row)
    return f"Series {position if row.series_number is None else row.series_number}"


def _warnings(stack: Stack) -> tuple[str, ...]:
    found = geometry_warnings(stack.rows)
    if stack.missing:
        there = len(stack.rows)
        count = f"{there} of {there + stack.missing} slices"
        return (f"Incomplete: {count} of the other volumes are here.", *found)
    return found


def _modalities(rows: Iterable[TreeRow]) -> str:
    """Return every modality there is, the commonest first: a folder may hold several."""
    found = Counter(row.modality for row in rows).most_common()
    return ", ".join(name for name, _ in found if name)


def _commonest(rows: Iterable[TreeRow], field: str) -> str:
    """Return the commonest text; it, and the order in which rows are given, settle ties."""
    return str(Counter(getattr(row, field) for row in rows).most_common(1)[0][0])


def _folder_name(row: TreeRow) -> str:
    return Path(row.file).parent.name or "Images"
