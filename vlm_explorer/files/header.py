"""What is known of an image file before its pixels are decoded."""

from __future__ import annotations

from dataclasses import dataclass

# The stack of every image that is no DICOM: a folder of them is one stack.
PLAIN_STACK = "plain"


@dataclass(frozen=True, slots=True)
class FramePlace:
    """Where and when one frame was taken, and which frames it belongs with.

    Attributes:
        stack: frames of a series are slices of one stack only where these texts are equal.
        note: what sets the stack apart, in words: "localizer", "echo 2"; may be empty.
        position: dot(Image Position (Patient), slice normal) in mm; None where unknown.
        position_xyz: Image Position (Patient), mm; None where unknown.
        orientation: Image Orientation (Patient), 6 cosines; None where unknown.
        spacing: row and column spacing in mm; None where unknown.
        acquisition_number, temporal_position: as in the file; None where none is given.
        trigger_time: ms after the trigger (the R wave); None where unknown.
        b_value: of diffusion, s/mm2; None where unknown.
    """

    stack: str
    note: str = ""
    position: float | None = None
    position_xyz: tuple[float, ...] | None = None
    orientation: tuple[float, ...] | None = None
    spacing: tuple[float, ...] | None = None
    acquisition_number: int | None = None
    temporal_position: int | None = None
    trigger_time: float | None = None
    b_value: float | None = None


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """One file's header. In memory only: identifiers and dates are never stored as they are.

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
        places: one for each frame.
        study_date: YYYYMMDD; may be empty.
        series_time: YYYYMMDDHHMMSS.FFFFFF, as far as it is known; may be empty.
        series_description, study_description: free text; may be empty.
        frame_of_reference: UID; "" where none is given.
        sop_instance: UID of the DICOM object; "" where none is given.
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
    places: tuple[FramePlace, ...]
    study_date: str = ""
    series_time: str = ""
    series_description: str = ""
    study_description: str = ""
    frame_of_reference: str = ""
    sop_instance: str = ""
