"""A file that is decoded is parsed once: its header is the same as when it is read alone."""

from __future__ import annotations

from pathlib import Path

import pydicom.data
import pytest
from pydicom.data import get_testdata_file

from vlm_explorer.errors import FileProblem
from vlm_explorer.files import dicom_dataset
from vlm_explorer.files.dicom_header import read_header
from vlm_explorer.files.scan import FileKind, scan
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels import dicom_frame
from vlm_explorer.pixels.dicom_frame import read_dicom_frame, read_header_to_decode

FOLDER = Path(pydicom.data.__file__).parent / "test_files"
FILES = [
    found.path for found in scan([FOLDER], context=JobContext()) if found.kind is FileKind.DICOM
]


def outcome(read, path: Path):
    try:
        return read(path)
    except FileProblem as problem:
        return problem.kind, str(problem)


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_that_the_header_is_the_same(path: Path) -> None:
    assert outcome(read_header_to_decode, path) == outcome(read_header, path)


def test_that_header_and_frame_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    real = dicom_dataset.open_dicom
    monkeypatch.setattr(dicom_frame, "open_dicom", lambda path: opened.append(path) or real(path))
    dicom_frame._open_unchanged.cache_clear()
    path = Path(str(get_testdata_file("CT_small.dcm")))
    header = read_header_to_decode(path)
    assert read_dicom_frame(path, 0).values.shape == (header.rows, header.columns)
    assert opened == [path]
