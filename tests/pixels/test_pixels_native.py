"""Pixels that are not compressed: bits that are not the pixel's, and files that end early."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread

from vlm_explorer.errors import MissingFrame, UnreadableImage, UnsupportedImage
from vlm_explorer.pixels.decode import read_frame

MakeDicom = Callable[..., Path]
Wheel = Callable[[str], Path]


@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
def test_that_bits_below_and_above_the_pixel_are_left_out(
    make_dicom: MakeDicom, dtype: Any
) -> None:
    low = -2048 if dtype is np.int16 else 0
    values = np.linspace(low, low + 4095, 64).astype(dtype).reshape(8, 8)
    junk = (np.arange(64).reshape(8, 8) % 8).astype(np.uint16)
    stored = (((values.view(np.uint16) & 0xFFF) << 3) | junk | (junk & 1) << 15).view(dtype)
    frame = read_frame(make_dicom(stored, BitsStored=12, HighBit=14))
    assert np.array_equal(frame.values, values)


def cut(path: Path, frames: float) -> Path:
    """Keep that many of the frames of a file of 2 x 2 bytes each."""
    data = path.read_bytes()
    dataset = dcmread(path)
    length = len(dataset.PixelData)
    path.write_bytes(data[: len(data) - length + round(4 * frames)])
    return path


def test_that_what_is_there_of_a_frame_is_shown_and_marked(make_dicom: MakeDicom) -> None:
    stored = np.arange(1, 13, dtype=np.uint8).reshape(3, 2, 2)
    path = cut(make_dicom(stored), 1.5)
    whole = read_frame(path, 0)
    assert not whole.incomplete
    assert whole.warnings == ("There may be text in the picture that names the patient.",)
    part = read_frame(path, 1)
    assert part.incomplete
    assert part.values.tolist() == [[5, 6], [0, 0]]
    assert "The pixel data end early; what is missing is filled with zeros." in part.warnings
    with pytest.raises(MissingFrame, match="The file ends before frame 2 of 3"):
        read_frame(path, 2)


def test_that_a_real_truncated_file_is_marked(wheel: Wheel) -> None:
    frame = read_frame(wheel("MR_truncated.dcm"))
    assert frame.incomplete
    assert not read_frame(wheel("MR_small.dcm")).incomplete
    assert (frame.values == read_frame(wheel("MR_small.dcm")).values).mean() > 0.99


@pytest.mark.parametrize(
    ("elements", "problem"),
    [
        ({"Rows": 65535, "Columns": 65535}, UnsupportedImage),
        ({"Rows": 13000, "Columns": 13000}, UnreadableImage),
        ({"Rows": 60000, "Columns": 2900, "BitsAllocated": 64, "BitsStored": 64}, UnsupportedImage),
    ],
)
def test_that_a_header_that_promises_too_much_costs_no_memory(
    make_dicom: MakeDicom, elements: dict[str, int], problem: type[Exception]
) -> None:
    path = make_dicom(np.zeros((4, 4), np.uint8), **elements)
    tracemalloc.start()
    try:
        with pytest.raises(problem):
            read_frame(path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_that_a_million_frames_that_are_not_there_cost_no_memory(make_dicom: MakeDicom) -> None:
    path = make_dicom(np.ones((64, 64), np.uint16), NumberOfFrames=1_000_000)
    tracemalloc.start()
    try:
        assert read_frame(path).values.shape == (64, 64)
        with pytest.raises(MissingFrame, match="frame 1 of 1,000,000"):
            read_frame(path, 1)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_that_stored_values_are_kept_where_they_are_not_the_modality_values(
    make_dicom: MakeDicom,
) -> None:
    stored = np.arange(4, dtype=np.int16).reshape(2, 2)
    rescaled = read_frame(make_dicom(stored, RescaleSlope=2, RescaleIntercept=-1024))
    assert rescaled.stored is not None
    assert np.array_equal(rescaled.stored, stored)
    assert np.array_equal(rescaled.values, stored * 2 - 1024)
    assert read_frame(make_dicom(stored)).stored is None


def test_that_the_indices_of_a_palette_are_its_stored_values(wheel: Wheel) -> None:
    frame = read_frame(wheel("examples_palette.dcm"))
    assert frame.is_colour
    assert frame.stored is not None
    assert np.array_equal(frame.stored, dcmread(wheel("examples_palette.dcm")).pixel_array)
