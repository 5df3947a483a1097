"""PET: uptake values where they can be computed, on inverted grey."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.render import render_frame

MakeDicom = Callable[..., Path]

STORED = np.arange(0, 40000, 625, dtype=np.uint16).reshape(8, 8)
# 1 h after 400 MBq of fluorine-18 in 80 kg, one half-life of which is 6586.2 s
DOSE, HALF_LIFE, WEIGHT = 4e8, 6586.2, 80.0
FACTOR = WEIGHT * 1000 / (DOSE * 2 ** (-3600 / HALF_LIFE))


def tracer(**elements: Any) -> list[Dataset]:
    item = Dataset()
    item.RadionuclideTotalDose = DOSE
    item.RadionuclideHalfLife = HALF_LIFE
    item.RadiopharmaceuticalStartTime = "090000.00"
    for keyword, value in elements.items():
        setattr(item, keyword, value)
    return [item]


def elements(**changes: Any) -> dict[str, Any]:
    return {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.128",
        "Modality": "PT",
        "Units": "BQML",
        "CorrectedImage": ["DECY", "ATTN", "SCAT"],
        "DecayCorrection": "START",
        "SeriesDate": "20260301",
        "SeriesTime": "100000",
        "AcquisitionDate": "20260301",
        "AcquisitionTime": "100500.123",
        "PatientWeight": str(WEIGHT),
        "RescaleSlope": "0.5",
        "RescaleIntercept": "0",
        "RadiopharmaceuticalInformationSequence": tracer(),
        **changes,
    }


def test_that_activity_becomes_uptake_by_weight_dose_and_decay(make_dicom: MakeDicom) -> None:
    frame = read_frame(make_dicom(STORED, **elements()))
    assert frame.unit == "SUVbw"
    assert np.allclose(frame.values, STORED * 0.5 * FACTOR, rtol=1e-6)
    assert frame.stored is not None
    assert np.array_equal(frame.stored, STORED)


def test_that_uptake_is_shown_from_0_to_5_dark_on_bright(make_dicom: MakeDicom) -> None:
    rendering = render_frame(read_frame(make_dicom(STORED, **elements())))
    assert (rendering.window.centre, rendering.window.width) == (2.5, 5.0)
    assert rendering.window.source == "preset: SUV 0 to 5"
    expected = 255 - np.clip(STORED * 0.5 * FACTOR / 5 * 255, 0, 255)
    assert rendering.inverted
    assert np.abs(rendering.pixels - expected).max() <= 0.51


def test_that_the_window_of_the_file_is_turned_into_uptake_too(make_dicom: MakeDicom) -> None:
    path = make_dicom(STORED, **elements(WindowCenter="5000", WindowWidth="10000"))
    rendering = render_frame(read_frame(path))
    assert rendering.window.source == "file"
    assert rendering.window.width == pytest.approx(10000 * FACTOR)
    expected = 255 - np.clip(STORED * 0.5 / 10000 * 255, 0, 255)
    assert np.abs(rendering.pixels - expected).max() <= 0.51


@pytest.mark.parametrize(
    "changes",
    [
        {"Units": "PROPCPS"},
        {"CorrectedImage": ["DECY"]},
        {"PatientWeight": None},
        {"PatientWeight": "0"},
        {"RadiopharmaceuticalInformationSequence": tracer(RadionuclideTotalDose=400)},
        {"RadiopharmaceuticalInformationSequence": tracer(RadiopharmaceuticalStartTime="")},
        {"RadiopharmaceuticalInformationSequence": tracer(RadionuclideHalfLife=60)},
        {"AcquisitionTime": "090500"},
        {"DecayCorrection": "NONE"},
        {"SeriesTime": ""},
    ],
)
def test_that_uptake_is_not_guessed(make_dicom: MakeDicom, changes: dict[str, Any]) -> None:
    given = {key: value for key, value in elements(**changes).items() if value is not None}
    frame = read_frame(make_dicom(STORED, **given))
    assert frame.unit == given["Units"]
    assert np.allclose(frame.values, STORED * 0.5)
    rendering = render_frame(frame)
    low, high = rendering.window.centre - rendering.window.width / 2, rendering.window.width
    assert low == 0
    assert high == pytest.approx(np.percentile(STORED * 0.5, 99.5))
    assert rendering.inverted


def test_that_an_injection_before_midnight_counts(make_dicom: MakeDicom) -> None:
    late = elements(
        SeriesTime="001500", AcquisitionTime="001600",
        RadiopharmaceuticalInformationSequence=tracer(RadiopharmaceuticalStartTime="231500"),
    )  # fmt: skip
    assert np.allclose(read_frame(make_dicom(STORED, **late)).values, STORED * 0.5 * FACTOR)


def test_that_decay_counted_from_the_injection_needs_no_clock(make_dicom: MakeDicom) -> None:
    frame = read_frame(make_dicom(STORED, **elements(DecayCorrection="ADMIN", SeriesTime="")))
    assert np.allclose(frame.values, STORED * 0.5 * WEIGHT * 1000 / DOSE)


def test_that_values_that_are_uptake_already_stay(make_dicom: MakeDicom) -> None:
    frame = read_frame(make_dicom(STORED, **elements(Units="GML", PatientWeight="")))
    assert frame.unit == "SUVbw"
    assert np.allclose(frame.values, STORED * 0.5)


def test_that_philips_counts_use_its_own_factor_wherever_its_group_lies(
    make_dicom: MakeDicom,
) -> None:
    path = make_dicom(STORED, **elements(Units="CNTS"))
    dataset = dcmread(path)
    block = dataset.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.25")
    dataset.save_as(path)
    assert np.allclose(read_frame(path).values, STORED * 0.5 * 0.25)


def test_that_a_screen_save_of_pet_is_not_turned_round(make_dicom: MakeDicom) -> None:
    screen = elements(SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    frame = read_frame(make_dicom(STORED, **screen))
    assert not frame.inverted
    assert frame.unit == "BQML"
