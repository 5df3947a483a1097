"""Files are decoded while others are still being found."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import vlm_explorer.pipeline.scan_ahead as scan_ahead
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.files.scan import FoundFile, scan
from vlm_explorer.jobs import Cancelled, JobContext, Progress
from vlm_explorer.pipeline.indexing import index
from vlm_explorer.pipeline.scan_ahead import ScanAhead


class Gate:
    """A scan that stops after so many files until it is opened."""

    def __init__(self, after: int) -> None:
        self._after = after
        self.open = threading.Event()

    def scan(self, paths: Sequence[Path], **options: Any) -> Iterator[FoundFile]:
        for number, found in enumerate(scan(paths, **options)):
            if number == self._after:
                assert self.open.wait(60)
            yield found


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate(4)
    monkeypatch.setattr(scan_ahead, "scan", gate.scan)
    return gate


def test_that_images_are_stored_while_the_scan_goes_on(
    scans: Path, encoder: Encoder, gate: Gate
) -> None:
    place = scans.parent / "own.vlmx"
    totals = []

    def look(progress: Progress) -> None:
        totals.append(progress.total)
        stored = (place / "collection.json").exists() and Collection(place).images.num_rows
        if stored:
            gate.open.set()

    context = JobContext(look, min_interval=0)
    report = index([scans], to=place, encoder=encoder, workers=1, context=context)
    assert gate.open.is_set()
    assert report.images == 7
    assert totals[0] is None, "the total is not known before the scan is over"
    assert totals[-1] is not None


def test_that_nothing_is_marked_as_removed_before_the_scan_is_over(
    scans: Path, encoder: Encoder, gate: Gate
) -> None:
    place = scans.parent / "own.vlmx"
    gate.open.set()
    index([scans], to=place, encoder=encoder, workers=1)
    (scans / "b.png").unlink()
    gate.open.clear()

    def stop(progress: Progress) -> None:
        if progress.message.startswith("Reading"):
            context.cancel()
            gate.open.set()

    context = JobContext(stop, min_interval=0)
    with pytest.raises(Cancelled):
        index([scans], to=place, encoder=encoder, workers=1, context=context)
    assert Collection(place).removed_images.num_rows == 0


def test_that_files_come_in_the_order_of_the_scan(scans: Path) -> None:
    with ScanAhead([scans], None, most_ahead=2) as files:
        found = [file for file in files if file is not None]
    assert found == list(scan([scans], context=JobContext()))
    assert files.complete
    assert files.found == len(found)


def test_that_a_scan_is_over_before_all_it_found_is_taken(scans: Path) -> None:
    with ScanAhead([scans], None) as files:
        coming = (file for file in files if file is not None)
        next(coming)
        files._thread.join()
        assert files.complete
        assert files.taken == 1
        assert files.found == 1 + len(list(coming))


def test_that_a_scan_that_is_far_ahead_waits_and_can_be_left(scans: Path) -> None:
    with ScanAhead([scans], None, most_ahead=2) as files:
        first = next(file for file in files if file is not None)
    assert first.path.parent == scans
    assert not files.complete
    assert files.found <= 4


def test_that_what_goes_wrong_in_the_scan_is_raised_where_files_are_taken(
    scans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(paths: Sequence[Path], **options: Any) -> Iterator[FoundFile]:
        yield next(scan(paths, **options))
        raise MemoryError("no more")

    monkeypatch.setattr(scan_ahead, "scan", broken)
    with ScanAhead([scans], None) as files, pytest.raises(MemoryError, match="no more"):
        list(files)


def test_that_a_missing_path_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none"):
        ScanAhead([tmp_path / "none"], None)
