"""Two programs on one collection: the second is refused in words, and a dead one holds nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vlm_explorer.cli import main
from vlm_explorer.collection.writer import CollectionWriter
from vlm_explorer.errors import CollectionLocked, StorageProblem

HOLD = """
import sys
from pathlib import Path
from vlm_explorer.collection.writer import CollectionWriter
with CollectionWriter(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "own.vlmx"


@pytest.fixture
def holder(place: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that writes to the collection."""
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_that_a_second_writer_is_refused_in_words_with_exit_code_1(
    scans: Path, place: Path, holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["index", str(scans), "--to", str(place), "--model", "demo", "--quiet"]) == 1
    said = capsys.readouterr().err
    assert "Another program is writing" in said
    assert len(said.splitlines()) == 1


def test_that_the_window_says_so_and_goes_on(
    scans: Path, place: Path, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vlm_explorer.jobs import JobContext
    from vlm_explorer.pipeline import indexing
    from vlm_explorer.viewmodels import indexing_work

    monkeypatch.setattr(indexing, "default_place", lambda _: place)
    with pytest.raises(CollectionLocked, match="Another program"):
        indexing_work.index_folder(scans, "demo", context=JobContext())


def test_that_a_killed_writer_holds_nothing(place: Path, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(CollectionLocked):
        CollectionWriter(place).__enter__()
    holder.kill()
    holder.wait()
    with CollectionWriter(place):
        pass


def test_that_a_disk_without_locks_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import filelock

    def cannot(*_: object, **__: object) -> None:
        raise NotImplementedError("FileSystem does not appear to support flock")

    monkeypatch.setattr(filelock.FileLock, "acquire", cannot)
    with pytest.raises(StorageProblem, match="cannot lock files"):
        CollectionWriter(place).__enter__()
