import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.analysis.similarity import TIE, combine, cosines, top_k, unit
from vlm_explorer.errors import UsageError


def unit_rows(count, dimension, seed=0, dtype=np.float32):
    rows = np.random.default_rng(seed).normal(size=(count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_that_cosines_are_those_of_a_float64_product(dtype):
    vectors, queries = unit_rows(40_000, 64, dtype=dtype), unit_rows(3, 64, seed=1)
    found = cosines(vectors, queries)
    assert found.dtype == np.float32
    np.testing.assert_allclose(
        found, vectors.astype(np.float64) @ queries.T.astype(np.float64), atol=1e-6
    )
    np.testing.assert_allclose(cosines(vectors, queries[1]), found[:, 1], atol=1e-6)


def test_that_a_half_precision_matrix_is_summed_in_single_precision():
    vectors = np.full((1, 4096), 1 / 64, np.float16)
    query = np.full(4096, 1 / 64, np.float32)
    assert cosines(vectors, query)[0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_that_the_best_k_are_those_of_torch(dtype):
    import torch

    vectors, query = unit_rows(5000, 32, dtype=dtype), unit_rows(1, 32, seed=2)[0]
    expected = torch.topk(
        torch.from_numpy(vectors.astype(np.float64)) @ torch.from_numpy(query.astype(np.float64)),
        20,
    )
    indices, values = top_k(vectors, query, 20)
    assert indices.tolist() == expected.indices.tolist()
    np.testing.assert_allclose(values, expected.values.numpy(), atol=1e-6)
    assert indices.dtype == np.int64
    assert values.dtype == np.float32


@settings(deadline=None, max_examples=50)
@given(
    count=st.integers(1, 200),
    distinct=st.integers(1, 5),
    k=st.integers(1, 220),
    seed=st.integers(0, 1000),
)
def test_that_equal_vectors_keep_their_order(count, distinct, k, seed):
    kinds = unit_rows(distinct, 33, seed)
    which = np.random.default_rng(seed).integers(0, distinct, count)
    indices, values = top_k(kinds[which], unit_rows(1, 33, seed + 1)[0], k)
    assert len(indices) == min(k, count)
    assert sorted(zip(-values, indices, strict=True)) == list(zip(-values, indices, strict=True))
    per_kind = (kinds.astype(np.float64) * unit_rows(1, 33, seed + 1)[0]).sum(axis=1)
    expected = sorted(range(count), key=lambda row: (-per_kind[which[row]], row))[:k]
    assert indices.tolist() == expected


def exact_cosines(vectors, query):
    return (vectors.astype(np.float64) * query.astype(np.float64)).sum(axis=1)


def ranking_by_definition(vectors, query, k, names):
    """From the best down: whoever is within TIE of the best that is left goes with it, by name."""
    left = sorted(range(len(vectors)), key=lambda row: -exact_cosines(vectors, query)[row])
    values, ranking = exact_cosines(vectors, query), []
    while left:
        tied = [row for row in left if values[row] >= values[left[0]] - TIE]
        ranking += sorted(tied, key=lambda row: names[row])
        left = [row for row in left if row not in tied]
    return ranking[:k]


@settings(deadline=None, max_examples=60)
@given(
    count=st.integers(1, 130),
    dimension=st.sampled_from([1, 2, 3, 31, 64, 100]),
    k=st.integers(1, 150),
    spread=st.sampled_from([0.0, 3e-7, 1e-5, 1e-3, 1.0]),
    zeros=st.integers(0, 3),
    seed=st.integers(0, 1000),
)
def test_that_the_best_k_are_those_of_the_definition(count, dimension, k, spread, zeros, seed):
    chance = np.random.default_rng(seed)
    query = unit_rows(1, dimension, seed)[0]
    rows = query + spread * chance.normal(size=(count, dimension))
    rows = unit(rows).astype(np.float16)
    rows[chance.integers(0, count, zeros)] = 0
    names = [f"{number:08x}" for number in chance.permutation(count)]
    found, values = top_k(rows, query, k, lambda rows: [names[row] for row in rows])
    assert found.tolist() == ranking_by_definition(rows, query, k, names)
    np.testing.assert_allclose(values, exact_cosines(rows, query)[found], atol=1e-7)


def test_that_ties_by_the_thousand_go_by_their_names():
    rows = np.repeat(unit_rows(3, 48, dtype=np.float16), 4000, axis=0)
    query = unit_rows(1, 48, seed=4)[0]
    names = np.random.default_rng(5).permutation(len(rows))
    found, _ = top_k(rows, query, 4010, lambda rows: [f"{names[row]:06d}" for row in rows])
    first, second = np.argsort(-exact_cosines(rows[::4000], query))[:2] * 4000
    expected = [
        *sorted(range(first, first + 4000), key=lambda row: names[row]),
        *sorted(range(second, second + 4000), key=lambda row: names[row])[:10],
    ]
    assert found.tolist() == expected


def test_that_a_tie_is_reckoned_from_its_best_and_does_not_run_on():
    query = np.array([1.0, 0.0], np.float32)
    rows = np.array([[1 - step * 6e-7, 0] for step in range(4)], np.float32)
    found, _ = top_k(rows, query, 4, lambda rows: ["dcba"[row] for row in rows])
    assert found.tolist() == [1, 0, 3, 2]


@pytest.mark.parametrize("k", [1, 7, 20, 5000])
def test_that_the_best_of_very_many_are_those_of_a_sort(k):
    rows = unit_rows(50_003, 8, dtype=np.float16)
    rows[1234:1334] = rows[99]
    query = rows[99].astype(np.float32)
    found, _ = top_k(rows, query, k)
    expected = np.lexsort((np.arange(len(rows)), -np.round(exact_cosines(rows, query), 12)))[:k]
    if k <= 20:
        assert found.tolist() == expected.tolist()
    else:  # among so many some differ by less than a tie
        np.testing.assert_allclose(
            exact_cosines(rows, query)[found], exact_cosines(rows, query)[expected], atol=TIE
        )


def test_that_no_vectors_give_no_hits():
    indices, values = top_k(np.empty((0, 8), np.float32), unit_rows(1, 8)[0], 5)
    assert indices.shape == values.shape == (0,)


def test_that_a_combined_query_is_the_weighted_sum_at_length_one():
    positive, negative = unit_rows(2, 16), unit_rows(1, 16, seed=5)
    expected = 2 * positive[0] + 1 * positive[1] - 0.5 * negative[0]
    found = combine(positive, negative, [2, 1, 0.5])
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-6)
    np.testing.assert_allclose(combine(positive[:1]), positive[0], atol=1e-6)


@pytest.mark.parametrize("weights", [[1], [1, -1], [1, float("nan")]])
def test_that_weights_that_do_not_fit_are_refused(weights):
    with pytest.raises(UsageError, match="weights"):
        combine(unit_rows(2, 4), None, weights)


def test_that_queries_that_cancel_out_are_refused():
    row = unit_rows(1, 4)
    with pytest.raises(UsageError, match="cancel"):
        combine(row, row)
    with pytest.raises(UsageError, match="nothing to search"):
        combine(row[:0], row[:0])


def test_that_unit_leaves_rows_of_zeros():
    rows = np.array([[3.0, 4.0], [0.0, 0.0]], np.float32)
    np.testing.assert_allclose(unit(rows), [[0.6, 0.8], [0, 0]], atol=1e-7)
