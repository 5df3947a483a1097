"""Splits a series into stacks, the slices of each in the order of space."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from vlm_explorer.files.natural_order import natural_key

# Positions closer than this, in mm, are the same slice taken again.
SAME_PLACE = 0.01
# Direction cosines that differ by no more than this belong to one orientation.
SAME_DIRECTION = 1e-3
# A series with more orientations than this, one image each, turns around an axis: one stack.
_MOST_PLANES = 3
# What tells volumes apart, the surest first.
_VOLUME_NUMBERS = ("temporal_position", "b_value", "acquisition_number", "trigger_time")


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One image as the tree needs it: salted keys, no names.

    Attributes:
        image_id: what the nodes list.
        patient, study, series: keys; equal keys belong together. No patient: "".
        series_number: as in the file; None where unknown.
        modality: DICOM's code; may be empty.
        stack: from the header; differing texts split a series.
        position: along the slice normal in mm; None where unknown.
        instance_number: as in the file; None where unknown.
        frame: counted from 0 within the file.
        file: absolute path.
        note, position_xyz, orientation, acquisition_number, temporal_position, trigger_time,
            b_value: as in `FramePlace`.
        series_time: in seconds after a moment unknown to all; None where unknown.
        study_day: in days after a day unknown to all, the same for a patient; None where unknown.
        series_description, study_description, body_part: as in the file; may be empty.
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
    note: str = ""
    position_xyz: tuple[float, ...] | None = None
    orientation: tuple[float, ...] | None = None
    acquisition_number: int | None = None
    temporal_position: int | None = None
    trigger_time: float | None = None
    b_value: float | None = None
    series_time: float | None = None
    study_day: int | None = None
    series_description: str = ""
    study_description: str = ""
    body_part: str = ""


@dataclass(frozen=True, slots=True)
class Stack:
    """Images that the wheel goes through, in its order.

    Attributes:
        rows: at least one.
        notes: what may set the stack apart from others of its series, in words.
        missing: how many slices other volumes of the series have that this one lacks.
    """

    rows: tuple[TreeRow, ...]
    notes: tuple[str, ...] = ()
    missing: int = 0


def split_into_stacks(rows: Sequence[TreeRow]) -> list[Stack]:
    """Split a series where header, orientation or time say that its images are several stacks.

    Where positions come again, the images are volumes: told apart by temporal position, b-value,
    acquisition number or trigger time where these do, else by the order in which they were taken.
    Within a stack: by position along the normal, ascending (axial slices from the feet up), then
    acquisition number, temporal position, trigger time, instance number, file name in natural
    order, frame. Positions do not count unless each image has one.

    Returns:
        The stacks in the order in which they were taken.
    """
    stacks = [
        stack
        for _, alike in grouped(rows, "stack")
        for plane in _by_orientation(alike)
        for stack in _volumes(plane)
    ]
    if len(stacks) == 1:
        return stacks
    return sorted(stacks, key=lambda stack: min(map(_taken, stack.rows)))


def grouped(rows: Iterable[TreeRow], field: str) -> list[tuple[Any, list[TreeRow]]]:
    """Return the rows by what they have in a field, in the order in which it comes first."""
    groups: defaultdict[Any, list[TreeRow]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, field)].append(row)
    return list(groups.items())


def _by_orientation(rows: list[TreeRow]) -> list[list[TreeRow]]:
    planes: list[list[TreeRow]] = []
    for row in rows:
        for plane in planes:
            if _same_orientation(plane[0], row):
                plane.append(row)
                break
        else:
            planes.append([row])
    turning = len(planes) > _MOST_PLANES and len(planes) == len(rows)
    return [rows] if turning else planes


def _same_orientation(one: TreeRow, other: TreeRow) -> bool:
    if one.orientation == other.orientation:
        return True
    if one.orientation is None or other.orientation is None:
        return False
    pairs = zip(one.orientation, other.orientation, strict=True)
    return all(abs(a - b) <= SAME_DIRECTION for a, b in pairs)


# Order


def _number(value: float | None) -> tuple[bool, float]:
    """Sort what has no number last."""
    return value is None, value or 0


def _taken(row: TreeRow) -> tuple[Any, ...]:
    """Sort by the file's own count of the images."""
    return (_number(row.instance_number), natural_key(row.file), row.frame)


