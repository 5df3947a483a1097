from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file

from vlm_explorer.errors import NotAnImage, UsageError
from vlm_explorer.pixels.ct_choice import (
    CHOICES,
    choice_of,
    make_recipe,
    parse_choice,
    recipe_for,
)
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.encoding_window import applies_to, render_for_encoder
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.render import render_frame
from vlm_explorer.pixels.windowing import PRESETS


@pytest.fixture
def ct() -> Frame:
    return read_frame(Path(str(get_testdata_file("CT_small.dcm"))))


def through(values: np.ndarray, name: str) -> np.ndarray:
    """PS3.3 C.11.2.1.2.1, to 0..255, halves up."""
    centre, width = PRESETS[name]
    grey = ((values.astype(np.float64) - (centre - 0.5)) / (width - 1) + 0.5) * 255
    return np.floor(np.clip(grey, 0, 255) + 0.5).astype(int)


@pytest.mark.parametrize("name", ["soft tissue", "lung", "bone", "brain"])
def test_that_ct_is_seen_through_the_window(ct: Frame, name: str) -> None:
    seen = render_for_encoder(ct, name)
    np.testing.assert_allclose(seen.pixels.astype(int), through(ct.values, name), atol=1)
    assert seen.window.source == f"preset: {name}"


def test_that_three_windows_are_lung_soft_tissue_and_bone_as_red_green_and_blue(ct: Frame) -> None:
    pixels = render_for_encoder(ct, "three windows").pixels
    assert pixels.shape == (*ct.values.shape, 3)
    for channel, name in enumerate(("lung", "soft tissue", "bone")):
        np.testing.assert_allclose(
            pixels[..., channel].astype(int), through(ct.values, name), atol=1
        )
    assert len({pixels[..., channel].tobytes() for channel in range(3)}) == 3


@pytest.mark.parametrize("choice", CHOICES)
def test_that_what_is_no_ct_in_hounsfield_units_keeps_its_default_rendering(
    ct: Frame, choice: str
) -> None:
    colour = np.zeros((4, 4, 3), np.uint8)
    others = (
        replace(ct, unit=""),  # a localizer, a perfusion map
        replace(ct, is_capture=True),
        replace(ct, modality="PT"),
        replace(ct, values=colour),
        read_frame(Path(str(get_testdata_file("MR_small.dcm")))),
    )
    for frame in others:
        seen, expected = render_for_encoder(frame, choice), render_frame(frame)
        np.testing.assert_array_equal(seen.pixels, expected.pixels)
        assert seen.window == expected.window


def test_that_by_default_the_encoder_sees_what_the_screen_shows_at_first(ct: Frame) -> None:
    np.testing.assert_array_equal(render_for_encoder(ct).pixels, render_frame(ct).pixels)


def test_that_padding_is_black_through_every_window(ct: Frame) -> None:
    padding = np.zeros(ct.values.shape, bool)
    padding[:9] = True
    for choice in CHOICES:
        assert not render_for_encoder(replace(ct, padding=padding), choice).pixels[:9].any()


def test_that_scouts_and_dose_pages_of_scanners_are_left_as_they_are(test_data: Path) -> None:
    def found(name: str) -> list[bool]:
        folder = test_data / "dicom" / "series" / name
        answers = []
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            with suppress(NotAnImage):  # the DICOMDIR
                answers.append(applies_to(read_frame(path)))
        return answers

    assert found("ct_ge_tilt") == [True] * 28
    assert found("ct_philips_dose_pages") == [False] * 6
    assert found("ct_philips_scout") == [False]


@pytest.mark.parametrize("choice", CHOICES)
def test_that_a_recipe_names_its_choice_for_ct_alone(choice: str) -> None:
    recipe = make_recipe("render-2", choice)
    assert choice_of(recipe) == choice
    assert recipe_for(recipe, "CT") == recipe
    assert recipe_for(recipe, "MR") == "render-2"
    assert (recipe == "render-2") == (choice == "default")


def test_that_a_choice_may_be_written_as_one_word() -> None:
    assert parse_choice("Soft-Tissue") == "soft tissue"
    with pytest.raises(UsageError, match="liver"):
        parse_choice("liver")
