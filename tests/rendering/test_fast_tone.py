"""The compiled loops draw what numpy draws."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vlm_explorer.rendering import compiled
from vlm_explorer.rendering.picking import inside_polygon
from vlm_explorer.rendering.rasteriser import DISC_LIMIT, Brush, Level, Points, rasterise
from vlm_explorer.rendering.spatial_order import LastOrder, order_of
from vlm_explorer.rendering.view import View

GROUND = np.array([11, 14, 18], np.uint8)
PALETTE = np.array([[76, 194, 255], [255, 176, 0], [255, 92, 138], [120, 220, 90]], np.uint8)
VIEW = View(0, 0, 40, 300, 200)
BRUSH = Brush(
    palette=PALETTE,
    ground=GROUND,
    accent=np.array([0, 255, 0], np.uint8),
    ghost=np.array([57, 66, 78], np.uint8),
    diameter=3.0,
)


@pytest.fixture(scope="module")
def loops() -> Iterator[object]:
    loops = compiled.get_ready()
    assert loops is not None
    yield loops
    compiled.forget()


def cloud(size: int = 30_000, seed: int = 0) -> Points:
    chance = np.random.default_rng(seed)
    codes = chance.choice(4, size, p=[0.6, 0.3, 0.0995, 0.0005]).astype(np.uint8)
    xy = (chance.normal(size=(size, 2)) * 2 + codes[:, None]).astype(np.float32)
    xy[::1000] = np.nan
    return Points(xy, codes, chance.random(size) < 0.2, np.full(size, Level.PLAIN, np.int8))


def by_numpy(points: Points, brush: Brush, view: View, ratio: float) -> np.ndarray:
    kept = compiled.forget()
    try:
        return rasterise(points, brush, view, ratio)
    finally:
        compiled.remember(kept)


def assert_same_picture(points: Points, brush: Brush, view: View, ratio: float) -> None:
    expected = by_numpy(points, brush, view, ratio)
    for _ in range(2):  # as the points come, then in their order in space
        found = rasterise(points, brush, view, ratio)
        difference = np.abs(found.astype(int) - expected)
        assert difference.max() <= 1
        assert (difference > 0).mean() < 1e-3


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("ground", [[11, 14, 18], [250, 250, 250]])
def test_that_both_ways_give_the_same_picture(
    loops: object, ratio: float, ground: list[int]
) -> None:
    brush = dataclasses.replace(BRUSH, ground=np.array(ground, np.uint8))
    assert_same_picture(cloud(), brush, VIEW, ratio)


@pytest.mark.parametrize("selected", [0, 50, 5000])
def test_that_layers_halos_and_rare_categories_are_the_same(loops: object, selected: int) -> None:
    points = cloud(40_000)
    level = np.random.default_rng(1).choice([-1, 0, 1, 2], len(points)).astype(np.int8)
    level[:selected] = Level.SELECTED
    assert_same_picture(dataclasses.replace(points, level=level), BRUSH, VIEW, 1.0)


def test_that_values_are_the_same_as_categories_are(loops: object) -> None:
    points = cloud()
    ramp = np.linspace(0, 255, 256).astype(np.uint8)
    brush = dataclasses.replace(
        BRUSH, palette=np.stack([ramp, ramp // 2, 255 - ramp], axis=1), ordered=True
    )
    codes = np.random.default_rng(2).integers(0, 256, len(points)).astype(np.uint8)
    assert_same_picture(dataclasses.replace(points, codes=codes), brush, VIEW, 1.0)


def test_that_few_in_view_of_many_are_drawn_as_discs(loops: object) -> None:
    points = cloud(60_000)
    near = View(2.0, 2.0, 4000.0, 300, 200)
    expected = by_numpy(points, BRUSH, near, 1.0)
    for _ in range(2):
        np.testing.assert_array_equal(rasterise(points, BRUSH, near, 1.0), expected)


def test_that_points_beside_the_picture_leave_it_empty(loops: object) -> None:
    away = View(1e6, 1e6, 40, 300, 200)
    picture = rasterise(cloud(), BRUSH, away)
    assert (picture[..., :3] == GROUND).all()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    scale=st.floats(0.5, 300),
    x=st.floats(-5, 5),
    y=st.floats(-5, 5),
    width=st.integers(1, 400),
    height=st.integers(1, 300),
    diameter=st.floats(1.0, 8.0),
)
def test_that_any_view_gives_the_same_picture(
    loops: object, scale: float, x: float, y: float, width: int, height: int, diameter: float
) -> None:
    brush = dataclasses.replace(BRUSH, diameter=diameter)
    assert_same_picture(cloud(DISC_LIMIT + 1), brush, View(x, y, scale, width, height), 1.0)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    outline=st.lists(st.tuples(st.integers(-24, 24), st.integers(-24, 24)), min_size=0, max_size=12)
)
def test_that_a_lasso_holds_the_same_points(loops: object, outline: list[tuple[int, int]]) -> None:
    grid = np.stack(np.meshgrid(np.arange(-26, 26), np.arange(-26, 26)), axis=-1).reshape(-1, 2)
    xy = np.concatenate([cloud().xy, grid / 4]).astype(np.float32)  # vertices and edges as well
    polygon = np.array(outline, np.float64).reshape(-1, 2) / 4
    found = inside_polygon(xy, polygon)
    kept = compiled.forget()
    try:
        np.testing.assert_array_equal(found, inside_polygon(xy, polygon))
    finally:
        compiled.remember(kept)


def test_that_numpy_draws_until_the_loops_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = compiled.forget()
    started: list[object] = []
    monkeypatch.setattr(compiled, "_start", lambda: started.append(1))
    try:
        picture = rasterise(cloud(), BRUSH, VIEW)
        rasterise(cloud(), BRUSH, VIEW)
    finally:
        compiled.remember(kept)
    assert (picture[..., :3] != GROUND).any()
    assert started == [1]


def test_that_an_order_holds_every_point_once() -> None:
    points = cloud()
    order = order_of(points.xy)
    np.testing.assert_array_equal(np.sort(order), np.arange(len(points)))
    steps = np.abs(np.diff(points.xy[order], axis=0))
    unordered = np.abs(np.diff(points.xy, axis=0))
    assert np.nanmedian(steps[:, 1]) < np.nanmedian(unordered[:, 1]) / 10


def test_that_places_are_put_in_order_when_they_are_drawn_again() -> None:
    last, xy, other = LastOrder(), cloud().xy, cloud(seed=3).xy
    assert last.of(xy).order is None
    ordered = last.of(xy)
    assert ordered.order is not None
    np.testing.assert_array_equal(ordered.xy, xy[ordered.order])
    column = np.arange(len(xy))
    assert ordered.take(column) is ordered.take(column)
    np.testing.assert_array_equal(ordered.take(column), ordered.order)
    np.testing.assert_array_equal(ordered.back(np.array([5, 2])), np.sort(ordered.order[[5, 2]]))
    assert last.of(other).order is None
