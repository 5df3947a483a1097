import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.rendering import colours, density, rasteriser
from vlm_explorer.rendering.points import SIZES
from vlm_explorer.rendering.rasteriser import DISC_LIMIT, Brush, Level, rasterise
from vlm_explorer.rendering.view import View

VIEW = View(0, 0, 20, 120, 80)
GROUND = np.array([11, 14, 18], np.uint8)
PALETTE = np.array([[76, 194, 255], [255, 176, 0], [255, 92, 138]], np.uint8)


@pytest.fixture
def brush():
    return Brush(
        palette=PALETTE,
        ground=GROUND,
        accent=np.array([0, 255, 0], np.uint8),
        ghost=np.array([57, 66, 78], np.uint8),
        diameter=5.0,
    )


def cloud(size, seed=0, spread=1.0):
    return np.random.default_rng(seed).normal(size=(size, 2)).astype(np.float32) * spread


def touched(picture):
    return (picture[..., :3] != GROUND).any(axis=2)


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
def test_that_the_picture_has_the_screens_device_pixels_and_is_opaque(make_points, brush, ratio):
    picture = rasterise(make_points(cloud(50)), brush, VIEW, ratio)
    assert picture.shape == (round(80 * ratio), round(120 * ratio), 4)
    assert picture.dtype == np.uint8
    assert (picture[..., 3] == 255).all()


def test_that_no_points_leave_the_plain_ground(make_points, brush):
    assert not touched(rasterise(make_points(np.empty((0, 2))), brush, VIEW)).any()


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_that_a_disc_is_round_centred_and_of_its_diameter(make_points, brush, ratio):
    world = np.array([[0.37, -0.41]])
    picture = rasterise(make_points(world), brush, VIEW, ratio)
    share = (picture[..., 2].astype(float) - GROUND[2]) / (float(PALETTE[0][2]) - GROUND[2])
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5
    x, y = VIEW.to_screen(world)[0] * ratio
    assert share.sum() == pytest.approx(np.pi * (2.5 * ratio) ** 2, rel=0.04)
    assert (share * columns).sum() / share.sum() == pytest.approx(x, abs=0.1)
    assert (share * rows).sum() / share.sum() == pytest.approx(y, abs=0.1)


def test_that_the_last_point_lies_on_top(make_points, brush):
    stacked = make_points([[0, 0], [0, 0]], codes=[0, 1])
    assert tuple(rasterise(stacked, brush, VIEW)[40, 60, :3]) == tuple(PALETTE[1])
    lifted = make_points([[0, 0], [0, 0]], codes=[0, 1], level=[Level.SELECTED, Level.FADED])
    assert tuple(rasterise(lifted, brush, VIEW)[40, 60, :3]) == tuple(PALETTE[0])


def test_that_a_hollow_point_shows_the_ground_in_its_middle(make_points, brush):
    wide = dataclasses.replace(brush, diameter=12.0)
    picture = rasterise(make_points([[0, 0]], hollow=[True]), wide, VIEW)
    assert tuple(picture[40, 60, :3]) == tuple(GROUND)
    assert touched(picture).any()


def test_that_a_selected_point_has_a_halo_of_the_accent(make_points, brush):
    plain = rasterise(make_points([[0, 0]]), brush, VIEW)
    chosen = rasterise(make_points([[0, 0]], level=[Level.SELECTED]), brush, VIEW)
    green = (chosen[..., 1] > 200) & (chosen[..., 0] < 40)
    assert green.any()
    assert not (green & touched(plain)).any()
    assert tuple(chosen[40, 60, :3]) == tuple(PALETTE[0])


def test_that_faded_points_lose_saturation_and_contrast(brush):
    faded = colours.to_lab(colours.fade(PALETTE, GROUND))
    full = colours.to_lab(PALETTE)
    ground = colours.to_lab(GROUND)
    assert (np.hypot(faded[:, 1], faded[:, 2]) < 0.4 * np.hypot(full[:, 1], full[:, 2])).all()
    assert (np.abs(faded - ground)[:, 0] < 0.5 * np.abs(full - ground)[:, 0]).all()


@pytest.mark.parametrize("size", [200, DISC_LIMIT * 2])
def test_that_hidden_categories_leave_no_pixel(make_points, brush, size):
    codes = np.arange(size) % 3
    xy = cloud(size)
    level = np.where(codes == 1, Level.ABSENT, Level.PLAIN)
    hidden = rasterise(make_points(xy, codes, level), brush, VIEW)
    keep = codes != 1
    without = rasterise(make_points(xy[keep], codes[keep]), brush, VIEW)
    np.testing.assert_array_equal(hidden, without)
    nobody = rasterise(make_points(xy, codes, np.full(size, Level.ABSENT)), brush, VIEW)
    assert not touched(nobody).any()


@pytest.mark.parametrize("size", [300, DISC_LIMIT * 2])
def test_that_filtered_points_leave_a_trace_of_the_ghosts_colour_only(make_points, brush, size):
    points = make_points(cloud(size), np.arange(size) % 3, np.full(size, Level.GHOST))
    picture = rasterise(points, brush, VIEW)
    lab = colours.to_lab(picture[touched(picture)][:, :3])
    assert len(lab)
    assert np.hypot(lab[:, 1], lab[:, 2]).max() < 0.03


