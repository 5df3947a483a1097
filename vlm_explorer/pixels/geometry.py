"""How large a pixel is, and how sure that is."""

from __future__ import annotations

from vlm_explorer.files.dicom_dataset import items
from vlm_explorer.pixels.frame import (
    ASPECT_RATIO,
    AT_DETECTOR,
    CALIBRATED,
    IN_PATIENT,
    NOMINAL,
    ULTRASOUND_REGION,
)
from vlm_explorer.pixels.functional_groups import FrameElements
from vlm_explorer.pixels.ultrasound_regions import region_spacing

_PROJECTIONS = frozenset({"CR", "DX", "MG", "PX", "IO", "XA", "RF", "RG"})


def find_spacing(elements: FrameElements) -> tuple[tuple[float, float] | None, str]:
    """Return (row spacing, column spacing) in mm and what it measures.

    The best that there is: Pixel Spacing (of the frame, else of the file), the first calibrated
    ultrasound region, Imager Pixel Spacing (which is at the detector: true sizes are smaller),
    Nominal Scanned Pixel Spacing, and at last the mere Pixel Aspect Ratio, which is no length.
    """
    if pair := _pair(elements.numbers("PixelSpacing")):
        return pair, _kind_of_pixel_spacing(elements, pair)
    if pair := _ultrasound_spacing(elements):
        return pair, ULTRASOUND_REGION
    for keyword, kind in (
        ("ImagerPixelSpacing", AT_DETECTOR),
        ("NominalScannedPixelSpacing", NOMINAL),
        ("PixelAspectRatio", ASPECT_RATIO),
    ):
        if pair := _pair(elements.numbers(keyword)):
            return pair, kind
    return None, ""


def _kind_of_pixel_spacing(elements: FrameElements, pair: tuple[float, float]) -> str:
    """In projections Pixel Spacing may repeat the detector's (PS3.3 10.7.1.3)."""
    if elements.text("Modality") not in _PROJECTIONS:
        return IN_PATIENT
    if elements.text("PixelSpacingCalibrationType"):
        return CALIBRATED
    at_detector = _pair(elements.numbers("ImagerPixelSpacing"))
    return AT_DETECTOR if at_detector in (None, pair) else CALIBRATED


def _pair(found: list[float]) -> tuple[float, float] | None:
    return (found[0], found[1]) if len(found) == 2 and min(found) > 0 else None


def _ultrasound_spacing(elements: FrameElements) -> tuple[float, float] | None:
    found = (region_spacing(item) for item in items(elements.root, "SequenceOfUltrasoundRegions"))
    return next((spacing for spacing in found if spacing), None)


def find_orientation(elements: FrameElements) -> tuple[float, ...] | None:
    """Return Image Orientation (Patient): the cosines of a row's and a column's direction."""
    found = elements.numbers("ImageOrientationPatient")
    return tuple(found) if len(found) == 6 else None


def find_position(elements: FrameElements) -> tuple[float, float, float] | None:
    """Return Image Position (Patient) in mm: where the centre of the first pixel lies."""
    found = elements.numbers("ImagePositionPatient")
    return (found[0], found[1], found[2]) if len(found) == 3 else None
