"""Files that gave no image: left alone until they, or what reads them, have changed.

A file that is replaced by a good one of the same size and time tells whether it was opened.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from vlm_explorer.cli import main
from vlm_explorer.collection.records import Problem, to_table
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.preprocess import PreprocessConfig
from vlm_explorer.errors import UnreadableImage
from vlm_explorer.files.scan import FoundFile, scan
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline import decoding
from vlm_explorer.pipeline import run as run_module
from vlm_explorer.pipeline.decoding import Refused, decode_file
from vlm_explorer.pipeline.indexing import index
from vlm_explorer.pipeline.refusals import Refusals
from vlm_explorer.pipeline.report import IndexReport


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One good image, one whose pixels are damaged, and a DICOM file without pixels."""
    folder = tmp_path / "scans"
    folder.mkdir()
    grey = np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8)
    Image.fromarray(grey).save(folder / "good.png")
    Image.fromarray(grey[::-1]).save(folder / "bad.png")
    (folder / "whole").write_bytes(Path(str(get_testdata_file("reportsi.dcm"))).read_bytes())
    damage(folder / "bad.png")
    return folder


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 40] = bytes(40)
    file.write_bytes(content)


def mend_unseen(file: Path) -> None:
    """Put a good picture there without a trace in size and time."""
    grey = np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8)
    before = file.stat()
    Image.fromarray(grey[::-1]).save(file)
    assert file.stat().st_size == before.st_size
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def run(folder: Path, encoder: Encoder, *, retry: bool = False) -> tuple[IndexReport, Collection]:
    place = folder.parent / "own.vlmx"
    report = index([folder], to=place, encoder=encoder, workers=1, retry=retry)
    return report, Collection(place)


def test_that_a_known_unreadable_file_is_not_opened_again_and_stays_listed(
    folder: Path, encoder: Encoder
) -> None:
    first, before = run(folder, encoder)
    assert (first.images, first.not_tried) == (1, 0)
    assert {Path(row.file).name: row.kind for row in first.skipped} == {
        "bad.png": "unreadable",
        "whole": "not-an-image",
    }
    mend_unseen(folder / "bad.png")
    for _ in range(2):
        second, after = run(folder, encoder)
        assert second.skipped == first.skipped
        assert (second.files, second.images, second.not_tried) == (3, 1, 1)
        assert after.problems.equals(before.problems)


def test_that_it_is_tried_again_on_request(folder: Path, encoder: Encoder) -> None:
    run(folder, encoder)
    mend_unseen(folder / "bad.png")
    report, collection = run(folder, encoder, retry=True)
    assert (report.images, report.not_tried) == (2, 0)
    assert [Path(file).name for file in collection.problems["file"].to_pylist()] == ["whole"]


def test_that_it_is_tried_again_once_it_changed(folder: Path, encoder: Encoder) -> None:
    run(folder, encoder)
    mend_unseen(folder / "bad.png")
    (folder / "bad.png").touch()
    report, _ = run(folder, encoder)
    assert (report.images, report.not_tried) == (2, 0)


def test_that_it_is_tried_again_with_other_decoders(
    folder: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(folder, encoder)
    monkeypatch.setattr(run_module, "decoder_versions", lambda: "others")
    again, _ = run(folder, encoder)
    assert (again.images, again.not_tried) == (1, 0)  # tried, and as bad as before
    mend_unseen(folder / "bad.png")
    known, _ = run(folder, encoder)
    assert (known.images, known.not_tried) == (1, 1)


def test_that_problems_of_an_older_collection_are_tried_again(
    folder: Path, encoder: Encoder
) -> None:
    _, collection = run(folder, encoder)
    old = to_table(Problem, [Problem(**row) for row in collection.problems.to_pylist()])
    collection.table("problems").replace(old.drop_columns(["size", "mtime_ns", "tried_with"]))
    mend_unseen(folder / "bad.png")
    report, _ = run(folder, encoder)
    assert (report.images, report.not_tried) == (2, 0)


def test_that_an_image_that_became_unreadable_is_known_from_then_on(
    folder: Path, encoder: Encoder
) -> None:
    run(folder, encoder)
    damage(folder / "good.png")
    first, _ = run(folder, encoder)
    second, collection = run(folder, encoder)
    assert (first.images, first.not_tried) == (0, 1)
    assert (second.images, second.not_tried) == (0, 2)
    assert set(second.skipped) == set(first.skipped)
    assert collection.removed_images.num_rows == 1


def test_that_refused_frames_are_tried_again_on_request(tmp_path: Path, encoder: Encoder) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    whole = Path(str(get_testdata_file("SC_rgb_rle_2frame.dcm"))).read_bytes()
    file = folder / "cut.dcm"
    file.write_bytes(whole[: len(whole) - 600])
    first, _ = run(folder, encoder)
    assert (first.images, [row.frame for row in first.skipped]) == (1, [1])
    second, _ = run(folder, encoder)
    assert (second.reused, second.not_tried, second.skipped) == (1, 1, first.skipped)
    third, collection = run(folder, encoder, retry=True)
    assert (third.reused, third.not_tried, third.skipped) == (1, 0, first.skipped)
    assert collection.images.num_rows == 1


def found(file: Path) -> FoundFile:
    return next(iter(scan([file], context=JobContext())))


def refusal(file: Path) -> Refused:
    (event,) = [
        each
        for each in decode_file(found(file), PreprocessConfig(size=32))
        if isinstance(each, Refused)
    ]
    return event


def test_that_damage_is_told_from_what_may_pass(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not refusal(folder / "bad.png").passing
    assert not refusal(folder / "whole").passing
    (folder / "cut.png").write_bytes((folder / "good.png").read_bytes()[:300])
    assert not refusal(folder / "cut.png").passing

    def lose(_path: Path) -> str:
        try:
            raise OSError(errno.EIO, "Input/output error")
        except OSError as error:
            raise UnreadableImage("The file cannot be read (Input/output error).") from error

    def run_out(_path: Path) -> str:
        raise MemoryError

    for fault in (lose, run_out):
        monkeypatch.setattr(decoding, "hash_content", fault)
        assert refusal(folder / "good.png").passing
    met = found(folder / "good.png")
    (folder / "good.png").unlink()
    (gone,) = decode_file(met, PreprocessConfig(size=32))
    assert isinstance(gone, Refused)
    assert gone.passing


def test_that_what_may_pass_is_not_known(tmp_path: Path, folder: Path, encoder: Encoder) -> None:
    _, collection = run(folder, encoder)
    bad = found(folder / "bad.png")
    stamp = collection.problems["tried_with"].to_pylist()[0]
    assert Refusals(collection, stamp).whole(bad) is not None
    assert Refusals(collection, stamp).whole(replace(bad, size=bad.size + 1)) is None
    rows = [Problem(**row) for row in collection.problems.to_pylist()]
    passing = [replace(row, size=None, mtime_ns=None, tried_with=None) for row in rows]
    collection.table("problems").replace(to_table(Problem, passing))
    assert Refusals(collection, stamp).whole(bad) is None


def test_that_the_command_says_so_and_can_try_again(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["index", str(folder), "--to", str(folder.parent / "c.vlmx"), "--model", "demo"]
    assert main([*command, "--quiet"]) == 0
    assert "not tried again" not in capsys.readouterr().out
    assert main([*command, "--quiet"]) == 0
    words = capsys.readouterr().out
    assert "1 known to be unreadable, not tried again (--retry tries them)." in words
    assert "bad.png" in words
    mend_unseen(folder / "bad.png")
    assert main([*command, "--retry", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["images"], answer["not_tried"]) == (2, 0)
