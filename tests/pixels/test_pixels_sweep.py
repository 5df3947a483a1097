"""Every file that comes with pydicom and every real one: a picture or a reason, and no names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from pydicom import dcmread

from vlm_explorer.errors import FileProblem, UnreadableImage, UnsupportedImage
from vlm_explorer.files.dicom_header import read_header, read_image_header
from vlm_explorer.files.quiet_readers import quiet_readers
from vlm_explorer.files.scan import FileKind, FoundFile, scan
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.decode import count_frames, read_frame
from vlm_explorer.pixels.render import render_frame

WHEEL = Path(pydicom.data.__file__).parent
# Words of made-up names that the program's own sentences use.
COMMON = {"anonymous", "anonymized", "compressed", "dicom", "image", "jpeg", "patient", "test"}


def pictures(folder: Path) -> Iterator[FoundFile]:
    for found in scan([folder], context=JobContext()):
        if found.kind in (FileKind.DICOM, FileKind.IMAGE):
            yield found
        else:
            assert found.reason or found.kind is FileKind.CAPTIONS


def texts_of(found: FoundFile) -> list[str]:
    """Read a file (its first and last frame), and return all that was said of it to the user."""
    said: list[str] = []
    read = read_header if found.kind is FileKind.DICOM else read_image_header
    try:
        header = read(found.path)
        assert count_frames(found.path) == header.frames
    except FileProblem as problem:
        return [str(problem)]
    for number in {0, header.frames - 1}:
        try:
            frame = read_frame(found.path, number)
        except (UnsupportedImage, UnreadableImage) as problem:
            said.append(str(problem))
            continue
        assert frame.values.dtype == (np.uint8 if frame.is_colour else np.float32)
        assert np.isfinite(frame.values).all()
        for window in (None, "auto"):
            rendering = render_frame(frame, window)
            pixels = rendering.pixels
            assert pixels.dtype == np.uint8
            assert pixels.shape[:2] == (header.rows, header.columns)
            assert pixels.shape[:2] == (rendering.rows, rendering.columns)
            said += [*rendering.warnings, rendering.window.source]
        said += [*frame.warnings, *frame.facts.values(), frame.unit, frame.spacing_kind]
    return said


def personal_words(path: Path) -> set[str]:
    """The words of a file that name its patient or visit, shorter ones and plain numbers left out.

    Words that its body part uses, too, do not count as names.
    """
    texts: list[str] = []
    coded = ""
    with quiet_readers(), suppress(Exception):
        dataset = dcmread(path, force=True, stop_before_pixels=True)
        coded = str(dataset.get("BodyPartExamined", "")).lower()
        keywords = ("PatientName", "PatientID", "AccessionNumber", "OtherPatientIDs")
        texts = [str(dataset.get(keyword, "")) for keyword in keywords]
    words = {word.lower() for text in texts for word in re.split(r"[\^\s=,]+", text)}
    return {word for word in words if len(word) > 3 and word not in coded}


def check(folder: Path) -> int:
    count = 0
    for found in pictures(folder):
        said = " | ".join(texts_of(found)).lower()
        for word in personal_words(found.path) - COMMON:
            assert not re.search(rf"\b{re.escape(word)}\b", said), found.path.name
        count += 1
    return count


@pytest.mark.usefixtures("started_as_users_do")
def test_that_every_file_of_the_wheel_is_a_picture_or_a_reason_without_names(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert check(WHEEL) > 167
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("part", ["edge", "series", "broken"])
@pytest.mark.slow
def test_that_every_real_file_is_a_picture_or_a_reason_without_names(
    test_data: Path, part: str
) -> None:
    assert check(test_data / "dicom" / part) >= 8


def test_that_every_real_plain_image_is_a_picture(test_data: Path) -> None:
    files = list(pictures(test_data / "pairs"))
    assert len(files) == 303
    for found in files[::3]:
        assert render_frame(read_frame(found.path)).pixels.dtype == np.uint8


def test_that_pictures_of_one_scan_in_all_encodings_look_alike(test_data: Path) -> None:
    folder = test_data / "dicom" / "edge"
    reference = render_frame(read_frame(folder / "cs_CTImage.dcm")).pixels.astype(int)
    compared = 0
    for path in sorted(folder.glob("cs_CTImage.dcm_*")):
        try:
            pixels = render_frame(read_frame(path)).pixels.astype(int)
        except FileProblem:
            continue
        name = path.name  # JPEG's process 14 alone is lossless
        lossy = "Lossy" in name or "JPEG2000T" in name
        lossy |= "JPEGProcess" in name and "JPEGProcess14" not in name
        assert np.abs(pixels - reference).mean() <= (6 if lossy else 0), path.name
        compared += 1
    assert compared >= 12, "three more with the extra codecs"
