"""The scan meets every file once and says what it is by its content."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom.data import get_testdata_file

from vlm_explorer.errors import UsageError
from vlm_explorer.files.natural_order import natural_key
from vlm_explorer.files.scan import FileKind, FoundFile, scan
from vlm_explorer.jobs import Cancelled, JobContext, Progress

CT = Path(str(get_testdata_file("CT_small.dcm")))


def found_in(*paths: Path, captions: Path | None = None) -> list[FoundFile]:
    return list(scan(list(paths), captions=captions, context=JobContext()))


def write_png(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.zeros((4, 5), dtype=np.uint8)).save(path, "PNG")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose names lie about their content."""
    write_png(tmp_path / "b" / "picture.dcm")
    shutil.copy(CT, tmp_path / "b" / "notes.txt")
    (tmp_path / "a10.txt").write_text("hello", encoding="utf-8")
    (tmp_path / "a9.txt").write_text("", encoding="utf-8")
    return tmp_path


def test_that_the_content_decides_and_not_the_extension(folder: Path) -> None:
    kinds = {found.path.name: found.kind for found in found_in(folder)}
    assert kinds == {
        "picture.dcm": FileKind.IMAGE,
        "notes.txt": FileKind.DICOM,
        "a10.txt": FileKind.OTHER,
        "a9.txt": FileKind.OTHER,
    }


def test_that_files_come_in_natural_order_with_their_size_and_root(folder: Path) -> None:
    found = found_in(folder)
    assert [item.path.name for item in found] == ["a9.txt", "a10.txt", "notes.txt", "picture.dcm"]
    assert all(item.root == folder and item.path.is_absolute() for item in found)
    assert found[2].size == CT.stat().st_size
    assert found[2].mtime_ns == (folder / "b" / "notes.txt").stat().st_mtime_ns


@given(st.sets(st.text("aA01 -_é", min_size=1, max_size=6), max_size=12))
def test_that_files_come_as_people_sort_names_whatever_they_are(names: set[str]) -> None:
    with TemporaryDirectory() as place:
        for name in names:
            (Path(place) / f"{name}!").touch()
        there = sorted((path.name for path in Path(place).iterdir()), key=natural_key)
        assert [item.path.name for item in found_in(Path(place))] == there


def test_that_a_reason_stands_with_what_is_no_image_only(folder: Path) -> None:
    reasons = {item.path.name: item.reason for item in found_in(folder)}
    assert reasons["a9.txt"] == "empty file"
    assert reasons["a10.txt"] == "text file"
    assert reasons["notes.txt"] == reasons["picture.dcm"] == ""


def test_that_overlapping_paths_and_links_meet_a_file_once(folder: Path) -> None:
    (folder / "again").symlink_to(folder / "b", target_is_directory=True)
    (folder / "b" / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "b" / "same.png").symlink_to(folder / "b" / "picture.dcm")
    found = found_in(folder, folder / "b", folder / "b" / "notes.txt")
    assert len(found) == len({os.path.realpath(item.path) for item in found}) == 4


def test_that_hard_links_are_files_of_their_own(folder: Path) -> None:
    os.link(folder / "a10.txt", folder / "a11.txt")
    assert len(found_in(folder)) == 5


def test_that_a_link_into_another_folder_is_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path.parent / "outside.png"
    write_png(outside)
    (folder / "link").symlink_to(outside)
    found = {item.path: item.kind for item in found_in(folder)}
    assert found[folder / "link"] is FileKind.IMAGE


def test_that_a_link_to_nowhere_and_a_pipe_are_met_and_not_opened(folder: Path) -> None:
    (folder / "dangling").symlink_to(folder / "not-there")
    os.mkfifo(folder / "pipe")
    reasons = {item.path.name: item.reason for item in found_in(folder)}
    assert reasons["dangling"] == "link to a file that is not there"
    assert reasons["pipe"] == "special file (pipe, socket or device)"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_that_what_may_not_be_read_is_met_with_a_reason(folder: Path) -> None:
    (folder / "a10.txt").chmod(0)
    (folder / "b").chmod(0)
    found = {item.path.name: item for item in found_in(folder)}
    reasons = {name: item.reason for name, item in found.items()}
    (folder / "b").chmod(0o700)
    assert {found["a10.txt"].kind, found["b"].kind} == {FileKind.CLOSED}
    assert reasons["a10.txt"] == "no permission to read the file"
    assert reasons["b"] == "folder that cannot be opened"


