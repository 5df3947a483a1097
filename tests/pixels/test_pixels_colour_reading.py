"""Colours that are read as something else than the file says, where it is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import convert_color_space, pixel_array

from vlm_explorer.pixels.colour_reading import ColourReading
from vlm_explorer.pixels.decode import read_frame

FILE, RGB, YBR = ColourReading.FILE, ColourReading.RGB, ColourReading.YBR


def wheel_file(name: str) -> Path:
    found = get_testdata_file(name, download=False)
    assert found is not None
    return Path(found)


def as_read(path: Path, reading: ColourReading) -> np.ndarray:
    return read_frame(path, 0, reading).values


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_jpeg_dcmtk.dcm",  # JPEG, YBR_FULL
        "SC_rgb_dcmtk_+eb+cy+s2.dcm",  # JPEG, YBR_FULL_422
        "SC_ybr_full_422_uncompressed.dcm",
        "examples_ybr_color.dcm",  # RLE or JPEG, several frames
        "SC_rgb_jpeg_app14_dcmd.dcm",  # JPEG, RGB
        "SC_rgb_jpeg_gdcm.dcm",  # JPEG lossless, RGB
        "SC_rgb_gdcm_KY.dcm",  # JPEG 2000
        "SC_rgb_rle.dcm",
        "examples_rgb_color.dcm",
    ],
)
def test_that_samples_are_taken_for_what_the_user_says(name: str) -> None:
    path = wheel_file(name)
    samples = pixel_array(path, index=0, raw=True)
    np.testing.assert_array_equal(as_read(path, RGB), samples)
    np.testing.assert_array_equal(
        as_read(path, YBR), convert_color_space(samples.copy(), "YBR_FULL", "RGB")
    )


def test_that_a_file_that_is_right_is_the_same_picture_when_it_is_read_as_what_it_says() -> None:
    says_ybr, says_rgb = wheel_file("SC_rgb_jpeg_dcmtk.dcm"), wheel_file("examples_rgb_color.dcm")
    np.testing.assert_array_equal(as_read(says_ybr, YBR), as_read(says_ybr, FILE))
    np.testing.assert_array_equal(as_read(says_rgb, RGB), as_read(says_rgb, FILE))


def test_that_luminance_and_chrominance_under_the_name_of_rgb_can_be_put_right(
    tmp_path: Path,
) -> None:
    dataset = pydicom.dcmread(wheel_file("examples_rgb_color.dcm"))
    right = dataset.pixel_array.copy()
    dataset.PixelData = convert_color_space(right.copy(), "RGB", "YBR_FULL").tobytes()
    dataset.save_as(tmp_path / "wrong.dcm")
    wrong = tmp_path / "wrong.dcm"
    assert np.abs(as_read(wrong, FILE).astype(int) - right).max() > 50
    assert np.abs(as_read(wrong, YBR).astype(int) - right).max() <= 2  # rounding, there and back


@pytest.mark.parametrize("transform", [0, 1])
def test_that_a_wrong_adobe_marker_can_be_put_right(tmp_path: Path, transform: int) -> None:
    source = wheel_file("SC_rgb_jpeg_dcmtk.dcm")
    right = as_read(source, FILE)
    dataset = pydicom.dcmread(source)
    data = get_frame(dataset.PixelData, 0, number_of_frames=1)
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform])
    dataset.PixelData = encapsulate([data[:2] + adobe + data[2:]])
    dataset.PhotometricInterpretation = "RGB"
    dataset.save_as(tmp_path / "wrong.dcm")
    np.testing.assert_array_equal(as_read(tmp_path / "wrong.dcm", YBR), right)


def test_that_colours_of_sixteen_bits_can_be_read_as_others() -> None:
    path = wheel_file("SC_rgb_rle_16bit.dcm")
    eight = as_read(path, RGB)
    np.testing.assert_array_equal(
        as_read(path, YBR), convert_color_space(eight.copy(), "YBR_FULL", "RGB")
    )


@pytest.mark.parametrize("name", ["CT_small.dcm", "examples_palette.dcm"])
def test_that_greys_and_palettes_are_no_question_of_colour_spaces(name: str) -> None:
    path = wheel_file(name)
    assert read_frame(path, 0, YBR).colours is None
    np.testing.assert_array_equal(as_read(path, YBR), as_read(path, FILE))
