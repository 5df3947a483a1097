"""Lines of equal value, against circles, straight lines and the definition."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vlm_explorer.rendering.contours import contour


def test_that_the_line_around_a_hill_is_a_closed_circle_of_its_length() -> None:
    y, x = np.mgrid[:120, :120] + 0.5
    pieces = contour(np.hypot(x - 60, y - 55), 40.3)
    radius = np.hypot(pieces[..., 0] - 60, pieces[..., 1] - 55)
    np.testing.assert_allclose(radius, 40.3, atol=0.01)
    length = np.linalg.norm(pieces[:, 1] - pieces[:, 0], axis=1).sum()
    assert abs(length / (2 * np.pi * 40.3) - 1) < 1e-3
    ends = Counter(map(tuple, np.round(pieces.reshape(-1, 2), 9)))
    assert set(ends.values()) == {2}  # every piece is joined to two others


@given(arrays(np.float64, (5, 6), elements=st.floats(-2, 2)), st.floats(-1, 1))
def test_that_every_line_lies_on_the_level_and_ends_nowhere_inside(
    values: np.ndarray, level: float
) -> None:
    pieces = contour(values, level)
    points = pieces.reshape(-1, 2) - 0.5
    column, row = np.floor(points[:, 0]).astype(int), np.floor(points[:, 1]).astype(int)
    right, below = np.minimum(column + 1, 5), np.minimum(row + 1, 4)
    across, down = points[:, 0] - column, points[:, 1] - row
    upper = values[row, column] * (1 - across) + values[row, right] * across
    lower = values[below, column] * (1 - across) + values[below, right] * across
    np.testing.assert_allclose(upper * (1 - down) + lower * down, level, atol=1e-6)
    high = values >= level
    crossed = (high[:, :-1] != high[:, 1:]).sum(axis=1)
    inner = (high[:-1] != high[1:]).sum(axis=0)
    # each side of a square that the level crosses is an end of a piece, on each of its squares
    ends = 2 * (crossed[1:-1].sum() + inner[1:-1].sum()) + crossed[0] + crossed[-1]
    assert len(points) == ends + inner[0] + inner[-1]


def test_that_no_line_runs_beside_what_was_never_seen() -> None:
    values = np.tile(np.arange(6.0), (4, 1))
    values[:, 3:] = np.nan
    pieces = contour(values, 1.5)
    assert (pieces[..., 0] == 2.0).all()
    assert len(contour(values, 2.5)) == 0
