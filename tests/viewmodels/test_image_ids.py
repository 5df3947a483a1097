"""Ids of images that are a mask inside: a set like any other, and quick where they are many."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.viewmodels.filters import Without, among
from vlm_explorer.viewmodels.image_ids import ImageIds
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.session import Session

SIZE = 12
IMAGES, SAME_AGAIN = (
    ImageTable(pa.table({"image_id": [f"image-{row}" for row in range(SIZE)]})) for _ in range(2)
)
masks = st.lists(st.booleans(), min_size=SIZE, max_size=SIZE).map(np.array)


def plain(mask: np.ndarray) -> frozenset[str]:
    return frozenset(IMAGES.ids[mask].tolist())


@given(masks)
def test_that_ids_are_the_set_of_the_ids_of_the_mask(mask: np.ndarray) -> None:
    ids, expected = ImageIds(IMAGES, mask), plain(mask)
    assert list(ids) == IMAGES.ids[mask].tolist()
    assert len(ids) == len(expected)
    assert bool(ids) == bool(expected)
    assert {key for key in IMAGES.ids if key in ids} == expected
    assert "stranger" not in ids
    assert 3 not in ids
    assert (ids, expected) == (expected, ids)
    assert hash(ids) == hash(expected)


@given(masks, masks)
def test_that_two_sets_join_and_compare_as_plain_ones_whichever_table(
    one: np.ndarray, other: np.ndarray
) -> None:
    ids = ImageIds(IMAGES, one)
    for second in (ImageIds(IMAGES, other), ImageIds(SAME_AGAIN, other), plain(other)):
        assert ids | second == plain(one) | plain(other)
        assert second | ids == plain(one) | plain(other)
        assert ids & second == plain(one) & plain(other)
        assert ids - second == plain(one) - plain(other)
        assert (ids == second) == (plain(one) == plain(other))
        assert (ids <= second) == (plain(one) <= plain(other))


@given(masks)
def test_that_rows_and_masks_are_the_same_of_any_kind_of_ids(mask: np.ndarray) -> None:
    for ids in (ImageIds(IMAGES, mask), ImageIds(SAME_AGAIN, mask), plain(mask)):
        np.testing.assert_array_equal(IMAGES.rows_of(ids), np.flatnonzero(mask))
        np.testing.assert_array_equal(among(IMAGES, ids), mask)
        np.testing.assert_array_equal(Without(ids).mask(IMAGES), ~mask)


def test_that_choosing_undoing_and_hiding_by_mask_list_no_ids(
    session: Session, monkeypatch
) -> None:
    session.images, session.shown = IMAGES, np.ones(SIZE, np.bool_)

    def refuse(*_: object) -> None:
        raise AssertionError("ids were listed one by one")

    monkeypatch.setattr(ImageIds, "__iter__", refuse)
    monkeypatch.setattr("vlm_explorer.viewmodels.session_shown.MOST_KEPT", 0)
    few, many = np.arange(SIZE) < 4, np.arange(SIZE) >= 2
    session.select_mask(few, None)
    session.select_mask(many, None)
    session.select(session.selection.ids, str(IMAGES.ids[3]))
    np.testing.assert_array_equal(session.selected, many)
    session.set_filter(Without(session.selection.ids))
    np.testing.assert_array_equal(session.shown, ~many)
    for _ in range(3):
        session.history.undo()
    np.testing.assert_array_equal(session.selected, few)
    assert session.shown.all()
    session.history.redo()
    np.testing.assert_array_equal(session.selected, many)
