"""What is said of a picture that its pixels do not tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vlm_explorer.pixels.decode import read_frame

MakeDicom = Callable[..., Path]

BYTES = np.zeros((4, 4), np.uint8)
CT = "1.2.840.10008.5.1.4.1.1.2"
MAYBE = "There may be text in the picture that names the patient."
YES = "Text is burned into the picture; it may name the patient."


@pytest.mark.parametrize(
    ("elements", "notice"),
    [
        ({"SOPClassUID": CT, "Modality": "CT"}, None),
        ({"SOPClassUID": CT, "Modality": "CT", "BurnedInAnnotation": "YES"}, YES),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.6.1", "Modality": "US"}, MAYBE),
        ({"Modality": "US", "BurnedInAnnotation": "NO"}, None),
        ({"Modality": "CT"}, MAYBE),  # secondary capture
        ({"SOPClassUID": CT, "Modality": "CT",
          "ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]}, MAYBE),
        ({"SOPClassUID": CT, "Modality": "CT",
          "ImageType": ["DERIVED", "SECONDARY", "OTHER", "DOSE_INFO"]}, MAYBE),
    ],
)  # fmt: skip
def test_that_text_in_the_picture_is_warned_of_where_it_is_likely(
    make_dicom: MakeDicom, elements: dict[str, Any], notice: str | None
) -> None:
    expected = () if notice is None else (notice,)
    assert read_frame(make_dicom(BYTES, **elements)).warnings == expected


def test_that_the_dose_page_of_a_real_ct_is_warned_of(test_data: Path) -> None:
    page = test_data / "dicom" / "series" / "ct_philips_dose_pages" / "I40"
    assert read_frame(page).warnings == (YES,)


def test_that_a_mosaic_is_named(make_dicom: MakeDicom) -> None:
    kind = ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"]
    frame = read_frame(make_dicom(BYTES, ImageType=kind, BurnedInAnnotation="NO"))
    assert frame.warnings == ("A mosaic: many slices side by side in one picture.",)
