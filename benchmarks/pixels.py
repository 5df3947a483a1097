"""Every frame of the files at hand, as the program draws it, against pydicom stage by stage.

The files are those of pydicom's wheel, and those of the folder that VLM_TEST_DATA names. A frame
is as the encoder and the viewer get it (`read_frame`, `render_frame`); the comparison is made of
pydicom's own functions (`_by_pydicom.py`), of Pillow's for ordinary pictures. Printed: files,
frames, the largest difference in grey levels, each reason for which files were refused with its
count, and each frame that differs by more than one level, with why.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data

from benchmarks._by_pydicom import NoReference, draw_dicom, draw_raster
from vlm_explorer.errors import FileProblem
from vlm_explorer.files.quiet_readers import quiet_readers
from vlm_explorer.files.scan import FileKind, FoundFile, scan
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.decode import count_frames, read_frame
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.render import Rendering, render_frame

_DATA = Path(pydicom.data.__file__).parent
WHEEL = [_DATA / "test_files", _DATA / "charset_files", _DATA / "palettes"]


@dataclass
class Comparison:
    """What was found; differences are in grey levels of 256, against values not rounded."""

    files: int = 0
    drawn_files: int = 0
    frames: int = 0
    compared: int = 0
    own_windows: int = 0  # frames whose window is not the file's but the program's choice
    largest: float = 0.0
    refused: Counter[str] = field(default_factory=Counter)
    no_reference: Counter[str] = field(default_factory=Counter)
    differing: dict[str, str] = field(default_factory=dict)


def compare(folders: list[Path]) -> Comparison:
    """Draw and compare every frame of every file under `folders`."""
    found = Comparison()
    with quiet_readers():
        for file in scan(folders, context=JobContext()):
            if file.kind is FileKind.CAPTIONS:
                continue
            found.files += 1
            _compare_file(file, found)
    return found


def _compare_file(file: FoundFile, found: Comparison) -> None:
    if file.kind is FileKind.OTHER:
        found.refused[f"Not a picture: {file.reason}."] += 1
        return
    drawn = 0
    try:
        for number in range(count_frames(file.path)):
            frame = read_frame(file.path, number)
            drawn += 1
            _compare_frame(file, number, frame, found)
    except FileProblem as problem:
        found.refused[problem.text] += 1
    found.frames += drawn
    found.drawn_files += bool(drawn)


def _compare_frame(file: FoundFile, number: int, frame: Frame, found: Comparison) -> None:
    rendering = render_frame(frame)
    window = rendering.window
    try:
        if file.kind is FileKind.DICOM:
            applied = (window.centre, window.width, window.function)
            expected = draw_dicom(file.path, number, applied)
        else:
            expected = draw_raster(file.path)
    except NoReference as reason:
        found.no_reference[f"{file.path.name}: {reason}"] += 1
        return
    found.compared += 1
    found.own_windows += window.source.startswith(("auto", "preset", "full"))
    difference = _difference(rendering, expected)
    if difference > 1.0:
        name = f"{file.path.name} [{number}]"
        found.differing[name] = f"{difference:.1f}: {_why(frame)}"
    else:
        found.largest = max(found.largest, difference)


def _difference(rendering: Rendering, expected: Any) -> float:
    pixels = rendering.pixels.astype(np.float64)
    if expected.ndim == 3 and pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    if pixels.shape != expected.shape:
        return 255.0
    return float(np.abs(pixels - expected).max())


def _why(frame: Frame) -> str:
    """Return what the program says of a frame that pydicom draws in another way."""
    return " ".join(frame.warnings) or "no reason known"


def run() -> dict[str, Any]:
    folders = [*WHEEL]
    if data := os.environ.get("VLM_TEST_DATA"):
        folders.append(Path(data))
    found = compare(folders)
    figures: dict[str, Any] = {
        "files": found.files,
        "files_drawn": found.drawn_files,
        "frames_drawn": found.frames,
        "frames_compared": found.compared,
        "frames_with_a_window_of_the_program": found.own_windows,
        "largest_difference_grey_levels": found.largest,
        "frames_that_differ": len(found.differing),
    }
    figures |= {f"differs: {name}": why for name, why in found.differing.items()}
    figures |= {f"no reference: {why}": count for why, count in found.no_reference.items()}
    return figures | {f"refused: {why}": n for why, n in found.refused.most_common()}
