import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.demo.body import Grid, Solid, Warp, box_of, length, stamp

sizes = st.floats(20, 60)
places = st.floats(-20, 20)
solids = st.builds(
    lambda centre, radii, shape: Solid("any", centre, radii, angle=shape[0], power=shape[1]),
    st.tuples(places, places, places),
    st.tuples(sizes, sizes, sizes),
    st.one_of(
        st.tuples(st.floats(-1.5, 1.5), st.just(2.0)),
        st.tuples(st.just(0.0), st.sampled_from((2.0, 2.4, 4.0))),
    ),
)


@settings(max_examples=40, deadline=None)
@given(solids)
def test_that_slices_and_projections_agree_on_the_volume(solid):
    step = 4.0
    side = Grid((60, 60), step, upward=True)
    window, chord = solid.chord(side, 1)
    projected = float(chord.sum()) * step**2
    axial = Grid((60, 60), step)
    sliced = 0.0
    for z in np.arange(-90, 90, step):
        cut = solid.section(axial, float(z))
        if cut is not None:
            sliced += float(cut[1].sum()) * step**3
    assert window[0].start >= 0
    assert projected == pytest.approx(sliced, rel=0.06)


def test_that_the_chords_of_a_ball_are_those_of_geometry():
    grid = Grid((101, 101), 1.0, upward=True)
    ball = Solid("any", (0, 0, 0), (30, 30, 30))
    for axis in (0, 1):
        window, chord = ball.chord(grid, axis)
        whole = np.zeros(grid.shape)
        whole[window] = chord
        radius = np.hypot(grid.u, grid.v)
        expected = 2 * np.sqrt(np.maximum(900 - radius**2, 0))
        np.testing.assert_allclose(whole, expected, atol=0.05)


def test_that_a_turned_ellipsoid_keeps_its_depth_along_the_long_axis():
    grid = Grid((61, 61), 2.0, upward=True)
    along = Solid("any", (0, 0, 0), (20, 50, 20), angle=0.0)
    turned = Solid("any", (0, 0, 0), (50, 20, 20), angle=np.pi / 2)
    everywhere = grid.everywhere()
    for axis in (0, 1):
        depth = [length(s.interval(grid, axis, everywhere)) for s in (along, turned)]
        np.testing.assert_allclose(depth[0], depth[1], atol=0.05)


def test_that_rays_that_miss_have_no_common_length():
    grid = Grid((41, 41), 5.0, upward=True)
    left, right = (Solid("any", (x, 0, 0), (20, 20, 20)) for x in (60, -60))
    pair = [s.interval(grid, 1, grid.everywhere()) for s in (left, right)]
    assert length(*pair).max() == 0
    assert length(pair[0]).max() > 35


@given(places, places, st.floats(-0.4, 0.4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_that_points_and_pixels_are_each_others_inverse(u, v, angle, upward):
    grid = Grid((80, 90), 2.0, centre=(u, v), angle=angle, upward=upward)
    row, col = grid.pixels(grid.u, grid.v)
    np.testing.assert_allclose(row, np.broadcast_to(np.arange(80)[:, None], (80, 90)), atol=1e-2)
    np.testing.assert_allclose(col, np.broadcast_to(np.arange(90), (80, 90)), atol=1e-2)


def test_that_points_of_a_warped_grid_fall_on_their_pixels():
    warp = Warp.random(np.random.default_rng(1), 3.0, 120)
    grid = Grid((100, 100), 2.0, warp=warp, level=10.0)
    row, col = grid.pixels(grid.u, grid.v)
    error = np.hypot(row - np.arange(100)[:, None], col - np.arange(100))
    assert error.max() < 0.6


def test_that_a_stamped_ball_has_the_area_and_depth_of_a_ball():
    grid = Grid((60, 60), 1.0)
    one = np.zeros(1, np.float32)
    radius = np.array([12.0], np.float32)
    assert stamp(grid, one, one, radius, chords=False).sum() == pytest.approx(np.pi * 144, rel=0.02)
    depth = stamp(grid, one, one, radius, chords=True)
    assert depth.sum() == pytest.approx(4 / 3 * np.pi * 12**3, rel=0.02)


def test_that_stamps_outside_the_picture_leave_it_empty():
    grid = Grid((30, 30), 1.0)
    far = np.array([500.0, -500.0], np.float32)
    assert stamp(grid, far, far, np.array([5.0, 9.0], np.float32), chords=True).max() == 0


def test_that_the_box_of_a_mask_has_an_exclusive_end():
    mask = np.zeros((10, 12), bool)
    assert box_of(mask) is None
    mask[2:5, 3:9] = True
    assert box_of(mask) == (3, 2, 9, 5)
