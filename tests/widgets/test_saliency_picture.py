from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from vlm_explorer.encoders.preprocess import PreprocessConfig, plan
from vlm_explorer.rendering.colour_maps import (
    DIVERGING,
    SEQUENTIAL,
    colour_map,
    diverging,
    sequential,
)
from vlm_explorer.viewmodels.saliency_display import DisplayedMap, RawMap, display_map
from vlm_explorer.widgets.saliency_legend import SaliencyLegend
from vlm_explorer.widgets.saliency_picture import colours, to_picture
from vlm_explorer.widgets.theme import themes

GEOMETRY = plan(64, 128, PreprocessConfig(size=56), (7, 7))


@pytest.fixture(autouse=True)
def theme_restored() -> Iterator[None]:
    name = themes.current.name
    yield
    themes.set_theme(name)


def lightness(table: np.ndarray) -> np.ndarray:
    """CIE L* of sRGB colours (N, 3), 0 to 100."""
    srgb = table / 255.0
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    return np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)


def shown(grid: np.ndarray, *, signed: bool) -> DisplayedMap:
    return display_map(RawMap(grid.astype(np.float32), GEOMETRY, "cosine drop", signed))


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_that_the_sequential_colours_grow_lighter_all_the_way(name: str) -> None:
    steps = np.diff(lightness(sequential(name)))
    assert (steps > -0.3).all()  # 8-bit colours round


@pytest.mark.parametrize("name", DIVERGING[1:])
def test_that_the_other_diverging_colours_are_light_in_the_middle_alone(name: str) -> None:
    light = lightness(diverging(name))
    assert (np.diff(light[:126]) > -0.5).all()
    assert (np.diff(light[130:]) < 0.5).all()
    assert light[0] == pytest.approx(light[255], abs=6)
    assert np.ptp(diverging(name)[127].astype(int)) < 20


def test_that_the_usual_sequential_colours_run_from_black_to_nearly_white() -> None:
    assert lightness(sequential())[[0, 255]] == pytest.approx((0, 98), abs=3)


def test_that_the_diverging_colours_grow_lighter_from_a_neutral_centre_to_equal_ends() -> None:
    light = lightness(diverging())
    assert (np.diff(light[:128]) < 0.3).all()
    assert (np.diff(light[128:]) > -0.3).all()
    assert light[0] == pytest.approx(light[255], abs=4)
    assert np.ptp(diverging()[127:129].astype(int), axis=1).max() <= 2


@pytest.mark.parametrize("signed", [False, True])
def test_that_alpha_grows_with_the_magnitude_and_is_none_where_nothing_was_seen(
    signed: bool,
) -> None:
    grid = np.linspace(-1 if signed else 0, 1, 49).reshape(7, 7)
    displayed = shown(grid, signed=signed)
    rgba = colours(displayed)
    unseen = np.isnan(displayed.values)
    assert unseen.any()
    assert not rgba[unseen, 3].any()
    magnitude = np.abs(displayed.values[~unseen])
    np.testing.assert_allclose(rgba[~unseen, 3], 255 * magnitude / displayed.high, atol=1)


@pytest.mark.parametrize("signed", [False, True])
def test_that_colours_are_those_of_the_map_at_the_values_place(signed: bool) -> None:
    grid = np.random.default_rng(0).uniform(-1 if signed else 0, 1, (7, 7))
    displayed = shown(grid, signed=signed)
    rgba = colours(displayed)
    seen = np.isfinite(displayed.values)
    place = (displayed.values[seen] - displayed.low) / (displayed.high - displayed.low)
    table = colour_map(signed).astype(int)
    near = np.rint(255 * place).astype(int)
    assert np.abs(rgba[seen, :3].astype(int) - table[near]).max() == 0


def test_that_a_map_without_signal_leaves_the_scan_as_it_is() -> None:
    rgba = colours(shown(np.full((7, 7), 0.3), signed=False))
    assert not rgba[..., 3].any()


def test_that_the_picture_keeps_the_shape_of_the_image() -> None:
    picture = to_picture(shown(np.eye(7), signed=True))
    assert picture.format() == QImage.Format.Format_ARGB32_Premultiplied
    assert picture.width() == 2 * picture.height()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("signed", [False, True])
def test_that_the_legend_shows_the_colours_between_its_numbers(
    qtbot: QtBot, theme: str, signed: bool
) -> None:
    themes.set_theme(theme)
    legend = SaliencyLegend()
    qtbot.addWidget(legend)
    legend.resize(300, 28)
    empty = legend.grab().toImage()
    legend.show_map(shown(np.eye(7) * 0.0123, signed=signed))
    low = "−0.0123" if signed else "0"
    assert legend.toolTip().startswith(f"From {low} to 0.0123, cosine drop.")
    assert ("Warm" in legend.toolTip()) == signed
    image = legend.grab().toImage()
    assert image != empty
    middle = [image.pixelColor(x, image.height() // 2).lightness() for x in range(40, 190, 4)]
    assert max(middle) - min(middle) > 60
