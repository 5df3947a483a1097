"""Standardised uptake values of PET: activity over what was injected, by body weight."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from vlm_explorer.files.dicom_dataset import items, number, text, texts
from vlm_explorer.pixels.functional_groups import FrameElements

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_PET_IMAGES = frozenset({_STORAGE + "128", _STORAGE + "128.1", _STORAGE + "130"})
_LEAST_DOSE = 1e4  # Bq; smaller numbers are meant in MBq, against the standard
_HEAVIEST = 700.0  # kg


def is_pet(elements: FrameElements) -> bool:
    """Return whether the file is a PET image, and no picture of one (a screen save)."""
    return text(elements.root, "SOPClassUID") in _PET_IMAGES


def suv_factor(elements: FrameElements) -> float | None:
    """Return what a modality value is multiplied by to become SUV by body weight, in g/ml.

    After the vendor-neutral procedure of the Quantitative Imaging Biomarkers Alliance (FDG-PET/CT
    profile, appendix G): only for corrected images whose decay is counted from a known moment.
    None where anything that it takes is not given.
    """
    dataset = elements.root
    if not is_pet(elements):
        return None
    units = elements.text("Units").upper()
    if units == "GML":
        return 1.0 if text(dataset, "SUVType").upper() in ("", "BW") else None
    if not {"ATTN", "DECY"} <= {word.upper() for word in texts(dataset, "CorrectedImage")}:
        return None
    if units == "CNTS":
        return _philips_factor(dataset)
    weight = number(dataset, "PatientWeight") or 0.0
    activity = _activity_at_scan(dataset)
    if units != "BQML" or activity is None or not 0 < weight <= _HEAVIEST:
        return None
    return weight * 1000.0 / activity


def _philips_factor(dataset: Dataset) -> float | None:
    """Return Philips' own factor from counts to SUV; its group is moved about by archives."""
    try:
        block = dataset.private_block(0x7053, "Philips PET Private Group")
        factor = float(block[0x00].value)
    except (KeyError, TypeError, ValueError):
        return None
    return factor if factor > 0 else None


def _activity_at_scan(dataset: Dataset) -> float | None:
    """Return the injected activity in Bq, decayed to the moment that the images refer to."""
    for tracer in items(dataset, "RadiopharmaceuticalInformationSequence")[:1]:
        dose = number(tracer, "RadionuclideTotalDose") or 0.0
        half_life = number(tracer, "RadionuclideHalfLife") or 0.0
        if dose < _LEAST_DOSE or half_life <= 0:
            return None
        reference = text(dataset, "DecayCorrection").upper()
        if reference == "ADMIN":
            return dose
        seconds = _seconds_since_injection(dataset, tracer) if reference == "START" else None
        if seconds is None or seconds > 10 * half_life:
            return None
        return float(dose * 2.0 ** (-seconds / half_life))
    return None


def _seconds_since_injection(dataset: Dataset, tracer: Dataset) -> float | None:
    """Return the time from injection to the start of the series."""
    scan = _moment(text(dataset, "SeriesDate") + text(dataset, "SeriesTime"))
    taken = _moment(text(dataset, "AcquisitionDate") + text(dataset, "AcquisitionTime"))
    if scan is None or (taken is not None and taken < scan):
        return None  # the series was made anew later; when it was taken is not known
    named = text(tracer, "RadiopharmaceuticalStartDateTime")
    clock = text(tracer, "RadiopharmaceuticalStartTime")
    injected = _moment(named) or (_moment(text(dataset, "SeriesDate") + clock) if clock else None)
    if injected is None:
        return None
    if injected > scan and not named:
        injected -= timedelta(days=1)  # over midnight
    seconds = (scan - injected).total_seconds()
    return seconds if seconds >= 0 else None


def _moment(words: str) -> datetime | None:
    """Read YYYYMMDDHHMMSS, fractions and time zone left out."""
    digits = words[:14]
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S")
    except ValueError:
        return None
