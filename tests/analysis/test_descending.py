"""Rows by descending value are those of numpy's stable sort."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from vlm_explorer.analysis.descending import descending

FLOATS = st.floats(width=32) | st.sampled_from([0.0, -0.0, 0.25, -0.25])


@given(arrays(np.float32, array_shapes(max_dims=1, min_side=0, max_side=300), elements=FLOATS))
def test_that_rows_are_sorted_as_by_a_stable_sort_with_nan_last(
    values: NDArray[np.float32],
) -> None:
    rows = descending(values)
    assert rows.tolist() == np.argsort(-values, kind="stable").tolist()
    assert rows.dtype == np.int64


def test_that_many_rows_with_ties_are_sorted_as_by_a_stable_sort() -> None:
    values = np.random.default_rng(0).integers(-500, 500, 70_000).astype(np.float32) / 1000
    assert (descending(values) == np.argsort(-values, kind="stable")).all()