@given(st.integers(0, 400), st.integers(0, 5))
@settings(max_examples=40)
def test_that_counts_are_conserved(size, seed):
    x, y = np.random.default_rng(seed).uniform(0, 50, (2, size))
    pixel = density.pixel_of(x, y, 50)
    assert density.count(pixel, (50, 50)).sum() == size
    weights = np.full(size, 0.5)
    assert density.count(pixel, (50, 50), weights).sum() == pytest.approx(size / 2)


def test_that_each_pixel_counts_its_own_points():
    pixel = density.pixel_of(np.array([0.0, 0.99, 3.5]), np.array([0.0, 0.5, 1.2]), 4)
    found = density.count(pixel, (2, 4))
    np.testing.assert_array_equal(found, [[2, 0, 0, 0], [0, 0, 0, 1]])


def test_that_denser_places_stand_out_more(make_points, brush):
    few = cloud(DISC_LIMIT, 1, 0.3) - np.float32([1.5, 0])
    many = cloud(DISC_LIMIT * 10, 2, 0.3) + np.float32([1.5, 0])
    picture = rasterise(
        make_points(np.concatenate([few, many])), dataclasses.replace(brush, diameter=2.0), VIEW
    )
    light = colours.to_lab(picture[..., :3])[..., 0]
    assert light[40, 90] > light[40, 30] + 0.05
    assert light[40, 30] > colours.to_lab(GROUND)[0] + 0.2


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_that_ten_points_of_a_category_are_seen_among_a_hundred_thousand(make_points, brush, ratio):
    crowd, rare = cloud(100_000, 1), cloud(10, 2, 0.6)
    points = make_points(np.concatenate([crowd, rare]), [0] * 100_000 + [1] * 10)
    small = dataclasses.replace(brush, diameter=2.0)
    picture = rasterise(points, small, VIEW, ratio)
    lab = colours.to_lab(picture[..., :3])
    common, wanted = colours.to_lab(PALETTE[0]), colours.to_lab(PALETTE[1])
    for x, y in VIEW.to_screen(rare) * ratio:
        around = lab[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].reshape(-1, 3)
        hue = around[:, 1:]
        nearer = np.linalg.norm(hue - wanted[1:], axis=1) < np.linalg.norm(hue - common[1:], axis=1)
        assert nearer.any()


def test_that_the_highest_values_lie_on_top_of_a_crowd(make_points, brush):
    ramp = np.linspace(60, 255, 256).astype(np.uint8)
    palette = np.stack([ramp, np.full(256, 40), 255 - ramp], axis=1).astype(np.uint8)
    values = np.concatenate([np.full(50_000, 40), [255]])
    points = make_points(np.concatenate([cloud(50_000), [[0, 0]]]), values)
    picture = rasterise(
        points, dataclasses.replace(brush, palette=palette, ordered=True, diameter=2.0), VIEW
    )
    assert picture[39:42, 59:62, 0].max() > 200


def test_that_points_without_a_place_and_far_away_are_passed_over(make_points, brush):
    xy = [[np.nan, np.nan], [1e6, 0], [0, -1e6]]
    assert not touched(rasterise(make_points(xy), brush, VIEW)).any()


def test_that_a_disc_at_the_edge_is_cut_not_wrapped(make_points, brush):
    picture = rasterise(make_points([[-3.0, 2.0]]), brush, VIEW)
    marked = touched(picture)
    assert marked[:4, :4].any()
    marked[:8, :8] = False
    assert not marked.any()


def test_that_points_are_smaller_the_more_there_are_and_larger_when_near():
    sizes = [rasteriser.diameter(count) for count in (1, 400, 12_000, 100_000, 1_000_000)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 5.0
    assert rasteriser.diameter(400, zoom=16) > rasteriser.diameter(400)


def test_that_many_points_are_not_drawn_within_a_frame():
    assert rasteriser.is_quick(5000, 4.0, 1.0)
    assert not rasteriser.is_quick(DISC_LIMIT + 1, 1.0, 1.0)
    assert not rasteriser.is_quick(DISC_LIMIT, 5.0, 2.0)


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_that_points_are_as_wide_as_their_sizes(make_points, brush, ratio):
    points = make_points(np.zeros((1, 2)))
    widths = [
        touched(rasterise(_sized(points, size), brush, VIEW, ratio)).any(axis=0).sum() / ratio
        for size in range(len(SIZES))
    ]
    np.testing.assert_allclose(widths, np.array(SIZES) * brush.diameter, atol=1.6)
    assert widths[1] < widths[2] < widths[3] < widths[4] < widths[5]
    plain = rasterise(points, brush, VIEW, ratio)
    np.testing.assert_array_equal(rasterise(_sized(points, 0), brush, VIEW, ratio), plain)


def _sized(points, size):
    return dataclasses.replace(points, size=np.full(len(points), size, np.uint8))


def test_that_the_highest_rank_is_on_top(make_points, brush):
    points = make_points(np.zeros((3, 2)))
    points = dataclasses.replace(points, codes=np.array([0, 1, 2], np.uint8))
    for top in range(3):
        rank = np.where(np.arange(3) == top, 500, 3).astype(np.uint16)
        picture = rasterise(dataclasses.replace(points, rank=rank), brush, VIEW)
        np.testing.assert_array_equal(picture[40, 60, :3], PALETTE[top])


def test_that_very_many_points_have_the_same_picture_with_and_without_sizes(make_points, brush):
    points = make_points(cloud(DISC_LIMIT + 500, spread=0.5))
    sized = dataclasses.replace(points, size=np.full(len(points), 3, np.uint8))
    plain, other = rasterise(points, brush, VIEW), rasterise(sized, brush, VIEW)
    np.testing.assert_array_equal(plain, other)
