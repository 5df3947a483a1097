"""Enhanced multi-frame objects: what differs from frame to frame, and what frames share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.render import render
from vlm_explorer.pixels.windowing import Window

MakeDicom = Callable[..., Path]


def item(**elements: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def rescale(slope: float, intercept: float, unit: str = "HU") -> Dataset:
    return item(RescaleSlope=slope, RescaleIntercept=intercept, RescaleType=unit)


def window(centre: float, width: float, **more: Any) -> Dataset:
    return item(WindowCenter=centre, WindowWidth=width, **more)


@pytest.fixture
def enhanced(make_dicom: MakeDicom) -> Path:
    """Three frames; the first two have their own rescale and window, all share the rest."""
    stored = np.arange(3 * 16, dtype=np.uint16).reshape(3, 4, 4)
    per_frame = [
        item(
            PixelValueTransformationSequence=[rescale(2, -1000)],
            FrameVOILUTSequence=[window(50, 100, WindowCenterWidthExplanation="first")],
            PlanePositionSequence=[item(ImagePositionPatient=[0, 0, 1])],
        ),
        item(
            PixelValueTransformationSequence=[rescale(3, -900)],
            FrameVOILUTSequence=[window(60, 0.5, VOILUTFunction="LINEAR_EXACT")],
        ),
        item(PlanePositionSequence=[item(ImagePositionPatient=[0, 0, 3])]),
    ]
    shared = item(
        PixelValueTransformationSequence=[rescale(1, -800)],
        PixelMeasuresSequence=[item(PixelSpacing=[0.5, 0.25], SliceThickness=2)],
        PlaneOrientationSequence=[item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])],
        FrameAnatomySequence=[item(FrameLaterality="L")],
        MRTimingAndRelatedParametersSequence=[item(RepetitionTime=2000)],
        MREchoSequence=[item(EffectiveEchoTime=30)],
    )
    return make_dicom(
        stored,
        Modality="CT",
        PerFrameFunctionalGroupsSequence=per_frame,
        SharedFunctionalGroupsSequence=[shared],
        RescaleSlope=7,
        RescaleIntercept=7,
        WindowCenter=5,
        WindowWidth=9,
    )


def test_that_the_rescale_is_that_of_the_frame_else_the_shared_one(enhanced: Path) -> None:
    stored = np.arange(3 * 16).reshape(3, 4, 4)
    for frame, (slope, intercept) in enumerate([(2, -1000), (3, -900), (1, -800)]):
        decoded = read_frame(enhanced, frame)
        assert np.array_equal(decoded.values, stored[frame] * slope + intercept)
        assert decoded.unit == "HU"


def test_that_the_window_is_that_of_the_frame_else_of_the_file(enhanced: Path) -> None:
    assert read_frame(enhanced, 0).windows == (Window(50, 100, "file: first"),)
    assert read_frame(enhanced, 1).windows == (Window(60, 0.5, "file", "LINEAR_EXACT"),)
    assert read_frame(enhanced, 2).windows == (Window(5, 9, "file"),)
    assert render(enhanced, 2).window.centre == 5


def test_that_what_frames_share_holds_for_each(enhanced: Path) -> None:
    for frame in range(3):
        decoded = read_frame(enhanced, frame)
        assert decoded.spacing == (0.5, 0.25)
        assert decoded.spacing_kind == "in the patient"
        assert decoded.orientation == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
        assert decoded.facts["Laterality"] == "L"
        assert decoded.facts["Thickness"] == "2 mm"
        assert decoded.facts["TR/TE"] == "2000 / 30 ms"


def test_that_frames_without_groups_of_their_own_use_the_root(make_dicom: MakeDicom) -> None:
    stored = np.ones((2, 4, 4), dtype=np.uint16)
    path = make_dicom(
        stored,
        PerFrameFunctionalGroupsSequence=[item()],
        RescaleSlope=10,
        RescaleIntercept=1,
        WindowCenter=5,
        WindowWidth=9,
    )
    for frame in range(2):
        decoded = read_frame(path, frame)
        assert (decoded.values == 11).all()
        assert decoded.windows == (Window(5, 9, "file"),)


def test_that_a_real_enhanced_ct_is_rescaled(test_data: Path, tmp_path: Path) -> None:
    data = (test_data / "dicom" / "edge" / "eCT_Supplemental.dcm").read_bytes()
    path = tmp_path / "without_its_colours.dcm"
    path.write_bytes(data.replace(b"COLOR ", b"MONO  "))
    frame = read_frame(path, 1)
    assert frame.values.min() == -1024
    assert frame.windows[0].source == "file"


def test_that_a_real_enhanced_mr_is_windowed_by_its_frames(test_data: Path) -> None:
    for path in sorted((test_data / "dicom" / "series" / "mr_enhanced").iterdir()):
        rendering = render(path)
        assert rendering.window.source.startswith("file")
        assert rendering.pixels.std() > 10
