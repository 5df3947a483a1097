from __future__ import annotations

import numpy as np
import pytest

from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.windowing import Window
from vlm_explorer.viewmodels.viewer_frames import LoadedFrame, prepare
from vlm_explorer.viewmodels.viewer_presets import describe_window, dragged, presets_of

WINDOWS = Window(40, 400, "file"), Window(-500, 1600, "file: LUNG")


def loaded(low: float, high: float, modality: str = "CT", unit: str = "HU") -> LoadedFrame:
    values = np.linspace(low, high, 64, dtype=np.float32).reshape(8, 8)
    return prepare(Frame(values, "MONOCHROME2", windows=WINDOWS, modality=modality, unit=unit))


def colour() -> LoadedFrame:
    return prepare(Frame(values=np.zeros((8, 8, 3), np.uint8), photometric="RGB", modality="US"))


START = Window(40, 400, "file")


def test_that_a_drag_to_the_right_widens_and_one_down_raises_the_centre() -> None:
    scan = loaded(-1024, 1024)
    assert dragged(scan, START, 10, 0) == Window(40, 420, "user")
    assert dragged(scan, START, -10, 0) == Window(40, 380, "user")
    assert dragged(scan, START, 0, 10) == Window(60, 400, "user")
    assert dragged(scan, START, 0, -10) == Window(20, 400, "user")


@pytest.mark.parametrize(("span", "step"), [(1024, 1), (4096, 4), (102.4, 0.1), (1.024, 0.001)])
def test_that_the_speed_scales_with_the_range_of_the_values(span: float, step: float) -> None:
    scan = loaded(0, span)
    moved = dragged(scan, Window(span / 2, span, "auto"), 7, 5)
    assert moved.width - span == pytest.approx(7 * step, rel=1e-3)
    assert moved.centre - span / 2 == pytest.approx(5 * step, rel=1e-3)


@pytest.mark.parametrize("span", [4096, 1.0, 0.0])
def test_that_a_window_never_closes(span: float) -> None:
    assert dragged(loaded(0, span), START, -1e9, 0).width > 0
    assert dragged(loaded(0, 4096), START, -1e9, 0).width == 1


def test_that_the_digits_mean_the_windows_that_radiologists_expect() -> None:
    by_digit = {preset.digit: preset for preset in presets_of(loaded(-1000, 1000))}
    assert by_digit[0].window is None
    titles = [by_digit[digit].title for digit in range(1, 5)]
    assert titles == ["Soft tissue", "Lung", "Bone", "Brain"]
    assert by_digit[2].window == Window(-600, 1500, "preset: lung")
    assert by_digit[5].window == Window(-500, 1600, "file: LUNG")
    assert by_digit[5].title == "Lung"
    assert by_digit[9].window == "auto"
    assert not any(preset.refusal for preset in by_digit.values())


def test_that_tissue_windows_are_refused_in_words_without_hounsfield_units() -> None:
    by_digit = {preset.digit: preset for preset in presets_of(loaded(0, 4000, "MR", ""))}
    for digit in range(1, 5):
        assert "Hounsfield" in by_digit[digit].refusal
        assert "MR" in by_digit[digit].refusal
    assert by_digit[6].title == "Full range"
    assert not by_digit[6].refusal


def test_that_pet_in_suv_has_its_own_window_and_no_tissue_windows() -> None:
    presets = presets_of(loaded(0, 30, "PT", "SUVbw"))
    usable = {preset.title: preset.window for preset in presets if not preset.refusal}
    assert usable["SUV 0 to 5"] == Window(2.5, 5, "preset: SUV 0 to 5", "LINEAR_EXACT")
    assert "Lung" not in {title for title, window in usable.items() if window != WINDOWS[1]}


@pytest.mark.parametrize(
    ("title", "centre", "width"),
    [
        ("Soft tissue", 40, 400),
        ("Lung", -600, 1500),
        ("Bone", 480, 2500),
        ("Brain", 40, 80),
        ("Stroke", 35, 35),
        ("Liver", 90, 150),
        ("Mediastinum", 50, 400),
        ("Angiography", 170, 600),
    ],
)
def test_that_the_windows_of_ct_have_the_values_of_the_table(
    title: str, centre: float, width: float
) -> None:
    presets = presets_of(loaded(-1000, 1000))
    window = next(preset.window for preset in presets if preset.title == title)
    assert isinstance(window, Window)
    assert (window.centre, window.width) == (centre, width)


def test_that_colour_has_no_windows() -> None:
    assert all(preset.refusal for preset in presets_of(colour()))


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (Window(40, 400, "file"), "W 400 L 40 (file)"),
        (Window(-600, 1500, "preset: lung"), "W 1500 L −600 (lung)"),
        (Window(35.5, 80.25, "user"), "W 80.25 L 35.5"),
        (Window(-500, 1600, "file: LUNG"), "W 1600 L −500 (file: LUNG)"),
        (Window(2.5, 5, "preset: SUV 0 to 5", "LINEAR_EXACT"), "W 5 L 2.5 (SUV 0 to 5)"),
        (Window(0.01234567, 1 / 3, "auto"), "W 0.3333 L 0.01235 (auto)"),
    ],
)
def test_that_the_corner_shows_width_and_level(window: Window, words: str) -> None:
    assert describe_window(window) == words
