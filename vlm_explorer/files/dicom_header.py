"""Reads the header of a DICOM file: what it is, where it belongs, how many frames it has."""

from __future__ import annotations

from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.tag import Tag

from vlm_explorer.errors import NotAnImage, UnreadableImage, UnsupportedImage
from vlm_explorer.files.dicom_dataset import (
    OpenedDicom,
    integer,
    open_dicom,
    text,
    transfer_syntax,
)
from vlm_explorer.files.dicom_places import PLACE_KEYWORDS, read_places
from vlm_explorer.files.frame_count import count_frames_to_try
from vlm_explorer.files.header import ImageHeader
from vlm_explorer.files.image_header import read_image_header
from vlm_explorer.files.open_errors import DAMAGED_HINT, missing_decoder
from vlm_explorer.files.quiet_readers import quiet_readers
from vlm_explorer.files.sop_classes import DICOMDIR, is_mask, name_sop_class
from vlm_explorer.files.transfer_syntaxes import is_decodable, missing_package, name_syntax
from vlm_explorer.files.whole_slide import (
    SLIDE_KEYWORDS,
    refuse_higher_level,
    refuse_slide,
    slide_size,
)

__all__ = ["ImageHeader", "header_of", "read_header", "read_image_header", "refuse"]

_TAGS = tuple(Tag(keyword) for keyword in (
    *PLACE_KEYWORDS, *SLIDE_KEYWORDS, "BitsAllocated", "BodyPartExamined", "Columns",
    "DirectoryRecordSequence",
    "FrameOfReferenceUID", "InstanceNumber", "Modality", "NumberOfFrames", "PatientID", "Rows",
    "SOPClassUID", "SeriesDate", "SeriesDescription", "SeriesInstanceUID", "SeriesNumber",
    "SeriesTime", "StudyDate", "StudyDescription", "StudyInstanceUID",
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
        return header_of(path, open_dicom(path, _TAGS))


def header_of(path: Path, opened: OpenedDicom) -> ImageHeader:
    """Return the header of a file that is open already; see `read_header` for what it raises."""
    dataset = opened.dataset
    refuse(opened)
    refuse_higher_level(path, dataset)
    frames = 1 if slide_size(dataset) else count_frames_to_try(path, opened)
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
    refuse_slide(dataset)
    syntax = transfer_syntax(dataset)
    if missing_package(syntax):
        raise missing_decoder(syntax)
    if not is_decodable(syntax):
        raise UnsupportedImage(
            f"The pixels are compressed as {name_syntax(syntax)}, for which there is no decoder.",
            "Convert the file to an uncompressed or JPEG 2000 transfer syntax.",
        )
    if not (integer(dataset, "Rows") or 0) > 0 or not (integer(dataset, "Columns") or 0) > 0:
        raise UnreadableImage("The header does not say how many rows and columns there are.")


def _header(dataset: Dataset, frames: int, folder: str) -> ImageHeader:
    meta = getattr(dataset, "file_meta", Dataset())
    study = text(dataset, "StudyInstanceUID") or folder
    study_date = text(dataset, "StudyDate")
    rows, columns = slide_size(dataset) or (
        integer(dataset, "Rows") or 0,
        integer(dataset, "Columns") or 0,
    )
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
        places=read_places(dataset, frames),
        study_date=study_date,
        series_time=f"{text(dataset, 'SeriesDate') or study_date:8}{text(dataset, 'SeriesTime')}",
        series_description=text(dataset, "SeriesDescription"),
        study_description=text(dataset, "StudyDescription"),
        frame_of_reference=text(dataset, "FrameOfReferenceUID"),
        sop_instance=text(dataset, "SOPInstanceUID"),
    )
