from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.viewmodels.viewer_camera import Camera
from vlm_explorer.viewmodels.viewer_orientation import Orientation

PANE = (420.0, 360.0)

orientations = st.lists(
    st.sampled_from(
        [Orientation.turned_right, Orientation.flipped_horizontally, Orientation.flipped_vertically]
    ),
    max_size=4,
)


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    sizes = st.integers(1, 4000)
    camera = Camera().resized(*PANE, draw(st.sampled_from([1.0, 1.25, 2.0])))
    camera = camera.showing(
        draw(sizes), draw(sizes), (draw(st.floats(0.2, 3)), draw(st.floats(0.2, 3)))
    )
    orientation = Orientation()
    for turn in draw(orientations):
        orientation = turn(orientation)
    return camera.turned(orientation)


points = st.tuples(st.floats(0, PANE[0]), st.floats(0, PANE[1]))


@given(cameras(), points)
def test_that_the_way_to_the_image_and_back_ends_where_it_began(
    camera: Camera, point: tuple[float, float]
) -> None:
    assert camera.to_screen(*camera.to_image(*point)) == pytest.approx(point, abs=1e-6)


@given(cameras(), st.floats(0, 1), st.floats(0, 1), st.floats(1, 9))
def test_that_zoom_keeps_what_is_under_the_pointer(
    camera: Camera, across: float, down: float, factor: float
) -> None:
    kept = across * camera.columns, down * camera.rows
    pointer = camera.to_screen(*kept)
    zoomed = camera.zoomed(factor, *pointer)
    assert zoomed.zoom == pytest.approx(min(64, camera.zoom * factor))
    # whole zooms are put on whole device pixels: half a pixel of the screen at most
    assert zoomed.to_screen(*kept) == pytest.approx(pointer, abs=1.0)
    back = zoomed.zoomed(camera.zoom / zoomed.zoom, *pointer)
    assert back.to_screen(*kept) == pytest.approx(pointer, abs=1.0)


@given(cameras())
def test_that_a_fitted_image_is_whole_in_view_and_touches_two_edges(camera: Camera) -> None:
    corners = [camera.to_screen(x, y) for x in (0, camera.columns) for y in (0, camera.rows)]
    width = max(x for x, _ in corners) - min(x for x, _ in corners)
    height = max(y for _, y in corners) - min(y for _, y in corners)
    assert width <= PANE[0] + 1
    assert height <= PANE[1] + 1
    if camera.zoom < 64:
        assert width == pytest.approx(PANE[0], abs=1) or height == pytest.approx(PANE[1], abs=1)


def test_that_non_square_pixels_keep_the_shape_of_the_body() -> None:
    camera = Camera().resized(*PANE, 1.0).showing(100, 50, (0.5, 1.0))
    left, top = camera.to_screen(0, 0)
    right, bottom = camera.to_screen(100, 50)
    assert right - left == pytest.approx(bottom - top)


def test_that_one_to_one_puts_a_pixel_on_a_device_pixel() -> None:
    camera = Camera().resized(*PANE, 2.0).showing(1000, 800, (1, 1)).one_to_one()
    left, top = camera.to_screen(10, 10)
    right, bottom = camera.to_screen(12, 12)
    assert (right - left, bottom - top) == (1.0, 1.0)
    assert (left * 2) % 1 == 0
    assert (top * 2) % 1 == 0


def test_that_another_slice_of_equal_shape_keeps_zoom_and_pan() -> None:
    camera = Camera().resized(*PANE, 1.0).showing(512, 512, (0.7, 0.7)).zoomed(3, 100, 100)
    assert camera.showing(512, 512, (0.7, 0.7)) == camera
    assert camera.showing(256, 512, (0.7, 0.7)).fitted


def test_that_a_resized_pane_keeps_a_fitted_image_fitted_and_leaves_another_alone() -> None:
    fitted = Camera().resized(*PANE, 1.0).showing(512, 512, (1, 1))
    assert fitted.resized(800, 600, 1.0).zoom == pytest.approx(600 / 512)
    zoomed = fitted.zoomed(4, 10, 10)
    assert zoomed.resized(800, 600, 1.0).zoom == zoomed.zoom
    assert zoomed.resized(800, 600, 1.0).centre == zoomed.centre


@given(cameras(), st.floats(-5000, 5000), st.floats(-5000, 5000))
def test_that_the_image_cannot_be_lost_by_panning(camera: Camera, dx: float, dy: float) -> None:
    panned = camera.panned(dx, dy)
    assert 0 <= panned.centre[0] <= camera.columns
    assert 0 <= panned.centre[1] <= camera.rows


def test_that_the_pixel_under_a_point_is_none_beside_the_image() -> None:
    camera = Camera().resized(400, 200, 1.0).showing(10, 10, (1, 1))
    assert camera.pixel_at(200, 100) == (5, 5)
    assert camera.pixel_at(5, 100) is None
