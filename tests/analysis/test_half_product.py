import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.analysis import half_product
from vlm_explorer.analysis.half_product import error_bound, product, widen


def unit_rows(count, dimension, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count, dimension))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def compiled():
    half_product.get_ready()
    assert half_product._loop is not None


def test_that_every_finite_half_is_widened_to_the_bit():
    halves = np.arange(65536, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    np.testing.assert_array_equal(
        widen(halves).view(np.uint32), halves.astype(np.float32).view(np.uint32)
    )


def both_ways(rows, query, monkeypatch):
    monkeypatch.setattr(half_product, "WORTHWHILE", 1)
    monkeypatch.setattr(half_product, "_ALONE", 1)
    by_loop = product(rows, query)
    monkeypatch.setattr(half_product, "_loop", None)
    monkeypatch.setattr(half_product, "get_ready", lambda: None)
    return by_loop, product(rows, query)


@settings(deadline=None, max_examples=60)
@given(
    count=st.sampled_from([0, 1, 2, 3, 255, 257, 1000]),
    dimension=st.sampled_from([1, 2, 15, 16, 17, 512, 513]),
    scale=st.sampled_from([1.0, 1e-3, 6e-8]),
    seed=st.integers(0, 1000),
)
def test_that_a_product_is_within_its_bound_of_the_real_one(
    compiled, count, dimension, scale, seed
):
    rows = (scale * unit_rows(count, dimension, seed)).astype(np.float16)
    query = unit_rows(1, dimension, seed + 1)[0].astype(np.float32)
    real = (rows.astype(np.float64) * query).sum(axis=1)
    length = np.linalg.norm(rows.astype(np.float64), axis=1).max(initial=0)
    bound = error_bound(dimension, length * np.linalg.norm(query.astype(np.float64)))
    with pytest.MonkeyPatch.context() as patch:
        for found in both_ways(rows, query, patch):
            assert found.shape == (count,)
            assert found.dtype == np.float32
            assert np.abs(found - real).max(initial=0) <= bound


def test_that_a_sum_that_cancels_stays_within_its_bound(compiled, monkeypatch):
    rows = np.tile(np.array([1, -1], np.float16), (100, 128)) / np.float16(16)
    query = np.where(np.arange(256) % 2, 0.0625000037, 0.0625).astype(np.float32)
    real = (rows.astype(np.float64) * query).sum(axis=1)
    for found in both_ways(rows, query, monkeypatch):
        assert np.abs(found - real).max() <= error_bound(256, 1.0001)


def test_that_rows_apart_in_memory_are_taken_as_they_are(compiled, monkeypatch):
    wide = unit_rows(400, 64).astype(np.float16)
    query = unit_rows(1, 32, 3)[0].astype(np.float32)
    for found in both_ways(wide[::2, ::2], query, monkeypatch):
        np.testing.assert_allclose(found, wide[::2, ::2].astype(np.float64) @ query, atol=1e-6)


def test_that_the_second_large_product_compiles_the_loop(monkeypatch):
    asked = []
    monkeypatch.setattr(half_product, "WORTHWHILE", 64)
    monkeypatch.setattr(half_product, "_large_products", 0)
    monkeypatch.setattr(half_product, "_loop", None)
    monkeypatch.setattr(half_product, "get_ready", lambda: asked.append(True))
    rows, query = unit_rows(16, 8).astype(np.float16), unit_rows(1, 8)[0].astype(np.float32)
    product(rows[:2], query)
    product(rows, query)
    assert not asked
    product(rows, query)
    assert asked
