"""What kind of DICOM object a file holds, in words."""

from __future__ import annotations

from pydicom.uid import UID

DICOMDIR = "1.2.840.10008.1.3.10"

_STORAGE = "1.2.840.10008.5.1.4.1.1."

# Longest prefix first: the name that a radiologist would use for a whole family of SOP classes.
_FAMILIES: tuple[tuple[str, str], ...] = (
    (DICOMDIR, "DICOMDIR, the table of contents of a medium"),
    (_STORAGE + "88.59", "key object selection"),
    (_STORAGE + "88.67", "structured report (radiation dose)"),
    (_STORAGE + "88.76", "structured report (radiation dose)"),
    (_STORAGE + "88.", "structured report"),
    (_STORAGE + "104.1", "PDF document"),
    (_STORAGE + "104.2", "CDA document"),
    (_STORAGE + "104.", "3-D model"),
    (_STORAGE + "481.3", "radiotherapy structure set"),
    (_STORAGE + "481.5", "radiotherapy plan"),
    (_STORAGE + "481.8", "radiotherapy plan"),
    (_STORAGE + "481.4", "radiotherapy treatment record"),
    (_STORAGE + "481.6", "radiotherapy treatment record"),
    (_STORAGE + "481.7", "radiotherapy treatment record"),
    (_STORAGE + "481.9", "radiotherapy treatment record"),
    (_STORAGE + "9.1.", "ECG waveform"),
    (_STORAGE + "9.4.", "audio recording"),
    (_STORAGE + "9.", "waveform"),
    (_STORAGE + "11.", "presentation state"),
    (_STORAGE + "66.1", "spatial registration"),
    (_STORAGE + "66.2", "spatial fiducials"),
    (_STORAGE + "66.3", "spatial registration"),
    (_STORAGE + "66.4", "segmentation (a mask)"),
    (_STORAGE + "66.7", "segmentation (a mask)"),
    (_STORAGE + "66.5", "surface segmentation"),
    (_STORAGE + "66.6", "tractography"),
    (_STORAGE + "66", "raw data"),
    (_STORAGE + "67", "real world value mapping"),
    (_STORAGE + "91.1", "microscopy annotations"),
    (_STORAGE + "4.2", "MR spectroscopy"),
    ("1.2.840.10008.5.1.4.38.", "hanging protocol"),
    ("1.2.840.10008.5.1.4.39.", "colour palette"),
)

# Objects whose pixel data are no picture of the patient.
_MASKS = (_STORAGE + "66.4", _STORAGE + "66.7")


def name_sop_class(uid: str) -> str:
    """Return the SOP class in words; "" where it is not known."""
    for prefix, name in _FAMILIES:
        if uid == prefix or (prefix.endswith(".") and uid.startswith(prefix)):
            return name
    registered = UID(uid).name if uid else ""
    return "" if registered == uid else registered.replace(" Storage", "")


def is_mask(uid: str) -> bool:
    """Return whether the pixel data are a segmentation."""
    return uid in _MASKS
