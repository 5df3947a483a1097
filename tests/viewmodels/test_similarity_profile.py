from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.queries.search_answer import SearchAnswer
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.similarity_profile import Profile, profile_of
from vlm_explorer.viewmodels.states import QueryState

IDS = ("d", "b", "a", "c")


def images() -> ImageTable:
    return ImageTable(pa.Table.from_pylist([{"image_id": name} for name in "abcd"]))


def query(*cosines: float, text: str = "nodule", like: str | None = None) -> QueryState:
    answer = SearchAnswer("m", text, (), np.array(cosines, np.float32))
    return QueryState(text=text, like=like, answer=answer)


def test_that_cosines_come_in_the_order_of_the_wheel() -> None:
    profile = profile_of(images(), query(0.1, 0.2, 0.3, -0.4), IDS)
    assert profile is not None
    np.testing.assert_allclose(profile.cosine, [-0.4, 0.2, 0.1, 0.3])
    assert profile.best == 3
    assert profile.range == pytest.approx((-0.4, 0.3))
    assert profile.words_at(0) == "Image 1 of 4: cosine −0.400 to “nodule”"
    assert profile.summary() == "Cosine to “nodule” from −0.400 to 0.300, highest at image 4"


def test_that_images_that_came_after_the_answer_are_said_to_be_not_encoded() -> None:
    profile = profile_of(images(), query(0.1, 0.2), IDS)
    assert profile is not None
    assert profile.known.tolist() == [False, True, True, False]
    assert profile.best == 1
    assert profile.words_at(0) == "Image 1 of 4: not encoded"
    assert profile.summary().endswith("2 of 4 images not encoded")


def test_that_there_is_no_profile_without_an_answer_or_a_series() -> None:
    assert profile_of(images(), QueryState(text="x", pending=True), IDS) is None
    assert profile_of(images(), query(0.1, 0.2, 0.3, 0.4), ("a",)) is None
    assert profile_of(images(), query(0.1), ("b", "c")) is None


def test_that_a_search_by_image_is_named_so() -> None:
    profile = profile_of(images(), query(0.1, 0.2, 0.3, 0.4, text="", like="a"), IDS)
    assert profile is not None
    assert profile.subject == "the image searched for"


cosines = st.lists(st.floats(-1, 1, width=32) | st.just(np.nan), min_size=2, max_size=40).filter(
    lambda values: np.isfinite(values).any()
)


@given(cosines, st.integers(1, 60))
def test_that_no_part_of_the_series_is_left_out_of_the_plot(
    values: list[float], count: int
) -> None:
    profile = Profile(np.array(values, np.float32), "x")
    bins = profile.bins(count)
    assert len(bins) == count
    assert np.nanmax(bins) == profile.range[1]
    shown = set(bins[np.isfinite(bins)].tolist())
    assert shown <= set(profile.cosine[profile.known].tolist())
    if count >= len(values):
        assert shown == set(profile.cosine[profile.known].tolist())


def test_that_a_bin_without_any_vector_is_empty() -> None:
    profile = Profile(np.array([0.5, np.nan, np.nan, 0.1], np.float32), "x")
    np.testing.assert_array_equal(profile.bins(2), np.array([0.5, 0.1], np.float32))
    np.testing.assert_array_equal(np.isnan(profile.bins(4)), [False, True, True, False])
