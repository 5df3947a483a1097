"""Orders of rows and columns, and z-scores, held against scipy and against all permutations."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.analysis.seriation import scaled, seriate


def path_length(vectors: np.ndarray, order: np.ndarray) -> float:
    """The sum of cosine distances of neighbours."""
    rows = vectors[order] / np.linalg.norm(vectors[order], axis=1, keepdims=True)
    return float((1 - (rows[1:] * rows[:-1]).sum(axis=1)).sum())


@given(st.integers(0, 2**31), st.integers(0, 30))
def test_that_an_order_is_a_permutation_of_what_is_there(seed: int, count: int) -> None:
    vectors = np.random.default_rng(seed).standard_normal((count, 5))
    order = seriate(vectors)
    assert sorted(order.tolist()) == list(range(count))


def test_that_points_on_an_arc_come_in_their_order() -> None:
    angles = np.random.default_rng(3).permutation(np.linspace(0, 2, 20))
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    along = angles[seriate(vectors)]
    assert (np.diff(along) > 0).all() or (np.diff(along) < 0).all()
    assert path_length(vectors, seriate(vectors)) == pytest.approx(
        19 * (1 - np.cos(2 / 19)), abs=1e-5
    )


def test_that_no_turning_of_the_branches_is_shorter() -> None:
    from scipy.cluster.hierarchy import leaves_list, linkage

    vectors = np.random.default_rng(5).standard_normal((6, 3))
    found = path_length(vectors, seriate(vectors))
    best = min(path_length(vectors, np.array(order)) for order in permutations(range(6)))
    plain = leaves_list(linkage(vectors, "average", metric="cosine"))
    assert best - 1e-9 <= found <= path_length(vectors, plain) + 1e-9


def test_that_z_scores_equal_those_of_scipy_and_flat_rows_are_zero() -> None:
    from scipy.stats import zscore

    values = np.random.default_rng(0).standard_normal((6, 9))
    np.testing.assert_allclose(scaled(values, "row"), zscore(values, axis=1))
    np.testing.assert_allclose(scaled(values, "column"), zscore(values, axis=0))
    assert scaled(values, "cosine") is values
    assert not scaled(np.full((3, 4), 0.2), "row").any()
