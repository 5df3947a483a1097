"""Points that stand for others, from afar and from near."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.rendering.representatives import LEVELS, representatives


def cloud(seed, count=400):
    return np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(1.0, 1e4))
def test_that_coming_nearer_only_adds_points(seed, scale):
    found = representatives(cloud(seed), np.arange(400))
    far = found.down_to(scale, 100).tolist()
    near = found.down_to(scale * 2, 100).tolist()
    assert near[: len(far)] == far
    assert len(set(near)) == len(near)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 5))
def test_that_every_cell_with_points_has_someone_to_stand_for_it(seed, level):
    xy = cloud(seed)
    found = representatives(xy, np.arange(400))
    chosen = found.points[found.level <= level]
    parts = 2 << level
    corner, side = xy.min(axis=0), np.ptp(xy, axis=0).max()
    cells = np.minimum(((xy.astype(float) - corner) / side * parts).astype(int), parts - 1)
    assert {tuple(cell) for cell in cells} == {tuple(cell) for cell in cells[chosen]}


def test_that_how_many_there_are_follows_from_how_large_a_cell_is_on_the_screen():
    xy = cloud(0, 5000)
    found = representatives(xy, np.arange(5000))
    for level in range(4):
        scale = 100 * (2 << level) / found.side * 1.01
        assert len(found.down_to(scale, 100)) == (found.level <= level).sum()
    assert len(found.down_to(1e-9, 100)) == 0


def test_that_only_those_that_may_be_chosen_are():
    xy, among = cloud(1), np.arange(0, 400, 3)
    assert set(representatives(xy, among).points.tolist()) <= set(among.tolist())


@pytest.mark.parametrize("count", [0, 1, 7])
def test_that_points_in_one_place_have_one_to_stand_for_them(count):
    found = representatives(np.ones((7, 2), np.float32), np.arange(count))
    assert len(found.points) == min(count, 1)
    assert found.level.max(initial=0) < LEVELS
