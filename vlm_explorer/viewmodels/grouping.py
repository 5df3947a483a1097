"""Finds the groups of the map and their names: phrases, labels, or modalities."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from vlm_explorer.analysis.groups import Group
    from vlm_explorer.analysis.phrase_names import PhraseName
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.viewmodels.background import Opened
    from vlm_explorer.viewmodels.image_table import ImageTable

LEAST_SHARE = 0.3  # of the commonest label in a group that is named after it


def find_groups(
    images: ImageTable, answer: LayoutAnswer, folder: Path | None = None, *, context: JobContext
) -> tuple[Group, ...]:
    """Find the groups of images on the map, named by their commonest label, or modality.

    A group in which even the commonest is rare has no name. Members are rows of `images`.

    Args:
        images: of the collection.
        answer: the layout.
        folder: of the collection, where the groups are kept; None keeps nothing.
    """
    from vlm_explorer.analysis.group_levels import groups_of
    from vlm_explorer.queries.regions import regions_of

    row_of = images.row_of
    rows = np.array([row_of.get(image_id, -1) for image_id in answer.image_ids], np.int64)
    known = np.flatnonzero(rows >= 0)
    xy = answer.xy[known]
    codes = regions_of(xy, folder, context=context)
    context.check()
    names = _names(images)
    groups = groups_of(xy, [names[row] for row in rows[known]], codes)
    return tuple(_named(group, rows[known]) for group in groups)


def _named(group: Group, rows: NDArray[np.int64]) -> Group:
    members = np.sort(rows[group.members])
    if group.share >= LEAST_SHARE:
        return replace(group, members=members)
    return replace(group, members=members, name="", share=0.0)


def _names(images: ImageTable) -> list[str]:
    """Return what the groups of the map are named after: labels, else modalities, else ""."""
    for column in (images.label, images.modality):
        if any(column):
            return [str(value) for value in column]
    return [""] * len(images)


def name_groups(
    opened: Opened, encoder: Encoder, groups: tuple[Group, ...], *, context: JobContext
) -> tuple[Group, ...]:
    """Name groups by the phrases that their images prefer to all others.

    Where no phrase is preferred clearly, a coarse group keeps its name, a finer one has none.
    """
    from vlm_explorer.queries.group_names import name_by_phrases

    if opened.vectors is None:
        return groups
    members = [group.members for group in groups]
    within = [None if group.parent < 0 else members[group.parent] for group in groups]
    found = name_by_phrases(opened.vectors, members, encoder, within, context=context)
    return tuple(_renamed(group, name) for group, name in zip(groups, found, strict=True))


def _renamed(group: Group, name: tuple[str, PhraseName] | None) -> Group:
    if name is not None:
        return replace(group, name=name[0], preferred=name[1])
    return group if group.parent < 0 else replace(group, name="", share=0.0)


def region_names(
    images: int, groups: tuple[Group, ...], level: int
) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Return the name of each image's region: of the finest up to a level that has one.

    Returns:
        The names, "" first; regions of one name are numbered. And int32 (N,), which of them each
        image has.
    """
    names, numbers, used = [""], np.zeros(images, np.int32), dict[str, int]()
    for group in groups:
        known = not len(group.members) or group.members[-1] < images
        if group.level > level or not group.name or not known:
            continue
        used[group.name] = used.get(group.name, 0) + 1
        again = used[group.name]
        names.append(group.name if again == 1 else f"{group.name} ({again})")
        numbers[group.members] = len(names) - 1
    return tuple(names), numbers
