"""Puts images into the tree of patients, studies and series, slices in the order of space."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.files.natural_order import natural_key

# Positions closer than this, in mm, are the same slice taken again.
_SAME_PLACE = 0.01


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One image as the tree needs it: salted keys, no names.

    Attributes:
        image_id: what the nodes list.
        patient, study, series: keys; equal keys belong together.
        series_number: as in the file; None where unknown.
        modality: DICOM's code; may be empty.
        stack: from the header; differing texts split a series.
        position: along the slice normal in mm; None where unknown.
        instance_number: as in the file; None where unknown.
        frame: counted from 0 within the file.
        file: absolute path.
    """

    image_id: str
    patient: str
    study: str
    series: str
    series_number: int | None
    modality: str
    stack: str
    position: float | None
    instance_number: int | None
    frame: int
    file: str


@dataclass(frozen=True, slots=True)
class SeriesNode:
    """One stack of images, in the order in which the wheel goes through them."""

    key: str
    title: str
    modality: str
    image_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StudyNode:
    """One study."""

    key: str
    title: str
    series: tuple[SeriesNode, ...]


@dataclass(frozen=True, slots=True)
class PatientNode:
    """One patient, known by a number only."""

    key: str
    title: str
    studies: tuple[StudyNode, ...]


def build_tree(rows: Sequence[TreeRow]) -> tuple[PatientNode, ...]:
    """Group images into patients, studies and stacks.

    A series is split where the header's `stack` differs, and where the same positions come again
    (time points, b-values). Within a stack: by position along the normal, ascending (for axial
    slices from the feet up), then instance number, file name in natural order, frame.

    Returns:
        Patients in the order in which their first image is given, numbered from 1; studies
        likewise; series by their number. Titles hold no names of people; plain images are titled
        by the folder that they lie in.
    """
    patients = []
    for number, (key, of_patient) in enumerate(_grouped(rows, "patient"), 1):
        studies = tuple(
            _study(f"{key}/{study_key}", position, of_study)
            for position, (study_key, of_study) in enumerate(_grouped(of_patient, "study"), 1)
        )
        plain = not key and all(row.stack == PLAIN_STACK for row in of_patient)
        patients.append(PatientNode(key, "Images" if plain else f"Patient {number}", studies))
    return tuple(patients)


def _grouped(rows: Iterable[TreeRow], field: str) -> list[tuple[str, list[TreeRow]]]:
    groups: defaultdict[str, list[TreeRow]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, field)].append(row)
    return list(groups.items())


def _study(key: str, number: int, rows: list[TreeRow]) -> StudyNode:
    series = sorted(_grouped(rows, "series"), key=lambda group: _series_order(group[1]))
    nodes = [
        node
        for position, (series_key, of_series) in enumerate(series, 1)
        for node in _series_nodes(f"{key}/{series_key}", position, of_series)
    ]
    plain = all(row.stack == PLAIN_STACK for row in rows)
    title = _folder_name(rows[0]) if plain else f"Study {number}"
    return StudyNode(key, title, tuple(nodes))


def _series_order(rows: list[TreeRow]) -> tuple[bool, int]:
    """Series without a number come last; sorting keeps the given order of equals."""
    number = rows[0].series_number
    return number is None, number or 0


def _series_nodes(key: str, position: int, rows: list[TreeRow]) -> list[SeriesNode]:
    stacks = [
        part for _, stack in _grouped(rows, "stack") for part in _split_repeats(_ordered(stack))
    ]
    nodes = []
    for number, stack in enumerate(stacks, 1):
        modality = Counter(row.modality for row in stack).most_common(1)[0][0]
        if stack[0].stack == PLAIN_STACK:
            name = _folder_name(stack[0])
        else:
            series_number = stack[0].series_number
            name = f"Series {position if series_number is None else series_number}"
        if len(stacks) > 1:
            name += f" ({number} of {len(stacks)})"
        count = "1 image" if len(stack) == 1 else f"{len(stack):,} images"
        title = " · ".join(part for part in (name, modality, count) if part)
        ids = tuple(row.image_id for row in stack)
        nodes.append(SeriesNode(f"{key}/{number}", title, modality, ids))
    return nodes


def _ordered(rows: list[TreeRow]) -> list[TreeRow]:
    """Sort the slices of one stack; unless each has a position, positions do not count."""
    places = _places(rows)

    def order(row: TreeRow) -> tuple[object, ...]:
        number = row.instance_number
        place = places[row.position] if places else 0
        return (place, number is None, number or 0, natural_key(row.file), row.frame)

    return sorted(rows, key=order)


def _places(rows: list[TreeRow]) -> dict[float | None, int]:
    """Number the distinct positions in ascending order, those that differ by noise as one.

    Empty unless each row has a position.
    """
    positions = [row.position for row in rows if row.position is not None]
    if len(positions) < len(rows):
        return {}
    places: dict[float | None, int] = {}
    last = None
    number = -1
    for position in sorted(set(positions)):
        number += last is None or position - last > _SAME_PLACE
        places[position] = number
        last = position
    return places


def _split_repeats(rows: list[TreeRow]) -> list[list[TreeRow]]:
    """Split a stack whose every position occurs equally often, more than once, into volumes."""
    places = _places(rows)
    at_place: defaultdict[int, list[TreeRow]] = defaultdict(list)
    for row in rows if places else ():
        at_place[places[row.position]].append(row)
    repeats = {len(found) for found in at_place.values()}
    if len(at_place) < 2 or len(repeats) != 1 or repeats == {1}:
        return [rows]
    return [list(volume) for volume in zip(*at_place.values(), strict=True)]


def _folder_name(row: TreeRow) -> str:
    return Path(row.file).parent.name or "Images"
