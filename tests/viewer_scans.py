"""Scans for the tests of the viewing pane: written as true DICOM, and opened in a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from vlm_explorer.files.dicom_header import read_header
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.session import Session

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def write_scan(
    path: Path,
    values: np.ndarray,
    *,
    modality: str = "CT",
    number: int = 1,
    series: str = "1.2.3",
    orientation: Sequence[float] | None = AXIAL,
    spacing: tuple[float, float] = (0.5, 0.5),
    intercept: float = -1024.0,
    **elements: Any,
) -> Path:
    """Write a slice whose modality values are `values` (whole numbers)."""
    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    uid = CTImageStorage if modality == "CT" else MRImageStorage
    file.SOPClassUID = file.file_meta.MediaStorageSOPClassUID = uid
    file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    file.PatientName, file.PatientID = "Doe^Jane", "ID-4711"
    file.StudyInstanceUID, file.SeriesInstanceUID = "1.2", series
    file.Modality, file.SeriesNumber, file.InstanceNumber = modality, 4, number
    if orientation is not None:
        file.ImageOrientationPatient = list(orientation)
        file.ImagePositionPatient = [0.0, 0.0, float(number)]
    file.PixelSpacing = list(spacing)
    file.Rows, file.Columns = values.shape
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated = file.BitsStored = 16
    file.HighBit, file.PixelRepresentation = 15, 0
    file.RescaleSlope, file.RescaleIntercept = 1, intercept
    for name, value in elements.items():
        setattr(file, name, value)
    file.PixelData = (values - intercept).astype("<u2").tobytes()
    file.save_as(path, enforce_file_format=True)
    return path


def open_files(session: Session, files: Sequence[Path], **columns: Sequence[str]) -> list[str]:
    """Put the images of DICOM files into the session, as an opened collection would."""
    rows: list[dict[str, Any]] = []
    for file in files:
        header = read_header(file)
        of_file = asdict(header) | {
            "patient": "p",
            "study": header.study_uid,
            "series": header.series_uid,
            "series_time": None,
            "file": str(file),
        }
        last = len(header.places) - 1
        rows += [
            {
                **of_file,
                **asdict(header.places[min(frame, last)]),
                "image_id": f"{file.name}/{frame}",
                "frame": frame,
            }
            for frame in range(header.frames)
        ]
    for name, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            row[name] = value
    session.images = ImageTable(pa.Table.from_pylist(rows))
    session.collection_changed.emit()
    return [str(row["image_id"]) for row in rows]


def ramp(rows: int = 32, columns: int = 32, lowest: int = -1000) -> np.ndarray:
    """Return values of which each occurs once, growing along the rows."""
    return np.arange(rows * columns).reshape(rows, columns) + lowest
