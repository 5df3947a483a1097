from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from shell_collection import IMAGES, build_collection

from vlm_explorer.cli import main


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small collection: images of one label have nearly the same vector."""
    return build_collection(tmp_path / "small.vlmx")


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["review", *(str(word) for word in words), "--quiet"])
    out, err = capsys.readouterr()
    return code, out, err


def test_that_duplicates_are_printed_as_json(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, small, "duplicates", "--threshold", 0.9, "--json")
    answer = json.loads(out)
    assert code == 0
    assert (answer["check"], answer["threshold"], answer["images"]) == ("duplicates", 0.9, IMAGES)
    assert answer["across_series"]
    assert min(pair["cosine"] for pair in answer["findings"]) >= 0.9
    assert {pair["group"] for pair in answer["findings"]} == set(range(1, answer["groups"] + 1))
    _, out, _ = run(capsys, small, "duplicates", "--threshold", 0.9, "--json", "--same-series")
    among_all = json.loads(out)
    assert among_all["across_series"] is False
    assert among_all["findings"] == answer["findings"]  # each of these images is its own series


def test_that_each_check_says_how_many_and_what_the_number_is(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, small, "duplicates", "--threshold", "0.5")
    assert "at cosine 0.5 or more; pairs of one series are left out" in out
    _, out, _ = run(capsys, small, "outliers", "--threshold", "-99")
    assert f"{IMAGES} images unlike their 10 nearest of other series and all others" in out
    _, out, _ = run(capsys, small, "mispaired", "--threshold", "0")
    assert f"{IMAGES} of {IMAGES} captions and their images rank behind 0%" in out
    assert len(out.splitlines()) == IMAGES + 1


def test_that_a_table_is_written_whose_text_no_spreadsheet_runs(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from vlm_explorer.collection.records import TextRecord, TextVector, text_key
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.collection.writer import CollectionWriter

    entry = Collection(small).encoder_entry()
    with CollectionWriter(small) as writer:
        writer.set_texts([TextRecord("x", "=1+1", "caption", "image0000-0")])
        writer.add_text_vectors(entry, [TextVector(text_key("=1+1"), np.eye(16)[0])])
    table = tmp_path / "table.csv"
    code, out, _ = run(capsys, small, "mispaired", "--threshold", 0, "--csv", table)
    assert (code, out) == (0, "")
    with table.open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["caption"] == "'=1+1"
    assert row["image_id"] == "image0000-0"
    # of the one caption there are no rivals: what counts is half the share of the images
    before = (int(row["image_rank"]) - 1) / (IMAGES - 1)
    assert float(row["share_before"]) == pytest.approx(before / 2)


def test_that_wrong_usage_is_refused_in_one_line(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(capsys, small, "duplicates", "--threshold", "3")
    assert (code, len(err.splitlines())) == (1, 1)
    code, _, err = run(capsys, small, "mispaired", "--same-series")
    assert code == 2
    assert "captions" in err
    code, _, err = run(capsys, small, "outliers", "--csv", tmp_path / "no" / "table.csv")
    assert code == 1
    assert "There is no folder" in err
    with pytest.raises(SystemExit) as caught:
        run(capsys, small, "twins")
    assert caught.value.code == 2
