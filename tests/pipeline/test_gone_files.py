"""Files that go away and come back between runs, folders that cannot be looked at."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from pydicom.data import get_testdata_file
from scan_folder import IMAGES

from vlm_explorer.collection.store import Collection
from vlm_explorer.commands.info import describe
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.pipeline.indexing import index
from vlm_explorer.pipeline.report import IndexReport


def run(*paths: Path, encoder: Encoder, to: Path) -> tuple[IndexReport, Collection]:
    report = index(list(paths), to=to, encoder=encoder, workers=1)
    return report, Collection(to)


@pytest.fixture
def place(scans: Path, encoder: Encoder) -> Path:
    place = scans.parent / "own.vlmx"
    run(scans, encoder=encoder, to=place)
    return place


def test_that_what_is_gone_is_marked_counted_and_comes_back_without_encoding(
    place: Path, scans: Path, encoder: Encoder
) -> None:
    before = Collection(place)
    shutil.move(scans / "sub", scans.parent / "away")
    report, collection = run(scans, encoder=encoder, to=place)
    assert (report.images, collection.images.num_rows) == (2, 2)
    assert collection.removed_images.num_rows == describe(place)["removed"] == IMAGES - 2
    assert len(collection.vectors()) == 2
    assert collection.texts.num_rows == 3
    assert [words for words in report.warnings if "marked as removed" in words]
    again, _ = run(scans, encoder=encoder, to=place)
    assert not [words for words in again.warnings if "removed" in words], "it is said once"
    shutil.move(scans.parent / "away", scans / "sub")
    report, collection = run(scans, encoder=encoder, to=place)
    assert (report.images, report.encoded, report.reused) == (IMAGES, 0, IMAGES)
    assert [words for words in report.warnings if "there again" in words]
    assert sorted(collection.images["image_id"].to_pylist()) == sorted(
        before.images["image_id"].to_pylist()
    )
    assert collection.texts.num_rows == before.texts.num_rows
    assert collection.removed_images.num_rows == 0


def test_that_what_comes_back_elsewhere_with_another_time_is_not_encoded_again(
    place: Path, scans: Path, encoder: Encoder
) -> None:
    kept = (scans / "b.png").read_bytes()
    (scans / "b.png").unlink()
    run(scans, encoder=encoder, to=place)
    (scans / "sub" / "other.png").write_bytes(kept)
    report, collection = run(scans, encoder=encoder, to=place)
    assert report.encoded == 0
    names = {Path(file).name for file in collection.images["file"].to_pylist()}
    assert "other.png" in names
    assert collection.removed_images.num_rows == 0


def test_that_a_content_that_a_file_had_before_can_come_back(
    place: Path, scans: Path, encoder: Encoder
) -> None:
    before = Collection(place).images.to_pylist()
    shutil.move(scans / "b.png", scans.parent / "b.png")
    shutil.copy(get_testdata_file("MR_small.dcm"), scans / "b.png")
    report, collection = run(scans, encoder=encoder, to=place)
    assert (report.encoded, collection.removed_images.num_rows) == (1, 1)
    shutil.move(scans.parent / "b.png", scans / "b.png")
    report, collection = run(scans, encoder=encoder, to=place)
    assert report.encoded == 0
    after = {row["image_id"]: row for row in collection.images.to_pylist()}
    assert after == {row["image_id"]: row for row in before}


@pytest.mark.parametrize("unplugged", ["emptied", "unreadable"])
def test_that_a_folder_with_nothing_in_it_keeps_its_images_and_it_is_said(
    place: Path, scans: Path, encoder: Encoder, unplugged: str
) -> None:
    if unplugged == "unreadable":
        if os.geteuid() == 0:
            pytest.skip("root may read everything")
        scans.chmod(0)
    else:
        shutil.move(scans, scans.parent / "disk")
        scans.mkdir()
    report, collection = run(scans, encoder=encoder, to=place)
    scans.chmod(0o700)
    assert collection.images.num_rows == IMAGES
    assert collection.images["label"].to_pylist() == ["effusion; nodule", "normal", *[""] * 5]
    assert collection.texts.num_rows == 4
    (words,) = report.warnings
    assert "connect its disk" in words
    assert str(scans) in words


def test_that_an_emptied_folder_can_be_given_up_by_the_folder_that_it_lies_in(
    scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    place = tmp_path / "elsewhere" / "own.vlmx"
    run(scans / "sub", encoder=encoder, to=place)
    shutil.rmtree(scans / "sub")
    (scans / "sub").mkdir()
    _, collection = run(scans / "sub", encoder=encoder, to=place)
    assert collection.images.num_rows == IMAGES - 2
    _, collection = run(scans, encoder=encoder, to=place)
    names = {Path(file).name for file in collection.images["file"].to_pylist()}
    assert names == {"a.png", "b.png"}


def test_that_a_run_over_part_of_a_folder_sees_what_is_gone_there_and_nowhere_else(
    place: Path, scans: Path, encoder: Encoder
) -> None:
    (scans / "a.png").unlink()
    (scans / "sub" / "c.png").unlink()
    _, collection = run(scans / "sub", encoder=encoder, to=place)
    names = {Path(file).name for file in collection.removed_images["file"].to_pylist()}
    assert names == {"c.png"}


def test_that_problems_of_folders_that_were_not_looked_at_stay(
    place: Path, scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    before = Collection(place).problems.num_rows
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("no image")
    report, collection = run(other, encoder=encoder, to=place)
    assert len(report.skipped) == 1
    assert collection.problems.num_rows == before + 1


def test_that_a_copy_of_a_known_file_is_a_duplicate_wherever_it_comes_in_the_scan(
    place: Path, scans: Path, encoder: Encoder, tmp_path: Path
) -> None:
    (scans / "0-first.png").write_bytes((scans / "b.png").read_bytes())
    report, collection = run(scans, encoder=encoder, to=place)
    (row,) = [row for row in report.skipped if row.file.endswith("0-first.png")]
    assert row.kind == "duplicate"
    other = tmp_path / "other"
    other.mkdir()
    (other / "copy.png").write_bytes((scans / "b.png").read_bytes())
    report, collection = run(other, encoder=encoder, to=place)
    assert [row.kind for row in report.skipped] == ["duplicate"]
    assert str(scans / "b.png") in collection.images["file"].to_pylist()


def test_that_refused_frames_of_an_unchanged_file_are_said_again_without_decoding(
    tmp_path: Path, encoder: Encoder
) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    whole = Path(str(get_testdata_file("SC_rgb_rle_2frame.dcm"))).read_bytes()
    (folder / "cut.dcm").write_bytes(whole[: len(whole) - 600])
    first, before = run(folder, encoder=encoder, to=tmp_path / "own.vlmx")
    assert first.images == 1
    assert [row.frame for row in first.skipped] == [1]
    second, after = run(folder, encoder=encoder, to=tmp_path / "own.vlmx")
    assert (second.images, second.encoded, second.reused) == (1, 0, 1)
    assert second.skipped == first.skipped
    assert after.problems.equals(before.problems)
