"""DICOM files with compressed pixels, also of syntaxes that pydicom does not write."""

from __future__ import annotations

from pathlib import Path

from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit


def compress(path: Path, syntax: str, frames: list[bytes]) -> Path:
    """Replace the pixel data of a file; pydicom writes no syntax that it does not know."""
    dataset = dcmread(path)
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.PixelData = encapsulate(frames)
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path)
    old, new = JPEGBaseline8Bit.encode(), syntax.encode() + b"\0" * (len(syntax) % 2)
    field = (b"UI" + len(uid).to_bytes(2, "little") + uid for uid in (old, new))
    path.write_bytes(path.read_bytes().replace(next(field), next(field), 1))
    return path
