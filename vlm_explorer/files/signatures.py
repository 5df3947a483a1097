"""What a file is, by its first bytes. The extension is never asked."""

from __future__ import annotations

import struct
from enum import StrEnum
from pathlib import Path

from vlm_explorer.files.quiet_readers import quiet_readers

HEAD = 4096


class FileKind(StrEnum):
    """What the program does with a file."""

    DICOM = "dicom"
    IMAGE = "image"
    CAPTIONS = "captions"
    OTHER = "other"
    CLOSED = "closed"  # nobody can tell: it is there, and cannot be opened


_IMAGES: tuple[bytes, ...] = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"II*\x00",
    b"MM\x00*",
    b"II+\x00\x08\x00",
    b"MM\x00+\x00\x08",
)

_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF", "PDF document"),
    (0, b"GIF8", "GIF is not read"),
    (0, b"PK\x03\x04", "ZIP archive or office document"),
    (0, b"PK\x05\x06", "ZIP archive or office document"),
    (0, b"\x1f\x8b", "gzip archive"),
    (0, b"BZh", "bzip2 archive"),
    (0, b"\xfd7zXZ\x00", "xz archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (0, b"Rar!\x1a\x07", "RAR archive"),
    (0, b"\x28\xb5\x2f\xfd", "zstd archive"),
    (257, b"ustar", "tar archive"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000 outside DICOM is not read"),
    (0, b"\xff\x4f\xff\x51", "JPEG 2000 outside DICOM is not read"),
    (0, b"\xff\x0a", "JPEG XL is not read"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL is not read"),
    (4, b"ftypavif", "AVIF is not read"),
    (4, b"ftyphei", "HEIC is not read"),
    (4, b"ftypmif1", "HEIC is not read"),
    (4, b"ftyp", "video"),
    (0, b"\x1aE\xdf\xa3", "video"),
    (0, b"\x00\x00\x01\xba", "video"),
    (0, b"8BPS", "Photoshop document is not read"),
    (344, b"n+1\x00", "NIfTI volume is not read"),
    (344, b"ni1\x00", "NIfTI volume is not read"),
    (4, b"n+2\x00\r\n\x1a\n", "NIfTI volume is not read"),
    (0, b"NRRD000", "NRRD volume is not read"),
    (0, b"ObjectType = Image", "MetaImage volume is not read"),
    (0, b"\x93NUMPY", "NumPy array"),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5 file"),
    (0, b"PAR1", "Parquet table"),
    (0, b"SQLite format 3\x00", "SQLite database"),
    (0, b"\x7fELF", "program"),
    (0, b"MZ", "program"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office document"),
    (0, b"\x00\x00\x00\x01Bud1", "folder settings of macOS"),
)

# Sizes of the headers that a BMP may have (BITMAPCOREHEADER to BITMAPV5HEADER).
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})


def no_image_sentence(reason: str) -> str:
    """Return as a sentence why a file gives no image; `reason` as `sniff` tells it."""
    return f"{reason}." if reason.endswith("is not read") else f"Not a picture: {reason}."


def sniff(path: Path) -> tuple[FileKind, str]:
    """Tell what a file holds from its content.

    Returns:
        DICOM or IMAGE and an empty reason, or OTHER and the reason in words. Never CAPTIONS.

    Raises:
        OSError: the file cannot be opened or read.
    """
    with path.open("rb") as file:
        return sniff_head(file.read(HEAD), path)


def sniff_head(head: bytes, path: Path) -> tuple[FileKind, str]:
    """Tell what a file holds, as `sniff`, from its first `HEAD` bytes where they are at hand.

    Args:
        path: read only where the first bytes leave it open whether this is DICOM.
    """
    if not head:
        return FileKind.OTHER, "empty file"
    if head[128:132] == b"DICM":
        return FileKind.DICOM, ""
    if is_raster(head):
        return FileKind.IMAGE, ""
    for offset, magic, reason in _OTHERS:
        if head.startswith(magic, offset):
            return FileKind.OTHER, reason
    if _starts_like_dicom(head) and _parses_as_dicom(path):
        return FileKind.DICOM, ""
    return FileKind.OTHER, _words_for(head)


def is_raster(head: bytes) -> bool:
    """Return whether the first bytes are those of a PNG, JPEG, TIFF, BMP or WebP."""
    if head.startswith(_IMAGES):
        return True
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return True
    return (
        head.startswith(b"BM")
        and len(head) >= 18
        and struct.unpack_from("<I", head, 14)[0] in _BMP_HEADERS
    )


def _starts_like_dicom(head: bytes) -> bool:
    """Return whether a data element of group 0002, 0004 or 0008 with a sane length comes first.

    Without the preamble of PS3.10 section 7.1 this is all there is to go by, before parsing.
    """
    if len(head) < 16:
        return False
    for order in "<>":
        group, element = struct.unpack_from(order + "HH", head)
        if group not in (0x0002, 0x0004, 0x0008) or element > 0x2000:
            continue
        if head[4:6].isalpha() and head[4:6].isupper():
            return True
        if order == "<" and struct.unpack_from("<I", head, 4)[0] < 1024:
            return True
    return False


def _parses_as_dicom(path: Path) -> bool:
    """Return whether the whole file reads as a data set that says what it is."""
    from pydicom import dcmread

    tags = ["SOPClassUID", "Rows", "Columns", "DirectoryRecordSequence"]
    with quiet_readers():
        try:
            found = dcmread(path, force=True, stop_before_pixels=True, specific_tags=list(tags))
            uid = found.get("SOPClassUID") or found.file_meta.get("MediaStorageSOPClassUID")
            if str(uid or "").startswith("1.2.840.10008."):
                return True
            return "DirectoryRecordSequence" in found or ("Rows" in found and "Columns" in found)
        except Exception:  # noqa: BLE001  any exception means: this is not a data set
            return False


def _words_for(head: bytes) -> str:
    """Name what has no signature: text of some sort, or unknown bytes."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may be cut at the end of what was read.
        if len(head) < HEAD or error.start < len(head) - 4:
            return "unknown content"
        text = head[: error.start].decode("utf-8")
    if any(ord(character) < 32 and character not in "\t\n\r\f\x1b" for character in text):
        return "unknown content"
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<svg", "<?xml")):
        return "XML or SVG document"
    if start.startswith(("<!doctype html", "<html")):
        return "web page"
    return "text file"
