"""The groups of the map and their names."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa

from vlm_explorer.analysis.groups import Group
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.grouping import find_groups, name_groups, region_names
from vlm_explorer.viewmodels.image_table import ImageTable

IDS = [f"i{n}" for n in range(90)]


def table(label: list[str], modality: list[str]) -> ImageTable:
    return ImageTable(pa.table({"image_id": IDS, "label": label, "modality": modality}))


def layout(ids: list[str]) -> Any:
    """Two islands: images of even and of odd number."""
    chance = np.random.default_rng(0)
    odd = np.array([int(name[1:]) % 2 for name in ids])
    xy = chance.normal(size=(len(ids), 2)) + 30 * odd[:, None]
    return SimpleNamespace(image_ids=tuple(ids), xy=xy.astype(np.float32))


def coarse(groups: Any) -> Any:
    return [group for group in groups if group.level == 0]


def found(images: ImageTable, ids: list[str]) -> Any:
    return find_groups(images, layout(ids), context=JobContext())


def test_that_groups_are_named_by_labels_before_modalities() -> None:
    parity = ["odd" if n % 2 else "even" for n in range(90)]
    labelled = found(table(parity, ["CT"] * 90), IDS)
    assert sorted(group.name for group in coarse(labelled)) == ["even", "odd"]
    bare = found(table([""] * 90, ["CT"] * 90), IDS)
    assert [group.name for group in coarse(bare)] == ["CT", "CT"]


def test_that_a_group_without_a_common_label_has_no_name() -> None:
    groups = found(table([f"label {n}" for n in range(90)], ["CT"] * 90), IDS)
    assert {group.name for group in groups} == {""}


def test_that_members_are_rows_of_the_images_where_the_map_holds_only_some() -> None:
    images = table(["odd" if n % 2 else "even" for n in range(90)], ["CT"] * 90)
    groups = found(images, IDS[20:][::-1])
    for group in groups:
        assert min(group.members) >= 20
        assert (np.diff(group.members) > 0).all()
        assert {n % 2 for n in group.members.tolist()} == {int(group.name == "odd")}


def test_that_groups_are_named_by_what_their_images_prefer(encoder: Encoder) -> None:
    images = table([""] * 90, ["CT"] * 90)
    groups = found(images, IDS)
    words = encoder.encode_texts(["chest x-ray", "histology slide"])
    vectors = words[np.arange(90) % 2].astype(np.float16)
    opened: Any = SimpleNamespace(vectors=vectors)
    named = name_groups(opened, encoder, groups, context=JobContext())
    apart = coarse(named)
    assert all(group.preferred is not None and group.preferred.preference > 0 for group in apart)
    assert len({group.name for group in apart}) == 2
    opened.vectors = None
    assert name_groups(opened, encoder, groups, context=JobContext()) == groups


def test_that_each_image_is_in_the_finest_region_that_has_a_name() -> None:
    groups = (
        Group("chest", 1, 6, 0, 0, np.arange(6)),
        Group("heart", 1, 2, 0, 0, np.arange(2), level=1, parent=0),
        Group("heart", 1, 2, 0, 0, np.arange(2, 4), level=1, parent=0),
        Group("", 1, 2, 0, 0, np.arange(4, 6), level=1, parent=0),
    )
    for level, expected in enumerate(
        (["chest"] * 6 + ["", ""], ["heart"] * 2 + ["heart (2)"] * 2 + ["chest"] * 2 + ["", ""])
    ):
        names, numbers = region_names(8, groups, level)
        assert [names[number] for number in numbers] == expected
