"""Files that change or go away between the scan and the end of their decoding."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from vlm_explorer.encoders.preprocess import PreprocessConfig
from vlm_explorer.files.scan import FoundFile, scan
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.decoding import DecodedImage, Opened, Refused, decode_file, hash_content

CONFIG = PreprocessConfig(size=32)


def find(file: Path) -> FoundFile:
    (found,) = scan([file], context=JobContext())
    return found


def touch(file: Path) -> None:
    """Give a file another time of change, as writing to it does."""
    os.utime(file, ns=(1, file.stat().st_mtime_ns + 1_000_000))


@pytest.fixture
def frames(scans: Path) -> Path:
    return scans / "sub" / "frames.tif"


def test_that_a_file_that_went_away_after_the_scan_is_refused_in_words(frames: Path) -> None:
    found = find(frames)
    frames.unlink()
    (event,) = decode_file(found, CONFIG)
    assert isinstance(event, Refused)
    assert event.frame is None
    assert "went away" in event.reason


def test_that_a_file_that_changed_after_the_scan_is_read_as_it_is_now(
    frames: Path, scans: Path
) -> None:
    found = find(frames)
    shutil.copy(scans / "b.png", frames)
    touch(frames)
    opened, image = decode_file(found, CONFIG)
    assert isinstance(opened, Opened)
    assert opened.content_hash == hash_content(scans / "b.png")
    assert opened.found is not None
    assert opened.found.size == frames.stat().st_size
    assert isinstance(image, DecodedImage)


@pytest.mark.parametrize("go_away", [False, True])
def test_that_a_file_that_changes_while_it_is_read_ends_with_the_reason(
    frames: Path, go_away: bool
) -> None:
    events = decode_file(find(frames), CONFIG)
    assert isinstance(next(events), Opened)
    assert isinstance(next(events), DecodedImage)
    if go_away:
        frames.unlink()
    else:
        Image.new("L", (20, 20)).save(frames)
        touch(frames)
    (last,) = events
    assert isinstance(last, Refused)
    assert (last.frame, last.is_last) == (None, True)
    assert ("went away" if go_away else "changed") in last.reason
