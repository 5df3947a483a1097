"""Headers of plain images."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vlm_explorer.errors import FileProblem, UnreadableImage, UnsupportedImage
from vlm_explorer.files.dicom_header import read_image_header
from vlm_explorer.files.header import PLAIN_STACK


def save(path: Path, **options: object) -> Path:
    Image.fromarray(np.zeros((20, 30), dtype=np.uint8)).save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.webp"])
def test_that_size_and_folder_are_read(tmp_path: Path, name: str) -> None:
    header = read_image_header(save(tmp_path / name))
    assert (header.rows, header.columns, header.frames) == (20, 30, 1)
    assert header.series_uid == header.study_uid == str(tmp_path)
    assert (header.patient_id, header.modality, header.places[0].stack) == ("", "", PLAIN_STACK)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.tif", "a.webp"])
def test_that_the_size_is_that_of_the_turned_picture(
    tmp_path: Path, name: str, orientation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"tiffinfo": {274: orientation}} if name.endswith("tif") else {"exif": exif}
    header = read_image_header(save(tmp_path / name, **options))
    expected = (30, 20) if orientation >= 5 else (20, 30)
    assert (header.rows, header.columns) == expected


def test_that_the_pages_of_a_tiff_are_frames_and_those_of_an_animation_are_not(
    tmp_path: Path,
) -> None:
    more = [Image.fromarray(np.full((20, 30), value, np.uint8)) for value in (50, 200)]
    for name, frames in (("a.tif", 3), ("a.webp", 1), ("a.png", 1)):
        path = save(tmp_path / name, save_all=True, append_images=more)
        assert read_image_header(path).frames == frames


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_that_a_picture_too_large_to_be_true_is_refused(tmp_path: Path) -> None:
    size = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", b""))
    with pytest.raises(UnsupportedImage, match="more pixels"):
        read_image_header(path)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.bmp", "a.webp"])
def test_that_a_header_cut_anywhere_is_read_or_a_file_problem(tmp_path: Path, name: str) -> None:
    data = save(tmp_path / name).read_bytes()
    path = tmp_path / "cut"
    problems = 0
    for length in range(4, len(data), 5):
        path.write_bytes(data[:length])
        try:
            assert read_image_header(path).columns == 30
        except FileProblem:
            problems += 1
    assert problems


def test_that_a_picture_that_is_gone_is_said_to_be_gone_without_its_name(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match="not there") as caught:
        read_image_header(tmp_path / "Doe^John.png")
    assert "Doe" not in str(caught.value)
