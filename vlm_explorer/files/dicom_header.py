"""Reads the header of a DICOM file: what it is, where it belongs, how many frames it has."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from vlm_explorer.errors import NotAnImage, UnreadableImage, UnsupportedImage
from vlm_explorer.files.dicom_dataset import (
    OpenedDicom,
    integer,
    items,
    number,
    numbers,
    open_dicom,
    text,
    texts,
    transfer_syntax,
    value,
)
from vlm_explorer.files.header import ImageHeader
from vlm_explorer.files.image_header import read_image_header
from vlm_explorer.files.open_errors import DAMAGED_HINT
from vlm_explorer.files.quiet_readers import quiet_readers
from vlm_explorer.files.sop_classes import DICOMDIR, is_mask, name_sop_class
from vlm_explorer.files.transfer_syntaxes import is_decodable, name_syntax

__all__ = ["ImageHeader", "count_dicom_frames", "read_header", "read_image_header", "refuse"]

_TAGS = tuple(Tag(keyword) for keyword in (
    "BodyPartExamined", "Columns", "DirectoryRecordSequence", "EchoNumbers",
    "ImageOrientationPatient", "ImagePositionPatient", "ImageType", "InstanceNumber", "Modality",
    "NumberOfFrames", "PatientID", "PhotometricInterpretation", "PixelSpacing", "Rows",
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber",
    "SharedFunctionalGroupsSequence", "StudyDate", "StudyInstanceUID",
    "TemporalPositionIdentifier",
))  # fmt: skip


def read_header(path: Path) -> ImageHeader:
    """Read a DICOM file up to its pixels.

    Raises:
        NotAnImage: a report, plan, mask, waveform, DICOMDIR, or an image without pixel data; the
            text names it.
        UnsupportedImage: pixels in an encoding that nothing here decodes; the text names it.
        UnreadableImage: not there, no permission, damaged.
    """
    with quiet_readers():
        opened = open_dicom(path, _TAGS)
        dataset = opened.dataset
        refuse(opened)
        frames = count_dicom_frames(dataset)
        if frames > 1 and frames > path.stat().st_size:
            raise UnreadableImage(
                f"The header speaks of {frames:,} frames, for which the file is too small."
            )
        return _header(dataset, frames, str(path.absolute().parent))


def refuse(opened: OpenedDicom) -> None:
    """Raise if the data set is no picture, or one that cannot be decoded here.

    Raises:
        NotAnImage, UnsupportedImage, UnreadableImage: as `read_header` says.
    """
    dataset = opened.dataset
    meta = getattr(dataset, "file_meta", Dataset())
    uid = text(dataset, "SOPClassUID") or text(meta, "MediaStorageSOPClassUID")
    if uid == DICOMDIR or "DirectoryRecordSequence" in dataset:
        raise NotAnImage(f"Not a picture: {name_sop_class(DICOMDIR)}.")
    name = name_sop_class(uid)
    if is_mask(uid) or (name and not opened.has_pixels and "Image" not in name):
        raise NotAnImage(f"Not a picture: {name}.")
    if not opened.has_pixels:
        if opened.ends_early:
            raise UnreadableImage("The file ends before its pixel data.", DAMAGED_HINT)
        raise NotAnImage(f"Not a picture: {name or 'DICOM object'} without pixel data.")
    syntax = transfer_syntax(dataset)
    if not is_decodable(syntax):
        raise UnsupportedImage(
            f"The pixels are compressed as {name_syntax(syntax)}, for which there is no decoder.",
            "Convert the file to an uncompressed or JPEG 2000 transfer syntax.",
        )
    if not (integer(dataset, "Rows") or 0) > 0 or not (integer(dataset, "Columns") or 0) > 0:
        raise UnreadableImage("The header does not say how many rows and columns there are.")


def count_dicom_frames(dataset: Dataset) -> int:
    """Return Number of Frames; 1 where it is absent, zero or not a number."""
    return max(1, integer(dataset, "NumberOfFrames") or 1)


def _header(dataset: Dataset, frames: int, folder: str) -> ImageHeader:
    rows, columns = integer(dataset, "Rows") or 0, integer(dataset, "Columns") or 0
    orientation = _orientation(dataset)
    spacing = numbers(dataset, "PixelSpacing")
    meta = getattr(dataset, "file_meta", Dataset())
    study = text(dataset, "StudyInstanceUID") or folder
    return ImageHeader(
        modality=text(dataset, "Modality"),
        frames=frames,
        rows=rows,
        columns=columns,
        patient_id=text(dataset, "PatientID"),
        study_uid=study,
        series_uid=text(dataset, "SeriesInstanceUID") or f"{study} {text(dataset, 'Modality')}",
        series_number=integer(dataset, "SeriesNumber"),
        instance_number=integer(dataset, "InstanceNumber"),
        sop_class=text(dataset, "SOPClassUID") or text(meta, "MediaStorageSOPClassUID"),
        photometric=text(dataset, "PhotometricInterpretation"),
        body_part=text(dataset, "BodyPartExamined"),
        position=None if frames > 1 else _position(dataset, orientation),
        stack=_stack(dataset, frames, orientation),
        study_date=text(dataset, "StudyDate"),
        spacing=(spacing[0], spacing[1]) if len(spacing) == 2 and min(spacing) > 0 else None,
    )


def _orientation(dataset: Dataset) -> list[float]:
    """Return Image Orientation (Patient), of the file or shared by all its frames."""
    found = numbers(dataset, "ImageOrientationPatient")
    if not found:
        for group in items(dataset, "SharedFunctionalGroupsSequence"):
            for plane in items(group, "PlaneOrientationSequence"):
                found = numbers(plane, "ImageOrientationPatient")
    return found if len(found) == 6 else []


def _position(dataset: Dataset, orientation: list[float]) -> float | None:
    """Return where the slice lies along its normal, row x column (PS3.3 C.7.6.2.1.1), in mm."""
    corner = numbers(dataset, "ImagePositionPatient")
    if len(corner) != 3 or not orientation:
        return None
    normal = np.cross(orientation[:3], orientation[3:])
    length = float(np.linalg.norm(normal))
    if length < 1e-6:
        return None
    position = float(np.dot(corner, normal)) / length
    return position if math.isfinite(position) else None


def _stack(dataset: Dataset, frames: int, orientation: list[float]) -> str:
    """Name what must be equal for two images of a series to be slices of one stack."""
    parts = [f"{integer(dataset, 'Rows')}x{integer(dataset, 'Columns')}"]
    parts.append(text(dataset, "PhotometricInterpretation"))
    # Adding zero turns -0.0 into 0.0, so that both round to one text.
    parts.append(",".join(f"{round(cosine, 3) + 0.0:.3f}" for cosine in orientation))
    kind = [word.upper() for word in texts(dataset, "ImageType")]
    if "LOCALIZER" in kind:
        parts.append("LOCALIZER")
    for keyword, short in (("EchoNumbers", "echo"), ("TemporalPositionIdentifier", "time")):
        if (number_ := number(dataset, keyword)) is not None:
            parts.append(f"{short} {number_:g}")
    if frames > 1:
        parts.append(str(value(dataset, "SOPInstanceUID") or "multi-frame"))
    return " ".join(part for part in parts if part)
