"""Colours with an ICC profile are shown in sRGB; pydicom and Pillow are the references."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_icc_profile, create_icc_transform

from vlm_explorer.pixels.colour_profile import to_srgb
from vlm_explorer.pixels.decode import read_frame

RGB = np.random.default_rng(3).integers(0, 256, (40, 30, 3)).astype(np.uint8)


def swapped_profile() -> bytes:
    """Return sRGB with the primaries of red and green exchanged, under another name."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for place in range(132, 132 + 12 * int.from_bytes(data[128:132]), 12):
        name = bytes(data[place : place + 4])
        if name in (b"rXYZ", b"gXYZ"):
            data[place : place + 4] = b"gXYZ" if name == b"rXYZ" else b"rXYZ"
    for name in ("sRGB", "RGB built-in"):
        data = data.replace(name.encode("utf-16-be"), ("x" * len(name)).encode("utf-16-be"))
    return bytes(data)


SWAPPED = swapped_profile()
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREEN_FIRST = RGB[..., [1, 0, 2]]


@pytest.mark.parametrize("place", ["root", "optical path"])
def test_that_a_profile_of_dicom_is_applied_as_pydicom_does(
    make_dicom: Callable[..., Path], place: str
) -> None:
    path = Dataset()
    path.ICCProfile = SWAPPED
    elements = {"ICCProfile": SWAPPED} if place == "root" else {"OpticalPathSequence": [path]}
    made = make_dicom(RGB, **elements)
    expected = apply_icc_profile(RGB.copy(), transform=create_icc_transform(icc_profile=SWAPPED))
    values = read_frame(made).values.astype(int)
    assert np.abs(values - expected).max() == 0
    assert np.abs(values - GREEN_FIRST).max() <= 4


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_that_a_profile_in_a_plain_picture_is_applied(tmp_path: Path, name: str) -> None:
    options = {"lossless": True} if name.endswith("webp") else {}
    Image.fromarray(RGB).save(tmp_path / name, icc_profile=SWAPPED, **options)
    values = read_frame(tmp_path / name).values.astype(int)
    assert np.abs(values - GREEN_FIRST).max() <= 4


def test_that_a_jpeg_is_shown_in_srgb(tmp_path: Path) -> None:
    smooth = np.kron(RGB, np.ones((16, 16, 1), np.uint8))
    Image.fromarray(smooth).save(tmp_path / "a.jpg", icc_profile=SWAPPED, quality=100)
    Image.fromarray(smooth).save(tmp_path / "b.jpg", quality=100)
    plain = read_frame(tmp_path / "b.jpg").values
    values = read_frame(tmp_path / "a.jpg").values.astype(int)
    assert np.abs(values - plain[..., [1, 0, 2]]).max() <= 4


@pytest.mark.parametrize(
    "profile",
    [None, b"", SRGB, b"no profile", SWAPPED[:200], SWAPPED[:128] + bytes(len(SWAPPED) - 128)],
    ids=["none", "empty", "sRGB", "junk", "cut", "hollow"],
)
def test_that_srgb_and_what_is_no_profile_change_nothing(profile: bytes | None) -> None:
    assert np.array_equal(to_srgb(RGB, profile), RGB)


def test_that_greys_and_cmyk_under_a_profile_of_rgb_are_read_as_without(tmp_path: Path) -> None:
    for mode in ("L", "CMYK"):
        image = Image.fromarray(RGB).convert(mode)
        image.save(tmp_path / "a.tif", icc_profile=SRGB)
        image.save(tmp_path / "b.tif")
        with_it, without = read_frame(tmp_path / "a.tif"), read_frame(tmp_path / "b.tif")
        assert np.array_equal(with_it.values, without.values)
