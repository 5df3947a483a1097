"""The images of a collection as the rows that the study tree is made of."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from vlm_explorer.files.study_tree import TreeRow

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.image_table import ImageTable

# What the study tree asks for, by kind.
_TREE_TEXTS = (
    "patient", "study", "series", "modality", "stack", "file", "note", "series_description",
    "study_description", "body_part",
)  # fmt: skip
_TREE_NUMBERS = ("position", "trigger_time", "b_value", "series_time")
_TREE_WHOLES = (
    "series_number", "instance_number", "acquisition_number", "temporal_position", "study_day",
)  # fmt: skip


def tree_rows(images: ImageTable) -> list[TreeRow]:
    """Return the images as the study tree wants them."""
    # lists first: taking single numbers out of an array is ten times as slow
    texts = {name: getattr(images, name).tolist() for name in _TREE_TEXTS}
    numbers = {name: _or_none(getattr(images, name)) for name in _TREE_NUMBERS}
    wholes = {
        name: [None if value is None else int(value) for value in _or_none(getattr(images, name))]
        for name in _TREE_WHOLES
    }
    vectors = {
        name: [None if row[0] != row[0] else tuple(row) for row in getattr(images, name).tolist()]
        for name in ("position_xyz", "orientation")
    }
    columns = texts | numbers | wholes | vectors
    columns |= {"image_id": images.ids.tolist(), "frame": images.frame.tolist()}
    names = [field.name for field in fields(TreeRow)]
    return [TreeRow(*row) for row in zip(*(columns[name] for name in names), strict=True)]


def _or_none(numbers: np.ndarray) -> list[Any]:
    return [None if number != number else number for number in numbers.tolist()]  # NaN