def _tie(row: TreeRow) -> tuple[Any, ...]:
    """Sort the images of one place."""
    times = (row.acquisition_number, row.temporal_position, row.trigger_time)
    return (*map(_number, times), *_taken(row))


def _ordered(rows: Sequence[TreeRow], places: dict[float | None, int]) -> list[TreeRow]:
    if places and len({places[row.position] for row in rows}) == len(rows):
        return sorted(rows, key=lambda row: places[row.position])  # no ties to be broken
    if places:
        return sorted(rows, key=lambda row: (places[row.position], *_tie(row)))
    return sorted(rows, key=_taken)


def places_of(rows: Sequence[TreeRow]) -> dict[float | None, int]:
    """Number the distinct positions in ascending order, those that differ by noise as one.

    Empty unless each row has a position, all along one normal.
    """
    positions = [row.position for row in rows if row.position is not None]
    if len(positions) < len(rows):
        return {}
    if not all(_same_orientation(rows[0], row) for row in rows):
        return {}
    places: dict[float | None, int] = {}
    last = -math.inf
    number = -1
    for position in sorted(set(positions)):
        number += position - last > SAME_PLACE
        places[position] = number
        last = position
    return places


# Volumes


def _volumes(rows: list[TreeRow]) -> list[Stack]:
    places = places_of(rows)
    volumes = _split_repeats(rows, places) if len(set(places.values())) > 1 else [rows]
    fullest = max(map(len, volumes))
    return [
        Stack(tuple(_ordered(volume, places)), _notes(volume), fullest - len(volume))
        for volume in volumes
    ]


def _notes(volume: list[TreeRow]) -> tuple[str, ...]:
    b_values = {row.b_value for row in volume}
    shared = b_values.pop() if len(b_values) == 1 else None
    words = [word for word in volume[0].note.split(", ") if word]
    return (*words, *([f"b {shared:g}"] if shared is not None else []))


def _most_repeats(rows: list[TreeRow], places: dict[float | None, int]) -> int:
    return max(Counter(places[row.position] for row in rows).values())


def _split_repeats(rows: list[TreeRow], places: dict[float | None, int]) -> list[list[TreeRow]]:
    """Split rows in which positions come again into volumes, in each of which none does.

    A number tells volumes apart where it has no more values than a place has images, and the
    images of each place that share a value are fewer.
    """
    most = _most_repeats(rows, places)
    if most == 1:
        return [rows]
    for field in _VOLUME_NUMBERS:
        groups = grouped(rows, field)
        if not 1 < len(groups) <= most or any(value is None for value, _ in groups):
            continue
        if all(_most_repeats(group, places) < most for _, group in groups):
            groups.sort(key=lambda pair: pair[0])
            return [volume for _, group in groups for volume in _split_repeats(group, places)]
    return _by_turn(rows, places)


def _by_turn(rows: list[TreeRow], places: dict[float | None, int]) -> list[list[TreeRow]]:
    """Split by the order in which the images were taken.

    Volume after volume: a new one begins where a place comes again, so that a run may break off,
    and slices may be lost. Place after place, or only some slices again: the first image of each
    place is one volume, the second the next.
    """
    in_turn = sorted(rows, key=_taken)
    where = [places[row.position] for row in in_turn]
    staying = sum(one == other for one, other in pairwise(where))
    whole_runs = len(rows) >= 1.5 * len(set(where)) and 2 * staying < len(rows) - 1
    if not whole_runs:
        in_turn = _ordered(rows, places)
    volumes: list[list[TreeRow]] = []
    seen: Counter[int] = Counter()
    begun: set[int] = set()
    for row in in_turn:
        place = places[row.position]
        if whole_runs:
            begun = set() if place in begun else begun
            number = len(volumes) - bool(begun)
            begun.add(place)
        else:
            number = seen[place]
            seen[place] += 1
        if number == len(volumes):
            volumes.append([])
        volumes[number].append(row)
    return volumes
