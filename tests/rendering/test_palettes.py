import numpy as np
import pytest

from vlm_explorer.rendering import colours, palettes, ramps

DARK, LIGHT = np.array([11, 14, 18], np.uint8), np.array([255, 255, 255], np.uint8)
BASE = colours.parse(["#4cc2ff", "#ffb000", "#ff5c8a", "#5ee6a8"])


def test_that_oklab_has_the_published_values():
    # Ottosson's own table: XYZ white, and sRGB red as most implementations give it.
    np.testing.assert_allclose(colours.to_lab([255, 255, 255]), [1, 0, 0], atol=1e-4)
    np.testing.assert_allclose(colours.to_lab([255, 0, 0]), [0.628, 0.225, 0.126], atol=1e-3)


def test_that_colours_survive_the_way_to_oklab_and_back():
    rgb = np.random.default_rng(0).integers(0, 256, (500, 3)).astype(np.uint8)
    np.testing.assert_array_equal(colours.from_lab(colours.to_lab(rgb)), rgb)


def test_that_hexadecimal_colours_are_read():
    np.testing.assert_array_equal(colours.parse("#ff8000"), [[255, 128, 0]])


@pytest.mark.parametrize("ground", [DARK, LIGHT])
def test_that_an_extended_palette_keeps_its_base_and_tells_all_apart(ground):
    palette = palettes.extend(BASE, 20, ground)
    assert palette.shape == (20, 3)
    np.testing.assert_array_equal(palette[:4], BASE)
    lab = colours.to_lab(palette)
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=2) + np.eye(20)
    assert distance.min() > 0.05


def test_that_an_extended_palette_is_told_apart_without_red_or_green_cones():
    palette = palettes.extend(BASE, 12, DARK)[4:]
    for eye in (colours.PROTANOPIA, colours.DEUTERANOPIA):
        seen = colours.linear_to_lab(np.clip(colours.to_linear(palette) @ eye.T, 0, 1))
        distance = np.linalg.norm(seen[:, None] - seen[None], axis=2) + np.eye(len(seen))
        assert distance.min() > 0.03


@pytest.mark.parametrize("ground", [DARK, LIGHT])
def test_that_the_ramp_moves_evenly_away_from_the_ground(ground):
    ramp = colours.to_lab(ramps.sequential(ground))
    ground_lightness = colours.to_lab(ground)[0]
    contrast = np.abs(ramp[:, 0] - ground_lightness)
    assert (np.diff(contrast) > -2e-3).all()
    assert contrast[0] > 0.1
    steps = np.diff(ramp[:: 255 // 5, 0])
    np.testing.assert_allclose(steps, steps.mean(), rtol=0.1)


def test_that_mixing_half_way_lies_between():
    mixed = colours.mix([[0, 0, 0]], [255, 255, 255], 0.5)
    np.testing.assert_allclose(colours.to_lab(mixed)[0], [0.5, 0, 0], atol=5e-3)


@pytest.mark.parametrize("ground", [DARK, LIGHT])
@pytest.mark.parametrize("name", ramps.SEQUENTIAL)
def test_that_every_ramp_can_be_read_by_its_lightness_alone(ground, name):
    lightness = colours.to_lab(ramps.sequential(ground, 255, name))[:, 0]
    away = np.abs(lightness - colours.to_lab(ground)[0])
    assert (np.diff(away) > -5e-3).all()
    assert away[-1] - away[0] > 0.4


@pytest.mark.parametrize("ground", [DARK, LIGHT])
@pytest.mark.parametrize("name", ramps.DIVERGING)
def test_that_a_diverging_ramp_is_the_same_on_both_sides_but_for_its_hue(ground, name):
    ramp = ramps.diverging(ground, 255, name)
    lab = colours.to_lab(ramp)
    np.testing.assert_allclose(lab[:, 0], lab[::-1, 0], atol=0.02)
    assert np.hypot(*lab[127, 1:]) < 0.01
    assert abs(lab[127, 0] - colours.to_lab(ground)[0]) > 0.1
    for eye in (np.eye(3), colours.PROTANOPIA, colours.DEUTERANOPIA):
        seen = colours.linear_to_lab(np.clip(colours.to_linear(ramp[[0, 127, 254]]) @ eye.T, 0, 1))
        assert np.linalg.norm(seen[0] - seen[2]) > 0.1
        assert np.linalg.norm(seen[0] - seen[1]) > 0.2


def test_that_a_palette_of_the_other_kind_gives_the_usual_one():
    ground = (11, 14, 18)
    usual = ramps.ramp(ground, "", centred=True)
    np.testing.assert_array_equal(ramps.ramp(ground, "grey", centred=True), usual)
    np.testing.assert_array_equal(
        ramps.ramp(ground, "blue to orange", centred=False), ramps.ramp(ground, "", centred=False)
    )
