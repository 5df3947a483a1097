from __future__ import annotations

import json
from pathlib import Path

import pytest
from scan_folder import build_scan_folder

from vlm_explorer.cli import main


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Path:
    """A collection made by the command itself."""
    root = tmp_path_factory.mktemp("searching")
    build_scan_folder(root / "scans")
    place = root / "own.vlmx"
    words = ["index", str(root / "scans"), "--to", str(place), "--model", str(model_folder)]
    assert main([*words, "--quiet"]) == 0
    return place


def run(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr()[0]


def test_that_a_search_says_what_is_ranked_by_and_what_changed(
    indexed: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("search", indexed, "--model", model_folder, "--text", "effusion")
    chosen = ("--rank-by", "csls", "--per", "series", "--reduce", "top-k-mean", "--top", 2)
    found = json.loads(run(capsys, *asked, *chosen, "--diverse", "--json"))
    assert found["ranking"] == {
        "rank_by": "csls",
        "per": "series",
        "reduce": "top-k-mean",
        "top": 2,
        "diversity": 0.3,
        "fuse": "sum",
    }
    assert set(found["changed"]) == {"top", "new", "fell"}
    over = found["hubs_counted_over"]
    assert set(over) == {"prompts", "captions", "all_captions", "images"}
    assert all(hit["count"] >= 1 and "z" not in hit for hit in found["hits"])
    words = run(capsys, *asked, *chosen)
    assert "by CSLS, mean of the best 2 of each series" in words
    captions = f"{over['captions']} of {over['all_captions']} captions"
    assert f"hubs counted over {captions} and {over['prompts']} unrelated prompts" in words
    plain = json.loads(run(capsys, *asked, "--json"))
    assert not {"ranking", "hubs_counted_over"} & set(plain)
    assert "count" not in plain["hits"][0]


def test_that_texts_are_ranked_for_an_image(
    indexed: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("search", indexed, "--model", model_folder, "--text", "a", "--json")
    image = json.loads(run(capsys, *asked))["hits"][0]["image_id"]
    words = ("describe", indexed, image, "--model", model_folder, "--text", "a heart", "a lung")
    found = json.loads(run(capsys, *words, "--only-texts", "--json"))
    assert {each["text"] for each in found["texts"]} == {"a heart", "a lung"}
    assert {"rank", "kind", "cosine", "z", "own"} <= set(found["texts"][0])
    assert "unrelated prompts with this image" in run(capsys, *words)
