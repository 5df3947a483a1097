"""Files are known by their first bytes, and named in words where they are no images."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from vlm_explorer.files.signatures import FileKind, no_image_sentence, sniff


def sniff_bytes(folder: Path, data: bytes) -> tuple[FileKind, str]:
    path = folder / "file"
    path.write_bytes(data)
    return sniff(path)


def without_preamble(name: str) -> bytes:
    """A DICOM test file, from its first data element on."""
    return Path(str(get_testdata_file(name))).read_bytes()[132:]


@pytest.mark.parametrize("name", ["PNG", "JPEG", "TIFF", "BMP", "WEBP"])
def test_that_each_picture_format_is_known(tmp_path: Path, name: str) -> None:
    buffer = BytesIO()
    Image.fromarray(np.zeros((5, 7), dtype=np.uint8)).save(buffer, name)
    assert sniff_bytes(tmp_path, buffer.getvalue()) == (FileKind.IMAGE, "")


def test_that_a_tiff_of_either_byte_order_and_size_is_known(tmp_path: Path) -> None:
    for head in (b"II*\x00", b"MM\x00*", b"II+\x00\x08\x00", b"MM\x00+\x00\x08"):
        assert sniff_bytes(tmp_path, head + bytes(64))[0] is FileKind.IMAGE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty file"),
        (b"hello\nworld\n", "text file"),
        ("Größe\t1\r\n".encode(), "text file"),
        (b"%PDF-1.7\n", "PDF document"),
        (b"GIF89a" + bytes(20), "GIF is not read"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"<?xml version='1.0'?><a/>", "XML or SVG document"),
        (bytes(range(256)) * 20, "unknown content"),
        (b"\x00" * 5000, "unknown content"),
        (b"\x1f\x8b\x08" + bytes(20), "gzip archive"),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(20), "JPEG 2000 outside DICOM is not read"),
        (b"\x93NUMPY\x01\x00" + bytes(100), "NumPy array"),
        (b"BMW is a car", "text file"),
        (b"DICM", "text file"),
    ],
)
def test_that_other_files_are_named_in_words(tmp_path: Path, data: bytes, reason: str) -> None:
    assert sniff_bytes(tmp_path, data) == (FileKind.OTHER, reason)


def test_that_a_zip_and_a_nifti_are_named(tmp_path: Path) -> None:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.dcm", "x")
    assert sniff_bytes(tmp_path, buffer.getvalue())[1] == "ZIP archive or office document"
    nifti = bytearray(352)
    struct.pack_into("<i", nifti, 0, 348)
    nifti[344:348] = b"n+1\x00"
    assert sniff_bytes(tmp_path, bytes(nifti))[1] == "NIfTI volume is not read"


def test_that_a_reason_becomes_a_sentence() -> None:
    assert no_image_sentence("text file") == "Not a picture: text file."
    assert no_image_sentence("GIF is not read") == "GIF is not read."


def test_that_text_cut_within_a_character_is_text(tmp_path: Path) -> None:
    assert sniff_bytes(tmp_path, ("x" + "ü" * 4000).encode())[1] == "text file"


def test_that_dicom_is_known_with_and_without_its_preamble(tmp_path: Path) -> None:
    whole = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
    assert sniff_bytes(tmp_path, whole) == (FileKind.DICOM, "")
    for name in ("CT_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm"):
        assert sniff_bytes(tmp_path, without_preamble(name)) == (FileKind.DICOM, "")


@pytest.mark.parametrize(
    "name", ["ExplVR_BigEndNoMeta.dcm", "ExplVR_LitEndNoMeta.dcm", "rtstruct.dcm"]
)
def test_that_dicom_without_meta_information_is_known(name: str) -> None:
    assert sniff(Path(str(get_testdata_file(name)))) == (FileKind.DICOM, "")


@pytest.mark.parametrize("path", ["/etc/passwd", "/etc/hostname", "/bin/sh", __file__])
def test_that_files_of_the_system_are_no_dicom(path: str) -> None:
    if not Path(path).is_file():
        pytest.skip(f"this machine has no {path}")
    assert sniff(Path(path))[0] is FileKind.OTHER


def test_that_bytes_that_merely_start_like_dicom_are_none(tmp_path: Path) -> None:
    for group in (2, 4, 8):
        start = struct.pack("<HH", group, 5) + b"CS" + struct.pack("<H", 4) + b"ISO "
        assert sniff_bytes(tmp_path, start + b"no more of it " * 50)[0] is FileKind.OTHER


def test_that_dicom_whose_preamble_is_that_of_a_tiff_is_dicom(tmp_path: Path) -> None:
    data = bytearray(Path(str(get_testdata_file("CT_small.dcm"))).read_bytes())
    data[:4] = b"II*\x00"
    assert sniff_bytes(tmp_path, bytes(data))[0] is FileKind.DICOM
