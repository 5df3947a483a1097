"""What is known of an image file before its pixels are decoded."""

from __future__ import annotations

from dataclasses import dataclass

# The stack of every image that is no DICOM: a folder of them is one stack.
PLAIN_STACK = "plain"


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """One file's header. In memory only: the three identifiers are never stored or logged unsalted.

    Attributes:
        modality: DICOM's code (`CT`, `MR`, `CR`), "" for plain images.
        frames: how many pictures the file holds, at least 1.
        rows: height in pixels, after the rotation that EXIF asks for.
        columns: width in pixels.
        patient_id: "" where none is given.
        study_uid: the folder, where none is given.
        series_uid: the folder, where none is given.
        series_number: None where none is given.
        instance_number: None where none is given.
        sop_class: UID; "" for plain images.
        photometric: Photometric Interpretation; "" for plain images.
        body_part: Body Part Examined; may be empty.
        position: dot(Image Position (Patient), slice normal) in mm; None where unknown.
        stack: images of a series are one stack where these texts are equal.
        study_date: YYYYMMDD; may be empty.
        spacing: row and column spacing in mm, None where unknown.
    """

    modality: str
    frames: int
    rows: int
    columns: int
    patient_id: str
    study_uid: str
    series_uid: str
    series_number: int | None
    instance_number: int | None
    sop_class: str
    photometric: str
    body_part: str
    position: float | None
    stack: str
    study_date: str
    spacing: tuple[float, float] | None
