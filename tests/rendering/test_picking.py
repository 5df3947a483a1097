import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vlm_explorer.rendering import picking
from vlm_explorer.rendering.rasteriser import Level, Points
from vlm_explorer.rendering.view import View

VIEW = View(0.0, 0.0, 10.0, 200.0, 200.0)
grid = st.integers(-40, 40).map(lambda value: value / 4)  # coarse, so that points coincide


@st.composite
def clouds(draw):
    size = draw(st.integers(1, 40))
    xy = draw(arrays.arrays(np.float32, (size, 2), elements=grid))
    level = draw(arrays.arrays(np.int8, size, elements=st.sampled_from([int(v) for v in Level])))
    return Points(xy, np.zeros(size, np.uint8), np.zeros(size, np.bool_), level)


def picked_by_looking_at_each(points, view, position, size, reach):
    """The same answer, one point after the other, in the words of the description."""
    best, best_key = None, None
    for index in range(len(points)):
        if points.level[index] < Level.FADED:
            continue
        x, y = view.to_screen(points.xy[index].astype(np.float64))
        distance = float(np.hypot(x - position[0], y - position[1]))
        if distance > max(reach, size / 2):
            continue
        covers = distance <= size / 2
        key = (covers, 0.0 if covers else -distance, points.level[index], index)
        if best_key is None or key > best_key:
            best, best_key = index, key
    return best


@given(clouds(), st.integers(0, 200), st.integers(0, 200), st.sampled_from([3.0, 5.0, 12.0]))
@settings(max_examples=300)
def test_that_picking_equals_looking_at_each_point(points, x, y, size):
    expected = picked_by_looking_at_each(points, VIEW, (x, y), size, 8.0)
    assert picking.pick(points, VIEW, (x, y), size, 8.0) == expected


def test_that_picking_equals_looking_at_each_of_many_points():
    rng = np.random.default_rng(1)
    size = 3000
    points = Points(
        rng.normal(size=(size, 2)).astype(np.float32) * 4,
        np.zeros(size, np.uint8),
        np.zeros(size, np.bool_),
        rng.integers(-1, 4, size).astype(np.int8),
    )
    for position in rng.uniform(0, 200, (60, 2)):
        place = tuple(float(value) for value in position)
        expected = picked_by_looking_at_each(points, VIEW, place, 3.0, 8.0)
        assert picking.pick(points, VIEW, place, 3.0, 8.0) == expected


@pytest.mark.parametrize("level", [Level.ABSENT, Level.GHOST])
def test_that_hidden_and_filtered_points_are_never_picked(make_points, level):
    points = make_points([[0, 0]], level=[level])
    assert picking.pick(points, VIEW, (100, 100), 5, 8) is None
    assert not len(picking.lasso(points, VIEW, [(50, 50), (150, 50), (150, 150), (50, 150)]))


def test_that_of_two_points_in_one_place_the_upper_one_is_picked(make_points):
    points = make_points([[0, 0], [0, 0]])
    assert picking.pick(points, VIEW, (100, 100), 5, 8) == 1
    points = make_points([[0, 0], [0, 0]], level=[Level.SELECTED, Level.FADED])
    assert picking.pick(points, VIEW, (100, 100), 5, 8) == 0


def crossings_of_each(xy, polygon):
    """The even-odd rule, one point and one edge after the other."""
    answer = []
    for x, y in np.asarray(xy, np.float64):
        odd = False
        for i in range(len(polygon)):
            (x0, y0), (x1, y1) = polygon[i], polygon[(i + 1) % len(polygon)]
            if min(y0, y1) <= y < max(y0, y1) and x < x0 + (y - y0) * ((x1 - x0) / (y1 - y0)):
                odd = not odd
        answer.append(odd)
    return np.array(answer, np.bool_)


@given(
    arrays.arrays(np.float32, (30, 2), elements=grid),
    st.lists(st.tuples(grid, grid), min_size=3, max_size=12),
)
@settings(max_examples=300)
def test_that_the_lasso_equals_the_even_odd_rule(xy, polygon):
    expected = crossings_of_each(xy, polygon)
    np.testing.assert_array_equal(picking.inside_polygon(xy, polygon), expected)


@given(arrays.arrays(np.float64, (40, 2), elements=st.floats(-2, 2)), st.integers(3, 40))
def test_that_the_lasso_equals_the_half_planes_of_a_convex_polygon(xy, corners):
    angle = 2 * np.pi * np.arange(corners) / corners
    polygon = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    edge = np.roll(polygon, -1, axis=0) - polygon
    offset = xy[:, None] - polygon
    side = edge[:, 0] * offset[..., 1] - edge[:, 1] * offset[..., 0]
    clear = np.abs(side).min(axis=1) > 1e-9  # on the outline either answer is right
    expected = (side > 0).all(axis=1)
    found = picking.inside_polygon(xy, polygon)
    np.testing.assert_array_equal(found[clear], expected[clear])


