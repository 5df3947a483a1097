from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from vlm_explorer.analysis import near_duplicates
from vlm_explorer.analysis.near_duplicates import connected, find_pairs
from vlm_explorer.analysis.similarity import unit


def rows(count: int, seed: int, dimension: int = 12) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(1, count // 4), dimension))
    spread = rng.choice([0.02, 0.5], (count, 1))
    near = centres[rng.integers(0, len(centres), count)]
    return unit(near + spread * rng.standard_normal((count, dimension)))


def expected(vectors: np.ndarray, least: float, groups: np.ndarray) -> dict[tuple[int, int], float]:
    cosine = cosine_similarity(vectors.astype(np.float64))
    return {
        (one, other): cosine[one, other]
        for one in range(len(vectors))
        for other in range(one + 1, len(vectors))
        if groups[one] != groups[other] and cosine[one, other] >= least
    }


@given(
    count=st.integers(1, 60),
    seed=st.integers(0, 999),
    least=st.sampled_from([-1.0, 0.3, 0.9, 0.99]),
    cells=st.sampled_from([7, 64, 1 << 23]),
    series=st.integers(1, 60),
)
def test_that_the_pairs_are_those_of_scikit_learn_whatever_the_blocks(
    count: int, seed: int, least: float, cells: int, series: int
) -> None:
    vectors = rows(count, seed)
    groups = np.random.default_rng(seed).integers(0, series, count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "_CELLS_AT_ONCE", cells)
        found = find_pairs(vectors, least, groups=groups)
    wanted = expected(vectors, least, groups)
    pairs = [(one, other) for one, other in found.rows.tolist()]
    near_the_line = {pair for pair, value in wanted.items() if abs(value - least) < 1e-6}
    assert set(pairs) ^ set(wanted) <= near_the_line
    assert len(pairs) == len(set(pairs))
    assert list(found.cosine) == sorted(found.cosine, reverse=True)
    for pair, cosine in zip(pairs, found.cosine, strict=True):
        assert cosine == pytest.approx(min(1, wanted.get(pair, least)), abs=1e-6)
    assert found.complete_from == least
    full = cosine_similarity(vectors)
    full[groups[:, None] == groups[None, :]] = -np.inf
    best = full.max(axis=1)
    np.testing.assert_allclose(found.nearest, np.where(np.isinf(best), np.nan, best), atol=1e-5)


@given(seed=st.integers(0, 999), most=st.integers(1, 40))
def test_that_where_there_are_too_many_pairs_the_nearest_stay_and_it_is_said_from_where(
    seed: int, most: int
) -> None:
    vectors = rows(50, seed)
    wanted = expected(vectors, 0.0, np.arange(50))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_duplicates, "_CELLS_AT_ONCE", 128)
        found = find_pairs(vectors, 0.0, most=most)
    assert len(found.rows) <= most
    assert found.complete_from > 0
    there = {(one, other) for one, other in found.rows.tolist()}
    above = {pair for pair, cosine in wanted.items() if cosine >= found.complete_from + 1e-6}
    assert above <= there
    assert all(wanted[pair] >= found.complete_from - 1e-6 for pair in there)


def test_that_vectors_of_zeros_are_pairs_of_nothing() -> None:
    vectors = np.zeros((3, 4), np.float32)
    assert len(find_pairs(vectors, 0.5).rows) == 0
    assert len(find_pairs(vectors[:0], 0.5).rows) == 0
    assert np.isnan(find_pairs(vectors[:1], 0.5).nearest).all()


def test_that_pairs_hang_together_through_others() -> None:
    pairs = np.array([[7, 8], [0, 1], [1, 2], [4, 5], [2, 3]])
    np.testing.assert_array_equal(connected(9, pairs), [0, 1, 1, 2, 1])
    assert connected(9, pairs[:0]).shape == (0,)
