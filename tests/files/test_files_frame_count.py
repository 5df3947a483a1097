"""Headers are believed about frames only as far as the file has room for them."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pydicom.data
import pytest
from pydicom import dcmread

from vlm_explorer.files.dicom_header import read_header

WHEEL = Path(pydicom.data.__file__).parent / "test_files"


def claiming(name: str, frames: int, folder: Path) -> Path:
    dataset = dcmread(WHEEL / name)
    dataset.NumberOfFrames = frames
    dataset.save_as(folder / name)
    return folder / name


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("CT_small.dcm", 1),
        ("rtdose.dcm", 15),
        ("rtdose_expb.dcm", 15),
        ("SC_ybr_full_422_uncompressed.dcm", 1),
        ("examples_ybr_color.dcm", 30),
        ("rtdose_rle.dcm", 15),
    ],
)
def test_that_a_million_frames_are_those_that_are_there_and_one(
    tmp_path: Path, name: str, there: int
) -> None:
    path = claiming(name, 1_000_000, tmp_path)
    tracemalloc.start()
    try:
        header = read_header(path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
    assert header.frames == there + 1
    assert len(header.places) == there + 1


@pytest.mark.parametrize("name", ["rtdose.dcm", "examples_ybr_color.dcm", "rtdose_rle.dcm"])
def test_that_an_honest_number_of_frames_stays(name: str) -> None:
    assert read_header(WHEEL / name).frames == int(dcmread(WHEEL / name).NumberOfFrames)
