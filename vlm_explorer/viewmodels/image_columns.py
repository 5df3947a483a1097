"""Columns of what is known of the images: from DICOM headers, and from tables of captions.

Nothing that says who a scan is of: patients, studies and series go by numbers, days count from a
patient's first study.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.viewmodels.arrow_columns import Coded, texts_of
from vlm_explorer.viewmodels.columns import SCAN, TABLE, Column, Offer

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.image_table import ImageTable

TAG = "csv:"  # and the name of a table's column

# Attribute of `ImageTable`, title, group.
_TEXTS = (
    ("modality", "modality", SCAN),
    ("body_part", "body part", SCAN),
    ("series_description", "series description", SCAN),
    ("study_description", "study description", SCAN),
    ("note", "kind of series", SCAN),
    ("label", "label", TABLE),
    ("split", "split", TABLE),
)
# Attribute of `ImageTable`, title, unit.
_NUMBERS = (
    ("rows", "rows", "px"),
    ("columns", "columns", "px"),
    ("frame", "frame", ""),
    ("position", "slice position", "mm"),
    ("b_value", "b value", "s/mm²"),
    ("trigger_time", "trigger time", "ms"),
    ("series_number", "series number", ""),
    ("instance_number", "instance number", ""),
    ("acquisition_number", "acquisition number", ""),
    ("temporal_position", "temporal position", ""),
)
_SPACINGS = (("row_spacing", "row spacing", 0), ("column_spacing", "column spacing", 1))


def offers_of_images(images: ImageTable) -> dict[str, Offer]:
    """Return what columns the images have something in."""
    offers: list[Offer] = []
    for name, title, group in _TEXTS:
        if images.has(name):
            offers.append(Offer(name, title, group, False, partial(_text, images, name, title)))
    # after the commonest ones: who and when, by numbers
    keys: tuple[tuple[str, Callable[[], Column]], ...] = (
        ("series", partial(_series, images)),
        ("patient", partial(_patients, images)),
    )
    offers += [Offer(key, key, SCAN, False, make) for key, make in keys if images.has(key)]
    for name, title, unit in _NUMBERS:
        if images.has(name):
            make = partial(_number, images, name, title, unit)
            offers.append(Offer(name, title, SCAN, True, make))
    if images.has("spacing"):
        for key, title, axis in _SPACINGS:
            make = partial(_spacing, images, key, title, axis)
            offers.append(Offer(key, title, SCAN, True, make))
    if images.has("study_day"):
        make = partial(_study_day, images)
        offers.append(Offer("study_day", "study day", SCAN, True, make))
    for name in images.extra:
        make = partial(_of_table, images, name)
        is_number = not isinstance(images.extra[name], Coded)
        offers.append(Offer(f"{TAG}{name}", name, TABLE, is_number, make))
    return {offer.key: offer for offer in offers}


def _text(images: ImageTable, name: str, title: str) -> Column:
    group = next(group for key, _, group in _TEXTS if key == name)
    return Column(name, title, getattr(images, name), group=group, codes=images.coded(name))


def _number(images: ImageTable, name: str, title: str, unit: str) -> Column:
    values = getattr(images, name).astype(np.float64)
    if name in ("rows", "columns"):
        values[values == 0] = np.nan  # not known
    return Column(name, title, values, unit=unit, group=SCAN)


def _spacing(images: ImageTable, key: str, title: str, axis: int) -> Column:
    return Column(key, title, images.spacing[:, axis].copy(), unit="mm", group=SCAN)


def _study_day(images: ImageTable) -> Column:
    """Return days since each patient's first study: the days kept count from a day unknown."""
    days = images.study_day.copy()
    patients = images.coded("patient").numbers
    known = np.isfinite(days)
    first = np.full(int(patients.max(initial=0)) + 1, np.inf)
    np.minimum.at(first, patients[known], days[known])
    days[known] -= first[patients[known]]
    note = "days since the patient's first study here"
    return Column("study_day", "study day", days, unit="d", group=SCAN, note=note)


def _patients(images: ImageTable) -> Column:
    titles = {key: title for key, title in images.patient_titles.items() if key}
    codes = images.coded("patient")
    return Column("patient", "patient", images.patient, group=SCAN, titles=titles, codes=codes)


def _series(images: ImageTable) -> Column:
    codes, titles = images.coded("series"), _series_titles(images)
    return Column("series", "series", images.series, group=SCAN, titles=titles, codes=codes)


def _series_titles(images: ImageTable) -> Mapping[str, str]:
    """Return "Patient 3 · series 2 · MR" by key, or the folder's name for plain images."""
    titles: dict[str, str] = {}
    for row in images.coded("series").firsts.tolist():
        if not images.series[row]:
            continue
        name = images.series_of[images.ids[row]][1].name
        patient = ""
        if images.stack[row] != PLAIN_STACK:
            name, patient = name.lower(), images.patient_titles[images.patient[row]]
        parts = (patient, name, images.modality[row])
        titles[images.series[row]] = " · ".join(part for part in parts if part)
    return titles


def _of_table(images: ImageTable, name: str) -> Column:
    key, values = f"{TAG}{name}", images.extra[name]
    if isinstance(values, Coded):
        return Column(key, name, texts_of(values), group=TABLE, codes=values)
    return Column(key, name, values, group=TABLE)
