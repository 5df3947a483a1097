"""How large a pixel is, and how sure that is; and the facts in the viewer's corners."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import UID, JPEGLosslessSV1

from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.facts import collect_facts
from vlm_explorer.pixels.functional_groups import FrameElements

MakeDicom = Callable[..., Path]
PIXELS = np.zeros((4, 6), dtype=np.uint8)


def region(units: int, x: float, y: float) -> Dataset:
    item = Dataset()
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = units
    item.PhysicalDeltaX, item.PhysicalDeltaY = x, y
    return item


@pytest.mark.parametrize(
    ("elements", "spacing", "kind"),
    [
        ({"PixelSpacing": [0.7, 0.6]}, (0.7, 0.6), "in the patient"),
        ({"PixelSpacing": [0.7, 0.6], "ImagerPixelSpacing": [1, 1]}, (0.7, 0.6), "in the patient"),
        ({"Modality": "DX", "ImagerPixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "at detector"),
        (
            {"Modality": "DX", "PixelSpacing": [0.2, 0.2], "ImagerPixelSpacing": [0.2, 0.2]},
            (0.2, 0.2),
            "at detector",
        ),
        (
            {"Modality": "DX", "PixelSpacing": [0.1, 0.1], "ImagerPixelSpacing": [0.2, 0.2]},
            (0.1, 0.1),
            "calibrated",
        ),
        (
            {
                "Modality": "CR",
                "PixelSpacing": [0.2, 0.2],
                "PixelSpacingCalibrationType": "FIDUCIAL",
            },
            (0.2, 0.2),
            "calibrated",
        ),
        (
            {"SequenceOfUltrasoundRegions": [region(1, 9, 9), region(3, 0.05, -0.04)]},
            (0.4, 0.5),
            "ultrasound region",
        ),
        ({"NominalScannedPixelSpacing": [0.3, 0.3]}, (0.3, 0.3), "nominal scan"),
        ({"PixelAspectRatio": [4, 3]}, (4, 3), "aspect ratio"),
        ({"PixelSpacing": [0, 0], "PixelAspectRatio": [2, 1]}, (2, 1), "aspect ratio"),
        ({"PixelSpacing": [0.5]}, None, ""),
        ({}, None, ""),
    ],
)
def test_that_the_best_spacing_is_taken_and_named(
    make_dicom: MakeDicom,
    elements: dict[str, Any],
    spacing: tuple[float, float] | None,
    kind: str,
) -> None:
    frame = read_frame(make_dicom(PIXELS, **{"Modality": "CT", **elements}))
    assert frame.spacing == (pytest.approx(spacing) if spacing else None)
    assert frame.spacing_kind == kind


def test_that_facts_are_those_of_the_file_and_of_nobody(make_dicom: MakeDicom) -> None:
    path = make_dicom(
        PIXELS,
        PatientName="Doe^John",
        PatientID="123456",
        AccessionNumber="A-77",
        SeriesDescription="Thorax of John Doe",
        SeriesNumber=4,
        InstanceNumber=17,
        SliceLocation="-12.3456",
        SliceThickness=5,
        KVP=120,
        Exposure=80,
        RepetitionTime=500,
        EchoTime="12.5",
        MagneticFieldStrength="1.5",
        ViewPosition="MLO",
        ImageLaterality="L",
        BodyPartExamined="BREAST",
        LossyImageCompression="01",
        LossyImageCompressionRatio="12.34",
    )
    facts = read_frame(path).facts
    assert facts == {
        "Series": "4",
        "Instance": "17",
        "Slice location": "-12.35 mm",
        "Thickness": "5 mm",
        "kVp": "120",
        "mAs": "80",
        "TR/TE": "500 / 12.5 ms",
        "Field strength": "1.5 T",
        "View": "MLO",
        "Laterality": "L",
        "Body part": "BREAST",
        "Lossy": "compressed before, 12.3:1",
    }


def test_that_a_file_that_says_nothing_has_no_facts(make_dicom: MakeDicom) -> None:
    assert read_frame(make_dicom(PIXELS)).facts == {}


def test_that_free_text_in_a_coded_element_is_not_shown(make_dicom: MakeDicom) -> None:
    path = make_dicom(PIXELS)
    dataset = dcmread(path)
    dataset.add_new("BodyPartExamined", "LO", "John Doe's knee")
    dataset.add_new("ViewPosition", "LO", "see Dr. Who")
    assert collect_facts(FrameElements(dataset, 0)) == {}


@pytest.mark.parametrize(
    ("syntax", "ratio", "fact"),
    [
        ("1.2.840.10008.1.2.4.50", None, "JPEG Baseline"),
        ("1.2.840.10008.1.2.4.50", "20", "JPEG Baseline, 20:1"),
        (str(JPEGLosslessSV1), None, None),
    ],
)
def test_that_a_lossy_syntax_is_shown_whatever_the_header_says(
    make_dicom: MakeDicom, syntax: str, ratio: str | None, fact: str | None
) -> None:
    dataset = dcmread(make_dicom(PIXELS))
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    if ratio:
        dataset.LossyImageCompressionRatio = ratio
    assert collect_facts(FrameElements(dataset, 0)).get("Lossy") == fact
