from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from viewer_scans import ramp, write_scan

from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.viewmodels.viewer_corners import (
    lower_left,
    lower_right,
    place_text,
    point_in_patient,
    upper_corners,
)
from vlm_explorer.viewmodels.viewer_frames import prepare
from vlm_explorer.viewmodels.viewer_orientation import UPRIGHT


def frame_of(tmp_path: Path, **elements: object) -> Frame:
    return read_frame(write_scan(tmp_path / "a.dcm", ramp(), **elements), 0)


def test_that_a_ct_tells_place_thickness_and_tube(tmp_path: Path) -> None:
    frame = frame_of(tmp_path, SliceLocation=-12.5, SliceThickness=5, KVP=120, Exposure=170)
    left = lower_left((2, 237), "W 400 L 40", 1.0, UPRIGHT, inverted=False, facts=frame.facts)
    assert left == (
        "Image 3 / 237",
        "Location −12.5 mm · Thickness 5 mm",
        "W 400 L 40",
        "Zoom 100 %",
    )
    assert lower_right(frame, 0) == ("kVp 120", "mAs 170")


def test_that_an_mr_tells_its_times_and_a_mammogram_its_view_and_side(tmp_path: Path) -> None:
    mr = frame_of(tmp_path, modality="MR", RepetitionTime=4000, EchoTime=90)
    assert "TR/TE 4000 / 90 ms" in lower_right(mr, 0)
    mammogram = frame_of(tmp_path, modality="MG", ViewPosition="MLO", ImageLaterality="L")
    assert {"View MLO", "Laterality L"} <= set(lower_right(mammogram, 0))


def test_that_loss_is_told_with_its_ratio_and_a_frame_with_its_number() -> None:
    clip = read_frame(Path(str(get_testdata_file("examples_ybr_color.dcm"))), 3)
    assert lower_right(clip, 3)[-2:] == ("Lossy: JPEG Baseline, 19:1", "Frame 4 of 30")


def test_that_an_image_without_loss_says_nothing_of_it(tmp_path: Path) -> None:
    assert not any("Lossy" in line for line in lower_right(frame_of(tmp_path), 0))


def test_that_the_size_of_a_pixel_says_what_it_measures(tmp_path: Path) -> None:
    for kind, words in (
        ("in the patient", "32 × 32 · 0.5 mm"),
        ("at detector", "32 × 32 · 0.5 mm at detector"),
        ("calibrated", "32 × 32 · 0.5 mm calibrated"),
        ("aspect ratio", "32 × 32 · pixel size unknown"),
    ):
        loaded = prepare(replace(frame_of(tmp_path), spacing_kind=kind))
        assert upper_corners("CT", None, loaded)[1] == (words,)


@pytest.mark.parametrize(
    "cosines", [(1, 0, 0, 0, 1, 0), (0, 1, 0, 0, 0, -1), (0.58, 0.57, -0.58, 0.6, -0.78, -0.17)]
)
def test_that_a_pixel_lies_where_the_matrix_of_the_standard_puts_it(
    tmp_path: Path, cosines: tuple[float, ...]
) -> None:
    """PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1."""
    frame = frame_of(tmp_path, orientation=cosines, spacing=(2.0, 0.5))
    assert frame.position is not None
    x, y = np.array(cosines[:3]), np.array(cosines[3:])
    matrix = np.column_stack([x * 0.5, y * 2.0, np.zeros(3), np.array(frame.position)])
    expected = matrix @ (7, 11, 0, 1)
    assert point_in_patient(frame, row=11, column=7) == pytest.approx(expected)


def test_that_no_place_is_told_where_the_pixel_has_no_size_in_the_patient(tmp_path: Path) -> None:
    frame = frame_of(tmp_path)
    for unknown in (
        replace(frame, spacing=None),
        replace(frame, spacing_kind="at detector"),
        replace(frame, orientation=None),
        replace(frame, position=None),
    ):
        assert point_in_patient(unknown, 0, 0) is None
    assert place_text(prepare(replace(frame, position=None)), 0, 0) == "Stored 24"


def test_that_the_patient_is_hidden_unless_asked_for() -> None:
    assert upper_corners("CT", None, None)[0] == ("CT", "Patient hidden")
    assert upper_corners("CT", None, None, ("Doe, Jane",))[0] == ("CT", "Doe, Jane")
