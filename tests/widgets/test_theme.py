"""The theme: contrast, colour-blind safety, completeness, switching."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from vlm_explorer import paths
from vlm_explorer.rendering import colours, ramps
from vlm_explorer.viewmodels.map_colouring import MOST_CATEGORIES
from vlm_explorer.widgets import map_brush
from vlm_explorer.widgets import theme as roles
from vlm_explorer.widgets.icons import glyph_icon
from vlm_explorer.widgets.theme import Theme, icon, load_themes, role_names, themes

GROUNDS = ("window", "panel", "raised")
THEMES = [pytest.param(each, id=each.name) for each in load_themes().values()]

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
BLINDNESS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


def linear(colour: str) -> np.ndarray:
    """sRGB to linear RGB, IEC 61966-2-1."""
    values = np.array(QColor(colour).getRgbF()[:3])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    luminance = [linear(each) @ (0.2126, 0.7152, 0.0722) for each in (one, other)]
    return float((max(luminance) + 0.05) / (min(luminance) + 0.05))


def oklab(rgb: np.ndarray) -> np.ndarray:
    """Linear RGB to OKLab (Ottosson 2020), in which distances are about perceptual."""
    cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    mixed = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return mixed @ np.cbrt(np.clip(cones @ np.clip(rgb, 0, 1), 0, None))


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", GROUNDS)
def test_that_body_text_has_seven_to_one(theme: Theme, ground: str) -> None:
    assert contrast(theme.text, getattr(theme, ground)) >= 7


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", [*GROUNDS, "map_ground", "hover"])
def test_that_secondary_text_has_four_and_a_half_to_one(theme: Theme, ground: str) -> None:
    assert contrast(theme.secondary, getattr(theme, ground)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("on_accent", "accent"),
        ("on_accent", "accent_hover"),
        ("text", "selection"),
        ("secondary", "selection"),
        ("accent", "window"),
        ("accent", "panel"),
        ("accent", "raised"),
        ("accent", "warning_ground"),
        ("accent", "danger_ground"),
        ("warning", "panel"),
        ("warning", "raised"),
        ("danger", "panel"),
        ("text", "warning_ground"),
        ("text", "danger_ground"),
        ("image_text", "image_ground"),
        ("star", "map_ground"),
        ("text", "overlay"),
    ],
)
def test_that_words_can_be_read_on_every_ground_they_stand_on(
    theme: Theme, text: str, ground: str
) -> None:
    assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_that_categories_stand_out_from_the_ground_of_the_map(theme: Theme) -> None:
    assert len(theme.categorical) >= 12
    assert min(contrast(each, theme.map_ground) for each in theme.categorical) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", BLINDNESS)
def test_that_categories_are_told_apart_by_the_colour_blind(theme: Theme, kind: str) -> None:
    seen = [oklab(BLINDNESS[kind] @ linear(each)) for each in theme.categorical]
    near = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))
    first = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen[:6], 2))
    assert near >= 0.06
    assert first >= 0.12, "the first six, which are used most, are further apart"


def test_that_both_themes_have_every_role_as_a_colour() -> None:
    assert set(load_themes()) == {"dark", "light"}
    for theme in load_themes().values():
        for name in role_names():
            assert re.fullmatch(r"#[0-9a-f]{6}", getattr(theme, name)), name


def test_that_the_style_sheet_names_roles_and_no_colours() -> None:
    sheet = (paths.resources() / "style.qss").read_text()
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgba?\(", sheet)


def test_that_no_widget_names_a_colour() -> None:
    folder = paths.resources().parent / "vlm_explorer" / "widgets"
    for module in folder.glob("*.py"):
        assert not re.findall(r"[\"']#[0-9a-fA-F]{6}", module.read_text()), module.name


def test_that_switching_the_theme_redresses_the_application(
    qtbot: QtBot, qapp: QApplication
) -> None:
    themes.apply(qapp)
    assert load_themes()["dark"].panel in qapp.styleSheet()
    with qtbot.waitSignal(themes.changed):
        themes.set_theme("light")
    assert load_themes()["light"].panel in qapp.styleSheet()
    assert not roles.theme().dark
    with qtbot.assertNotEmitted(themes.changed):
        themes.set_theme("light")
    with pytest.raises(KeyError):
        themes.set_theme("sepia")


def test_that_the_style_sheet_is_understood_whole(qtbot: QtBot, qapp: QApplication) -> None:
    # Qt warns about a sheet that it cannot parse; a warning of Qt fails the test
    themes.apply(qapp)
    assert "$" not in qapp.styleSheet()


def test_that_fonts_are_given_in_pixels_with_tabular_figures(qapp: QApplication) -> None:
    font = roles.font(13)
    assert font.pixelSize() == 13
    assert font.featureValue(QFont.Tag("tnum")) == 1


def test_that_icons_are_tinted_by_role_and_unknown_ones_are_refused(qapp: QApplication) -> None:
    image = icon("ph.star", "danger").pixmap(32, 32).toImage()
    tinted = {
        image.pixelColor(x, y).name()
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() == 255
    }
    assert tinted == {load_themes()["dark"].danger}
    with pytest.raises(KeyError):
        icon("ph.no-such-icon")


def test_that_a_glyph_fills_its_square(qapp: QApplication) -> None:
    white = QColor("white")
    image = glyph_icon("ph.square", white, white, white).pixmap(64, 64).toImage()
    drawn = [(x, y) for x in range(64) for y in range(64) if image.pixelColor(x, y).alpha() > 100]
    xs, ys = [x for x, _ in drawn], [y for _, y in drawn]
    assert 40 <= max(xs) - min(xs) <= 62
    assert abs((min(xs) + max(xs)) / 2 - 31.5) <= 2
    assert abs((min(ys) + max(ys)) / 2 - 31.5) <= 2


@pytest.mark.parametrize("name", ["dark", "light"])
def test_that_what_has_no_value_looks_like_no_value(name):
    roles = load_themes()[name]
    ground = tuple(int(part) for part in map_brush.ground_of(roles))
    missing = colours.to_lab(map_brush.missing_of(roles))
    assert np.linalg.norm(missing - colours.to_lab(np.array(ground))) > 0.1
    for centred, names in ((False, ramps.SEQUENTIAL), (True, ramps.DIVERGING)):
        for ramp in names:
            lab = colours.to_lab(ramps.ramp(ground, ramp, centred=centred))
            assert np.linalg.norm(lab - missing, axis=1).min() > 0.05


@pytest.mark.parametrize("name", ["dark", "light"])
@pytest.mark.parametrize(
    "eye", [*BLINDNESS.values(), colours.TRITANOPIA], ids=[*BLINDNESS, "tritanopia"]
)
def test_that_all_named_categories_are_told_apart_by_every_eye(name, eye):
    roles = load_themes()[name]
    palette = np.array([map_brush.colour_of(index, roles) for index in range(MOST_CATEGORIES)])
    seen = colours.linear_to_lab(np.clip(colours.to_linear(palette) @ eye.T, 0, 1))
    distance = np.linalg.norm(seen[:, None] - seen[None], axis=2) + np.eye(len(seen))
    assert distance.min() > 0.03
