"""A small folder of scans as users have them: DICOM, PNG, captions, a duplicate, other files."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom.data import get_testdata_file

CAPTIONS = (
    ("a.png", "A frontal chest radiograph.", "effusion", "XR", "P1", "first"),
    ("a.png", "Opacity of the left lower zone.", "effusion; nodule", "XR", "P1", "first"),
    ("b.png", "Normal chest.", "normal", "XR", "P2", "second"),
    ("sub/c.png", "Axial image of the head.", "", "CT", "P3", "second"),
)
IMAGES = 7  # a, b, c, CT_small, and the three frames of the ultrasound
FILES = 9  # a, b, its duplicate, c, ct, frames, notes, empty, captions


def build_scan_folder(folder: Path) -> Path:
    """Write the folder and return it."""
    (folder / "sub").mkdir(parents=True)
    random = np.random.default_rng(5)
    for name, shape in {"a.png": (40, 60), "b.png": (64, 64), "sub/c.png": (50, 30, 3)}.items():
        Image.fromarray(random.integers(0, 256, shape).astype(np.uint8)).save(folder / name)
    shutil.copy(folder / "a.png", folder / "same-as-a.png")
    shutil.copy(get_testdata_file("CT_small.dcm"), folder / "sub" / "ct")
    _three_frames().save(folder / "sub" / "frames.tif", save_all=True, append_images=_more())
    (folder / "notes.txt").write_text("not an image")
    (folder / "sub" / "empty.dcm").touch()
    with (folder / "captions.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "caption", "label", "modality", "patient", "site"])
        table.writerows(CAPTIONS)
    return folder


def _three_frames() -> Image.Image:
    return Image.fromarray(np.full((20, 20), 10, np.uint8))


def _more() -> list[Image.Image]:
    return [Image.fromarray(np.full((20, 20), value, np.uint8)) for value in (90, 200)]
