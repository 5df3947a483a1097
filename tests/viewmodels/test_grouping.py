"""The groups of the map and their names."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.grouping import find_groups, name_groups, wants_phrases
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


def found(images: ImageTable, ids: list[str]) -> Any:
    return find_groups(images, layout(ids), context=JobContext())


def test_that_groups_are_named_by_labels_before_modalities() -> None:
    parity = ["odd" if n % 2 else "even" for n in range(90)]
    labelled = found(table(parity, ["CT"] * 90), IDS)
    assert sorted(group.name for group in labelled) == ["even", "odd"]
    bare = found(table([""] * 90, ["CT"] * 90), IDS)
    assert [group.name for group in bare] == ["CT", "CT"]


def test_that_a_group_without_a_common_label_has_no_name() -> None:
    groups = found(table([f"label {n}" for n in range(90)], ["CT"] * 90), IDS)
    assert [group.name for group in groups] == ["", ""]


def test_that_members_are_rows_of_the_images_where_the_map_holds_only_some() -> None:
    images = table(["odd" if n % 2 else "even" for n in range(90)], ["CT"] * 90)
    groups = found(images, IDS[20:][::-1])
    for group in groups:
        assert min(group.members) >= 20
        assert (np.diff(group.members) > 0).all()
        assert {n % 2 for n in group.members.tolist()} == {int(group.name == "odd")}


@pytest.mark.parametrize(("label", "wanted"), [("", True), ("nodule", False)])
def test_that_phrases_are_wanted_where_nobody_labelled(label: str, wanted: bool) -> None:
    images = table([label] * 90, ["CT"] * 90)
    assert wants_phrases(images, found(images, IDS)) is wanted


def test_that_groups_are_named_by_what_their_images_prefer(encoder: Encoder) -> None:
    images = table([""] * 90, ["CT"] * 90)
    groups = found(images, IDS)
    words = encoder.encode_texts(["chest x-ray", "histology slide"])
    vectors = words[np.arange(90) % 2].astype(np.float16)
    opened: Any = SimpleNamespace(vectors=vectors)
    named = name_groups(opened, encoder, groups, context=JobContext())
    assert all(group.preferred is not None and group.preferred.preference > 0 for group in named)
    assert len({group.name for group in named}) == 2
    assert not wants_phrases(images, named)
    opened.vectors = None
    assert name_groups(opened, encoder, groups, context=JobContext()) == groups