def test_that_a_figure_of_eight_leaves_its_doubly_wound_middle_out():
    turns = np.linspace(0, 4 * np.pi, 200, endpoint=False)
    radius = np.where(turns < 2 * np.pi, 2.0, 1.0)
    spiral = np.stack([np.cos(turns) * radius, np.sin(turns) * radius], axis=1)
    inside = picking.inside_polygon(np.array([[0.0, 0.0], [0.0, 1.5]]), spiral)
    np.testing.assert_array_equal(inside, [False, True])


@pytest.mark.parametrize("outline", [[], [(0, 0)], [(0, 0), (1, 1)]])
def test_that_a_lasso_of_fewer_than_three_corners_is_empty(outline):
    assert not picking.inside_polygon(np.zeros((3, 2)), outline).any()


def test_that_a_lasso_passes_over_points_without_a_place(make_points):
    points = make_points([[0, 0], [np.nan, np.nan]])
    found = picking.lasso(points, VIEW, [(0, 0), (200, 0), (200, 200), (0, 200)])
    np.testing.assert_array_equal(found, [0])


@given(clouds(), st.sampled_from([(1, 0), (-1, 0), (0, 1), (0, -1)]))
def test_that_a_step_goes_to_a_point_in_its_direction(points, direction):
    everyone = np.ones(len(points), np.bool_)
    target = picking.step(points, VIEW, 0, direction, everyone)
    offset = VIEW.to_screen(points.xy) - VIEW.to_screen(points.xy[0])
    along = offset @ np.array(direction)
    across = np.abs(offset @ np.array(direction[::-1]))
    ahead = (points.level >= Level.FADED) & (along > 0) & (across <= along)
    assert (target is None) == (not ahead.any())
    if target is not None:
        assert ahead[target]
        cost = along + 2 * across
        assert cost[target] == cost[ahead].min()


def test_that_a_step_reaches_only_points_it_may_go_to(make_points):
    points = make_points([[0, 0], [1, 0], [2, 0]])
    among = np.array([True, False, True])
    assert picking.step(points, VIEW, 0, (1, 0), among) == 2


@given(clouds(), st.integers(1, 30), st.booleans(), st.floats(5, 60))
def test_that_points_in_view_are_all_listed_or_none(points, most, hollow, scale):
    points = dataclasses.replace(points, hollow=np.arange(len(points)) % 3 == 0)
    view = dataclasses.replace(VIEW, scale=scale)
    screen = view.to_screen(points.xy.astype(np.float64))
    inside = ((screen >= 0) & (screen <= 200)).all(axis=1)
    expected = np.flatnonzero(inside & (points.level >= Level.FADED) & (points.hollow == hollow))
    found = picking.few_in_view(points, view, most, hollow=hollow)
    np.testing.assert_array_equal(found, expected if len(expected) <= most else [])


def test_that_a_crowd_in_view_is_too_many_and_a_few_of_it_are_found(make_points):
    rng = np.random.default_rng(0)
    points = make_points(rng.uniform(-10, 10, (100_000, 2)))
    assert not len(picking.few_in_view(points, VIEW, 60, hollow=False))
    near = dataclasses.replace(VIEW, scale=600)
    screen = near.to_screen(points.xy.astype(np.float64))
    expected = np.flatnonzero(((screen >= 0) & (screen <= 200)).all(axis=1))
    assert 0 < len(expected) <= 60
    np.testing.assert_array_equal(picking.few_in_view(points, near, 60, hollow=False), expected)


def test_that_a_large_point_is_picked_at_its_edge_and_a_small_one_is_not():
    xy = np.array([[0, 0], [100, 0]], np.float32)
    plain = Points(xy, np.zeros(2, np.uint8), np.zeros(2, bool), np.full(2, Level.PLAIN, np.int8))
    sized = dataclasses.replace(plain, size=np.array([5, 1], np.uint8))
    view = View(50.0, 0.0, 1.0, 400, 200)
    beside = view.to_screen(xy.astype(float)) + np.array([0, 8])
    assert picking.pick(sized, view, tuple(beside[0]), 10, 0.0) == 0
    assert picking.pick(sized, view, tuple(beside[1]), 10, 0.0) is None
    assert picking.pick(plain, view, tuple(beside[0]), 10, 0.0) is None


def test_that_of_points_in_one_place_the_highest_rank_is_picked():
    xy = np.zeros((3, 2), np.float32)
    points = Points(
        xy, np.zeros(3, np.uint8), np.zeros(3, bool), np.full(3, Level.PLAIN, np.int8),
        rank=np.array([2, 7, 7], np.uint16),
    )  # fmt: skip
    view = VIEW
    at = tuple(view.to_screen(xy[0].astype(float)))
    assert picking.pick(points, view, at, 5, 4) == 2
    assert (
        picking.pick(
            dataclasses.replace(points, rank=np.array([9, 7, 7], np.uint16)), view, at, 5, 4
        )
        == 0
    )
