"""What a DICOM object made of a scan may know of it: geometry and new names, never who it is of.

Nothing is copied and then cleaned. A new data set is filled from a short list, so that what is
not on it cannot slip through (compare PS3.15 E.2, where everything unknown is to be removed).
"""

from __future__ import annotations

import hmac
import uuid
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from pydicom.valuerep import DSfloat

from vlm_explorer.collection.records import salted
from vlm_explorer.errors import FileProblem
from vlm_explorer.files.dicom_dataset import open_dicom, text
from vlm_explorer.files.quiet_readers import quiet_readers
from vlm_explorer.files.signatures import FileKind, sniff
from vlm_explorer.pixels.frame import CALIBRATED, IN_PATIENT, ULTRASOUND_REGION, Frame

_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")
_READ = (
    *_UIDS, "SOPClassUID", "PatientID", "BurnedInAnnotation", "BodyPartExamined",
    "ImageLaterality", "Laterality",
)  # fmt: skip
_EMPTY = (
    "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate", "StudyTime",
    "ReferringPhysicianName",
)  # fmt: skip
UNKNOWN = "unknown"
_ORIGIN, _AXES = (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
_MEASURED = (IN_PATIENT, CALIBRATED, ULTRASOUND_REGION)


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of the scan that a map belongs to.

    Attributes:
        patient: a salted key.
        sop_class: of the file; Secondary Capture for plain images.
        sop_instance, study, series, frame_of_reference: UIDs, new unless the original ones are
            wanted; `frame_of_reference` is "" where there is none.
        frame, frames: which picture of the file, from 0, of how many.
        burned_in: Burned In Annotation of the file: `YES`, `NO` or "".
        body_part, laterality: as the file says them, or "".
        original_uids: whether the UIDs are those of the file.
    """

    patient: str
    sop_class: str
    sop_instance: str
    study: str
    series: str
    frame_of_reference: str
    frame: int
    frames: int
    burned_in: str
    body_part: str
    laterality: str
    original_uids: bool

    def uid(self, *parts: object) -> str:
        """Return a UID that is always the same for the same parts of the same source."""
        return _uid(self.sop_instance.encode(), "/".join(map(str, parts)))


def read_source(
    path: Path, frame: Frame, number: int, *, salt: bytes, keep_uids: bool = False
) -> Source:
    """Read what a file says of itself, and give it new names.

    Args:
        frame: its picture of that number, as `read_frame` returned it.
        number: from 0.
        salt: equal salts give equal names, so that maps of one study stay together.
        keep_uids: keep the UIDs, so that other programs lay the map over the scan. They can lead
            back to the patient.

    Raises:
        FileProblem: the file cannot be read.
    """
    found = _names(path)
    uids = {keyword: found[keyword] for keyword in _UIDS}
    if not keep_uids:
        uids = {keyword: _uid(salt, value) if value else "" for keyword, value in uids.items()}
    for keyword in _UIDS[:3]:
        uids[keyword] = uids[keyword] or f"2.25.{uuid.uuid4().int}"
    return Source(
        patient=salted(salt, found["PatientID"]) or UNKNOWN,
        sop_class=found["SOPClassUID"] or SecondaryCaptureImageStorage,
        sop_instance=uids["SOPInstanceUID"],
        study=uids["StudyInstanceUID"],
        series=uids["SeriesInstanceUID"],
        frame_of_reference=uids["FrameOfReferenceUID"],
        frame=number,
        frames=frame.frames,
        burned_in=found["BurnedInAnnotation"],
        body_part=found["BodyPartExamined"],
        laterality=found["ImageLaterality"] or found["Laterality"],
        original_uids=keep_uids,
    )


def _names(path: Path) -> dict[str, str]:
    """Return what the file calls itself; "" for what it does not say, as plain images do."""
    try:
        kind, _ = sniff(path)
    except OSError as error:
        raise FileProblem("The file cannot be read any more.", "Check that it is there.") from error
    if kind is not FileKind.DICOM:
        return dict.fromkeys(_READ, "")
    with quiet_readers():
        dataset = open_dicom(path, [Tag(keyword) for keyword in _READ]).dataset
        return {keyword: text(dataset, keyword) for keyword in _READ}


def _uid(salt: bytes, value: str) -> str:
    """Return a UID derived from a UUID (PS3.5 B.2) that follows from salt and value."""
    digest = hmac.new(salt, value.encode(), "sha256").digest()[:16]
    return f"2.25.{uuid.UUID(bytes=digest, version=5).int}"


def evidence(source: Source, rows: int, columns: int, frame: Frame) -> Dataset:
    """Return a data set that stands for the scan where highdicom wants to see it.

    It has the frame's place in the patient where that is known whole. A Parametric Map must have
    a frame of reference (PS3.3 A.75.3); other scans get one of their own, in which the first
    pixel is the origin. Pixels of unknown size count as 1 mm.
    """
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = source.sop_class, source.sop_instance
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = source.study, source.series
    dataset.PatientID, dataset.PatientName = source.patient, person_name(source)
    for keyword in _EMPTY:
        setattr(dataset, keyword, "")
    dataset.Rows, dataset.Columns = rows, columns
    placed = has_place(source, frame)
    own = source.uid("frame of reference", source.frame)
    dataset.FrameOfReferenceUID = source.frame_of_reference if placed else own
    dataset.PositionReferenceIndicator = ""
    position, orientation = (frame.position, frame.orientation) if placed else (_ORIGIN, _AXES)
    dataset.ImagePositionPatient = [_decimal(value) for value in position or ()]
    dataset.ImageOrientationPatient = [_decimal(value) for value in orientation or ()]
    dataset.PixelSpacing = [_decimal(value) for value in _spacing(frame)]
    dataset.SliceThickness = None
    return dataset


def _spacing(frame: Frame) -> tuple[float, float]:
    """Return the size of a pixel in mm; a ratio alone tells the columns from the rows."""
    return frame.spacing or (1.0, 1.0)


def _decimal(value: float) -> DSfloat:
    """Return a number as a Decimal String, of 16 characters at most (PS3.5 6.2)."""
    return DSfloat(value, auto_format=True)


def has_place(source: Source, frame: Frame) -> bool:
    """Whether it is known where in the patient a frame lies."""
    there = (frame.position, frame.orientation, frame.spacing)
    return bool(source.frame_of_reference) and None not in there


def place_words(source: Source, frame: Frame) -> str:
    """Return what must be said of a map's place in the patient; "" where it is the scan's own."""
    if has_place(source, frame):
        return ""
    size = "" if frame.spacing_kind in _MEASURED else " and pixel size"
    return f"The scan has no known place in the patient: position, orientation{size} are nominal."


def person_name(source: Source) -> str:
    """Return the key as a name of two components, which readers expect."""
    return f"Anonymous^{source.patient}"


def mark_deidentified(dataset: Dataset, source: Source) -> None:
    """Say of a data set how identities were kept out of it (PS3.3 C.7.1.1)."""
    kept = "UIDs of the source kept on request" if source.original_uids else "new UIDs"
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = [
        "VLM Explorer: rebuilt from a list of allowed attributes",
        "patient a salted key; dates and descriptions left out",
        kept,
    ]
    dataset.LongitudinalTemporalInformationModified = "REMOVED"


def name_frame(dataset: Dataset, source: Source) -> None:
    """Name the scan's frame, where it has several, wherever a data set refers to the scan."""
    if source.frames == 1:
        return

    def mend(_: Dataset, element: object) -> None:
        if getattr(element, "VR", "") != "SQ":
            return
        for item in element.value:  # type: ignore[attr-defined]
            if item.get("ReferencedSOPInstanceUID") == source.sop_instance:
                item.ReferencedFrameNumber = source.frame + 1

    dataset.walk(mend)
