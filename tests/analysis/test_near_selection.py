"""Growing a selection: the nearest of each, as numpy finds them by sorting everything."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.analysis import near_selection
from vlm_explorer.analysis.near_selection import nearest_to_rows
from vlm_explorer.jobs import Cancelled, JobContext


def unit_rows(count, seed):
    vectors = np.random.default_rng(seed).standard_normal((count, 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def by_sorting(vectors, rows, k):
    cosine = vectors[rows].astype(np.float32) @ vectors.astype(np.float32).T
    cosine[np.arange(len(rows)), rows] = -np.inf
    found = np.unique(np.argsort(-cosine, axis=1, kind="stable")[:, :k])
    return np.setdiff1d(found, rows)


@given(seed=st.integers(0, 99), k=st.integers(1, 12), chosen=st.integers(1, 20))
def test_that_the_nearest_are_those_that_sorting_finds(seed, k, chosen):
    vectors = unit_rows(60, seed)
    rows = np.random.default_rng(seed).permutation(60)[:chosen]
    found = nearest_to_rows(vectors, rows, k, context=JobContext())
    np.testing.assert_array_equal(found, by_sorting(vectors, rows, k))


def test_that_blocks_do_not_show(monkeypatch):
    vectors, rows = unit_rows(100, 1), np.arange(0, 100, 7)
    whole = nearest_to_rows(vectors, rows, 5, context=JobContext())
    monkeypatch.setattr(near_selection, "_ROWS", 4)
    monkeypatch.setattr(near_selection, "_OTHERS", 9)
    parts = nearest_to_rows(vectors, rows, 5, context=JobContext())
    np.testing.assert_array_equal(parts, whole)


def test_that_images_without_a_vector_have_no_neighbours_and_are_none():
    vectors = unit_rows(20, 2)
    vectors[[3, 5]] = np.nan
    found = nearest_to_rows(vectors, np.array([3, 4]), 18, context=JobContext())
    assert set(found) == set(range(20)) - {3, 4, 5}


def test_that_there_may_be_fewer_images_than_neighbours_wanted():
    found = nearest_to_rows(unit_rows(4, 0), np.array([1]), 10, context=JobContext())
    np.testing.assert_array_equal(found, [0, 2, 3])


def test_that_it_can_be_cancelled():
    context = JobContext()
    context.cancel()
    with pytest.raises(Cancelled):
        nearest_to_rows(unit_rows(20, 0), np.arange(5), 3, context=context)
