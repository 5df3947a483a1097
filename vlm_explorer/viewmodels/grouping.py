"""Finds the groups of the map and their names: labels, else phrases, else modalities."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from vlm_explorer.analysis.groups import Group
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.viewmodels.background import Opened
    from vlm_explorer.viewmodels.image_table import ImageTable

LEAST_SHARE = 0.3  # of the commonest label in a group that is named after it


def find_groups(
    images: ImageTable, answer: LayoutAnswer, *, context: JobContext
) -> tuple[Group, ...]:
    """Find the groups of images on the map, named by their commonest label, or modality.

    A group in which even the commonest is rare has no name. A child process finds them:
    scikit-learn's import alone would hold up the window. Members are rows of `images`.
    """
    from vlm_explorer.processes import run_in_process

    row_of = images.row_of
    rows = np.array([row_of.get(image_id, -1) for image_id in answer.image_ids], np.int64)
    known = np.flatnonzero(rows >= 0)
    names = _names(images)
    chosen = [names[row] for row in rows[known]]
    groups = run_in_process(_group_map, answer.xy[known], chosen, context=context)
    return tuple(_named(group, rows[known]) for group in groups)


def _named(group: Group, rows: np.ndarray) -> Group:
    members = np.sort(rows[group.members])
    if group.share >= LEAST_SHARE:
        return replace(group, members=members)
    return replace(group, members=members, name="", share=0.0)


def _group_map(xy: np.ndarray, names: list[str], *, context: JobContext) -> list[Group]:
    """Find the named groups of a map (child process); see `analysis.groups`."""
    from vlm_explorer.analysis.groups import group_points

    context.check()
    return group_points(xy, names)


def _names(images: ImageTable) -> list[str]:
    """Return what the groups of the map are named after: labels, else modalities, else ""."""
    for column in (images.label, images.modality):
        if any(column):
            return [str(value) for value in column]
    return [""] * len(images)


def wants_phrases(images: ImageTable, groups: tuple[Group, ...]) -> bool:
    """Whether groups could be named by what the encoder makes of them: nobody labelled them."""
    unnamed = any(group.preferred is None for group in groups)
    return unnamed and not any(images.label)


def name_groups(
    opened: Opened, encoder: Encoder, groups: tuple[Group, ...], *, context: JobContext
) -> tuple[Group, ...]:
    """Name groups by the phrases that their images prefer to all others."""
    from vlm_explorer.queries.group_names import name_by_phrases

    if opened.vectors is None:
        return groups
    members = [group.members for group in groups]
    found = name_by_phrases(opened.vectors, members, encoder, context=context)
    return tuple(
        group if name is None else replace(group, name=name[0], preferred=name[1])
        for group, name in zip(groups, found, strict=True)
    )
