"""Scans whose headers and paths are full of what must not come out, each by a word of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from pydicom import dcmread
from pydicom.uid import UID, generate_uid
from viewer_scans import ramp, write_scan

# Nothing in the program has such words by itself; all are looked for without regard to case.
HEADER = {
    "PatientName": "Zyxname^Zyxgiven",
    "PatientID": "ZYXID77",
    "OtherPatientIDs": "ZYXOTHERID",
    "OtherPatientNames": "Zyxalias",
    "PatientBirthName": "Zyxmaiden",
    "PatientMotherBirthName": "Zyxmother",
    "PatientBirthDate": "19620314",
    "PatientBirthTime": "043217",
    "PatientAddress": "Zyxstreet 5",
    "PatientTelephoneNumbers": "+44 7700 900461",
    "PatientComments": "zyxpatientcomment",
    "AccessionNumber": "ZYXACC11",
    "StudyID": "ZYXSTUDY",
    "InstitutionName": "Zyxhospital",
    "InstitutionAddress": "Zyxtown",
    "InstitutionalDepartmentName": "Zyxdepartment",
    "ReferringPhysicianName": "Zyxreferrer",
    "PerformingPhysicianName": "Zyxperformer",
    "PhysiciansOfRecord": "Zyxofrecord",
    "NameOfPhysiciansReadingStudy": "Zyxreader",
    "RequestingPhysician": "Zyxrequester",
    "OperatorsName": "Zyxoperator",
    "StationName": "ZYXSTATION",
    "DeviceSerialNumber": "ZYXSERIAL",
    "ImageComments": "zyximagecomment",
    "AdditionalPatientHistory": "zyxhistory",
    "RequestedProcedureDescription": "zyxprocedure",
    "ProtocolName": "zyxprotocol",
    "StudyDate": "20190817",
    "SeriesDate": "20190817",
    "AcquisitionDate": "20190817",
    "ContentDate": "20190817",
    "StudyTime": "073119.451",
    "SeriesTime": "073120.452",
    "FrameOfReferenceUID": "1.2.826.0.1.3680043.8.498.55501",
    "StudyInstanceUID": "1.2.826.0.1.3680043.8.498.55502",
    "SeriesInstanceUID": "1.2.826.0.1.3680043.8.498.55503",
}
# Hidden wherever they might come out, unless the user asks for patient details.
IDENTIFIERS = (
    "zyx", "19620314", "1962-03-14", "20190817", "2019-08-17", "043217", "073119", "073120",
    "7700 900461", "3680043.8.498.5550",
)  # fmt: skip
# Folders and files are called after the patient; only lists of files may name them.
FOLDER, FILE = "Wvqfolder_1962", "wvqfile"
PATHS = ("wvqfolder", "wvqfile")
# Shown in the window, and nowhere else.
DESCRIPTIONS = ("qjvseries", "qjvstudy")
# Any three letters and any six digits come about by chance among packed bytes and in long rows
# of numbers; a whole name does not.
_BY_CHANCE = {"zyx", "043217", "073119", "073120"}
_WHOLE = (*(value.split("^")[0].casefold() for value in HEADER.values()), "zyxprivate")
_TEXT = (".csv", ".json", ".jsonl", ".md", ".svg", ".toml", ".tsv", ".txt", ".yaml")


@dataclass(frozen=True)
class Planted:
    """A folder of scans; the folder opened bears the patient's name too."""

    folder: Path
    scan: Path


def plant(root: Path) -> Planted:
    """Write three slices, an ultrasound that may have names in its pixels, and a broken file."""
    folder = root / FOLDER
    (folder / f"{FOLDER}_sub").mkdir(parents=True)
    described = {"SeriesDescription": "Qjvseries", "StudyDescription": "Qjvstudy"}
    for number in (1, 2, 3):
        path = folder / f"{FOLDER}_sub" / f"{FILE}{number}.dcm"
        write_scan(path, ramp(48, 48) + number, number=number, **described, **HEADER)
        _add_private(path)
    _write_ultrasound(folder / f"{FILE}_us.dcm", folder / f"{FOLDER}_sub" / f"{FILE}1.dcm")
    broken = (folder / f"{FOLDER}_sub" / f"{FILE}1.dcm").read_bytes()
    (folder / f"{FILE}_broken.dcm").write_bytes(broken[:700])
    return Planted(folder, folder / f"{FOLDER}_sub" / f"{FILE}1.dcm")


def _add_private(path: Path) -> None:
    dataset = dcmread(path)
    block = dataset.private_block(0x0029, "ZYX MAKER", create=True)
    block.add_new(0x01, "LO", "zyxprivate")
    dataset.save_as(path)


def _write_ultrasound(path: Path, like: Path) -> None:
    dataset = dcmread(like)
    dataset.Modality = "US"
    dataset.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.6.1")
    dataset.SeriesInstanceUID += "9"
    dataset.SOPInstanceUID = generate_uid()
    dataset.SeriesNumber = 9
    dataset.SeriesDescription = "Qjvseries sono"
    dataset.save_as(path)


def plant_pictures(root: Path) -> Path:
    """Write a folder of ordinary images, which are called by their names."""
    folder = root / "Chest teaching"
    folder.mkdir(parents=True)
    for number in (1, 2):
        pixels = np.full((32, 32), 60 * number, np.uint8)
        Image.fromarray(pixels).save(folder / f"case {number}.png")
    return folder


def found_in(text: str, words: tuple[str, ...]) -> list[str]:
    """Return the words that come out in a text."""
    folded = text.casefold()
    return [word for word in words if word in folded]


def found_in_file(path: Path, words: tuple[str, ...]) -> list[str]:
    """Return the words that come out in a file: in its bytes, and in the cells of a table."""
    data = path.read_bytes()
    if path.suffix in _TEXT:
        return found_in(data.decode("utf-8"), words)
    return found_in_bytes(data, words) + (
        found_in(_cells(path), words) if path.suffix == ".parquet" else []
    )


def found_in_bytes(data: bytes, words: tuple[str, ...]) -> list[str]:
    """Return the words, or the values of the header, that come out in packed bytes."""
    sought = tuple(word for word in words if word not in _BY_CHANCE)
    return found_in(data.decode("latin-1"), sought + (_WHOLE if "zyx" in words else ()))


def _cells(path: Path) -> str:
    table = pq.read_table(path)
    packed = [field.name for field in table.schema if not _holds_text(field.type)]
    return f"{table.drop_columns(packed).to_pylist()} {table.schema.metadata}"


def _holds_text(kind: pa.DataType) -> bool:
    if pa.types.is_nested(kind):
        return any(_holds_text(kind.field(at).type) for at in range(kind.num_fields))
    return not (pa.types.is_floating(kind) or pa.types.is_integer(kind))