def test_that_a_collection_among_the_scans_is_one_entry_and_no_folder_of_scans(
    folder: Path,
) -> None:
    place = folder / "own.vlmx"
    (place / "images.lance").mkdir(parents=True)
    (place / "images.lance" / "data").write_bytes(b"x")
    (place / "collection.json").write_text("{}")
    below = [item for item in found_in(folder) if place in (item.path, *item.path.parents)]
    assert [(item.path, item.kind) for item in below] == [(place, FileKind.OTHER)]
    with pytest.raises(UsageError, match="is a collection"):
        found_in(place)


def test_that_a_file_may_be_given_itself(folder: Path) -> None:
    assert [item.kind for item in found_in(folder / "b" / "notes.txt")] == [FileKind.DICOM]


def test_that_a_path_that_does_not_exist_is_refused_before_the_first_file(folder: Path) -> None:
    with pytest.raises(UsageError, match="no-such-folder"):
        scan([folder, folder / "no-such-folder"], context=JobContext())


def test_that_captions_are_known_by_name_and_columns_or_because_they_are_named(
    folder: Path,
) -> None:
    (folder / "captions.csv").write_text("file,caption\nx.png,a\n", encoding="utf-8")
    (folder / "b" / "captions.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (folder / "mine.csv").write_text("file,caption\nx.png,a\n", encoding="utf-8")
    kinds = {item.path: item.kind for item in found_in(folder)}
    assert kinds[folder / "captions.csv"] is FileKind.CAPTIONS
    assert kinds[folder / "b" / "captions.csv"] is FileKind.OTHER
    assert kinds[folder / "mine.csv"] is FileKind.OTHER
    named = {item.path: item.kind for item in found_in(folder, captions=folder / "mine.csv")}
    assert named[folder / "mine.csv"] is FileKind.CAPTIONS


def test_that_the_scan_reports_and_can_be_cancelled(folder: Path) -> None:
    reports: list[Progress] = []
    context = JobContext(reports.append, min_interval=0.0)
    files = scan([folder], context=context)
    next(files)
    assert reports[0].total is None
    context.cancel()
    with pytest.raises(Cancelled):
        list(files)


def test_that_the_last_report_counts_all_files(folder: Path) -> None:
    reports: list[Progress] = []
    list(scan([folder], context=JobContext(reports.append)))
    assert (reports[-1].done, reports[-1].total) == (4, 4)


def test_that_captions_come_before_the_files_that_they_speak_of(folder: Path) -> None:
    (folder / "captions.csv").write_text("file,caption\na.png,a\n", encoding="utf-8")
    write_png(folder / "a.png")
    assert [item.path.name for item in found_in(folder)][:2] == ["captions.csv", "a.png"]


def test_that_a_file_is_met_before_the_folders_behind_it_are_listed(folder: Path) -> None:
    files = scan([folder], context=JobContext())
    assert next(files).path.name == "a9.txt"
    shutil.rmtree(folder / "b")
    left = [(item.path.name, item.reason) for item in files]
    assert left == [("a10.txt", "text file"), ("b", "went away before it could be read")]


@pytest.mark.parametrize("target", ["a10.txt", "b/notes.txt", "b/picture.dcm"])
@pytest.mark.parametrize("link", ["a1", "a99", "b/m", "b/z", "c"])
def test_that_a_link_and_its_target_are_met_once_whichever_comes_first(
    folder: Path, target: str, link: str
) -> None:
    (folder / link).symlink_to(folder / target)
    real = [os.path.realpath(item.path) for item in found_in(folder)]
    assert len(real) == len(set(real)) == 4


def test_that_a_file_that_goes_away_is_met_with_the_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open

    def vanish(path: object, *flags: int) -> int:
        if str(path).endswith("a10.txt"):
            (folder / "a10.txt").unlink()
        return opened(path, *flags)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", vanish)
    reasons = {item.path.name: item.reason for item in found_in(folder)}
    assert reasons["a10.txt"] == "went away before it could be read"
