import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from vlm_explorer.rendering.view import View, bounds

coordinate = st.floats(-1e3, 1e3, allow_nan=False)
views = st.builds(
    View,
    x=coordinate,
    y=coordinate,
    scale=st.floats(1e-2, 1e3),
    width=st.floats(10, 4000),
    height=st.floats(10, 4000),
)
screen_points = st.tuples(st.floats(-4000, 4000), st.floats(-4000, 4000))


@given(views, st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=20))
def test_that_screen_and_world_are_each_others_inverse(view, points):
    world = np.array(points)
    back = view.to_world(view.to_screen(world))
    assert_allclose(back, world, atol=1e-6)


@given(views)
def test_that_the_centre_is_in_the_middle_and_y_points_up(view):
    assert_allclose(
        view.to_screen(np.array([view.x, view.y])), (view.width / 2, view.height / 2), atol=1e-6
    )
    above = view.to_screen(np.array([view.x, view.y + 1 / view.scale]))
    assert_allclose(above[1], view.height / 2 - 1, atol=1e-6)


@given(views, screen_points, st.floats(0.1, 10))
def test_that_zooming_keeps_the_world_point_under_the_pointer(view, about, factor):
    zoomed = view.zoomed(factor, about, (1e-3, 1e4))
    assert_allclose(zoomed.scale, view.scale * factor)
    assert_allclose(zoomed.to_screen(view.to_world(about)), about, atol=1e-5)


@given(views, screen_points)
def test_that_zooming_stops_at_the_limits_and_still_keeps_the_point(view, about):
    limits = view.scale / 2, view.scale * 2
    assert_allclose(view.zoomed(100, about, limits).scale, limits[1])
    nearer = view.zoomed(1e-3, about, limits)
    assert_allclose(nearer.scale, limits[0])
    assert_allclose(nearer.to_screen(view.to_world(about)), about, atol=1e-5)


@given(views, st.floats(-500, 500), st.floats(-500, 500))
def test_that_dragging_moves_every_point_by_the_drag(view, dx, dy):
    world = view.to_world([(0.0, 0.0), (view.width, view.height)])
    moved = view.panned(dx, dy).to_screen(world) - view.to_screen(world)
    assert_allclose(moved, np.broadcast_to((dx, dy), (2, 2)), atol=1e-5)


@given(
    st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=30, unique=True),
    st.floats(300, 2000),
    st.floats(300, 2000),
    st.tuples(*[st.floats(0, 100)] * 4),
)
def test_that_fitting_shows_all_points_within_the_insets_and_touches_them(
    points, width, height, insets
):
    world = np.array(points)
    view = View(width=width, height=height).fitted(world, insets)
    screen = view.to_screen(world)
    slack = 1e-6 * max(1.0, float(np.abs(world).max()) * view.scale)
    left, top, right, bottom = insets
    free = np.concatenate(
        [screen.min(axis=0) - (left, top), (width - right, height - bottom) - screen.max(axis=0)]
    )
    assert (free >= -slack).all()
    assert min(free[0] + free[2], free[1] + free[3]) <= 2 * slack
    assert abs(free[0] - free[2]) <= 2 * slack  # in the middle of what is left
    assert abs(free[1] - free[3]) <= 2 * slack


def test_that_fitting_passes_over_points_without_a_place():
    world = np.array([[0, 0], [np.nan, 3], [2, 2], [np.inf, 0]])
    assert bounds(world) == (0.0, 0.0, 2.0, 2.0)


def test_that_fitting_nothing_or_one_point_keeps_the_scale():
    view = View(5, 5, 3, 200, 100)
    assert view.fitted(np.empty((0, 2))) == view
    one = view.fitted(np.array([[7.0, 8.0]]))
    assert (one.x, one.y, one.scale) == (7.0, 8.0, 3)


def test_that_columns_equal_the_transform_of_rows():
    world = np.random.default_rng(0).normal(size=(100, 2)).astype(np.float32)
    view = View(0.3, -0.2, 40, 300, 200)
    assert_allclose(np.stack(view.to_columns(world), axis=1), view.to_screen(world), rtol=1e-6)
