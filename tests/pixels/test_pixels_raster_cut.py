"""Plain images that end early: what is there is shown, and said to be a part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFile

from vlm_explorer.errors import UnreadableImage
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.raster_loading import CUT_NOTE

RNG = np.random.default_rng(7)
GREY = RNG.integers(1, 256, (200, 120)).astype(np.uint8)
DEEP = RNG.integers(1, 65536, (200, 120)).astype(np.uint16)
RGB = RNG.integers(1, 256, (200, 120, 3)).astype(np.uint8)


def cut(path: Path, pixels: NDArray[Any], part: float = 0.5, **options: Any) -> Path:
    """Save a picture, and keep the first part of the file."""
    Image.fromarray(pixels).save(path, **options)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path


def assert_cut(frame: Frame, whole: NDArray[Any]) -> None:
    """The upper third is there, the lowest is not, and the frame says so."""
    assert frame.incomplete
    assert CUT_NOTE in frame.warnings
    assert frame.values.shape == whole.shape
    assert np.array_equal(frame.values[:60], whole[:60])
    assert len(np.unique(frame.values[140:])) == 1


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("pixels", [GREY, DEEP, RGB], ids=["grey", "deep", "colour"])
def test_that_what_is_there_is_shown(tmp_path: Path, name: str, pixels: NDArray[Any]) -> None:
    assert_cut(read_frame(cut(tmp_path / name, pixels)), pixels)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("pixels", [GREY, RGB], ids=["grey", "colour"])
def test_that_a_jpeg_is_shown_as_far_as_it_goes(
    tmp_path: Path, pixels: NDArray[Any], progressive: bool
) -> None:
    Image.fromarray(pixels).save(tmp_path / "whole.jpg", progressive=progressive)
    whole = read_frame(tmp_path / "whole.jpg")
    assert not whole.incomplete
    frame = read_frame(cut(tmp_path / "a.jpg", pixels, progressive=progressive))
    if not progressive:
        assert_cut(frame, whole.values)
    assert frame.incomplete
    assert frame.values[:60].std() > 10


def test_that_a_jpeg_that_lacks_its_last_bytes_is_nearly_whole(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "whole.jpg")
    data = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "a.jpg").write_bytes(data[:-40])
    frame = read_frame(tmp_path / "a.jpg")
    assert frame.incomplete
    assert np.array_equal(frame.values[:180], read_frame(tmp_path / "whole.jpg").values[:180])


def test_that_a_bitmap_which_starts_at_its_foot_lacks_its_head(tmp_path: Path) -> None:
    frame = read_frame(cut(tmp_path / "a.bmp", RGB))
    assert frame.incomplete
    assert np.array_equal(frame.values[140:], RGB[140:])
    assert not frame.values[:60].any()


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_that_a_tiff_whose_last_strips_are_missing_shows_the_others(
    tmp_path: Path, compression: str
) -> None:
    path = tmp_path / "a.tif"
    Image.fromarray(GREY).save(path, compression=compression, strip_size=120 * 20)
    with Image.open(path) as image:
        strips = image.tag_v2[273]
    data = bytearray(path.read_bytes())
    size = len(data)
    assert len(strips) == 10
    for strip in strips[5:]:  # they are said to lie beyond the end of the file
        at = data.index(int(strip).to_bytes(4, "little"), max(strips))
        data[at : at + 4] = (int(strip) + size).to_bytes(4, "little")
    path.write_bytes(data)
    frame = read_frame(path)
    assert frame.incomplete
    assert np.array_equal(frame.values[:100], GREY[:100])
    assert not frame.values[140:].any()


def test_that_a_turned_picture_that_ends_early_is_turned(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    frame = read_frame(cut(tmp_path / "a.png", GREY, exif=exif))
    assert frame.incomplete
    assert np.array_equal(frame.values[:, -60:], np.rot90(GREY, -1)[:, -60:])


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.webp"])
def test_that_next_to_nothing_of_a_picture_is_no_picture(tmp_path: Path, name: str) -> None:
    path = cut(tmp_path / name, np.tile(RGB, (12, 12, 1)), 1.0)  # a JPEG's first block is small
    data = path.read_bytes()
    start = data.find(b"\xff\xda") + 14 if name.endswith("jpg") else 160
    path.write_bytes(data[:start])
    with pytest.raises(UnreadableImage):
        read_frame(path)


def test_that_a_webp_that_ends_early_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage):
        read_frame(cut(tmp_path / "a.webp", RGB))


def test_that_pillow_is_as_strict_as_before(tmp_path: Path) -> None:
    path = cut(tmp_path / "a.png", RGB)
    read_frame(path)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    with Image.open(path) as image, pytest.raises(OSError, match="truncated"):
        image.load()
