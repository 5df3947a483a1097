"""`explain --words`, and the same in Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import vlm_explorer as vlm
from vlm_explorer.cli import main
from vlm_explorer.encoders.encoder import Encoder

TEXT = "left pleural effusion"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    return code, *capsys.readouterr()


def test_that_words_are_added_to_the_answer(
    scans: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    encoder = vlm.load_encoder(model_folder)  # in the precision that the command chooses
    asked = ("explain", scans / "a.png", "--text", TEXT, "--words", "--model", model_folder)
    code, out, _ = run(capsys, *asked, "--json", "--quiet")
    facts = json.loads(out)
    assert code == 0
    assert [word["word"] for word in facts["words"]] == TEXT.split()
    assert {"word", "start", "end", "read", "cosine_drop", "relevance"} <= set(facts["words"][0])
    shares = sum(word["relevance"] for word in facts["words"])
    assert shares + facts["marks_relevance"] == pytest.approx(1)
    assert [phrase["phrase"] for phrase in facts["phrases"]] == [TEXT, "pleural effusion"]
    same = vlm.words(scans / "a.png", TEXT, encoder=encoder)
    drops = [word["cosine_drop"] for word in facts["words"]]
    np.testing.assert_allclose([word.cosine_drop for word in same.words], drops, atol=1e-6)
    assert facts["score"][0] == pytest.approx(same.score, abs=1e-5)
    code, out, _ = run(capsys, *asked, "--quiet")
    table = out.splitlines()
    assert code == 0
    for word in same.words:
        assert any(word.word in line and f"{word.cosine_drop:+.4f}" in line for line in table)


def test_that_words_are_asked_about_one_prompt_at_a_time(
    scans: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for texts in ([], ["--text", "effusion", "normal"]):
        asked = ("explain", scans / "a.png", *texts, "--words", "--model", model_folder)
        code, out, err = run(capsys, *asked, "--quiet")
        assert (code, out) == (2, "")
        assert "one prompt" in err


def test_that_python_asks_about_pixels_too(encoder: Encoder) -> None:
    pixels = np.arange(90 * 120, dtype=np.uint32).reshape(90, 120).astype(np.uint8)
    found = vlm.words(pixels, TEXT, encoder=encoder)
    assert [phrase.text for phrase in found.phrases] == [TEXT, "pleural effusion"]
    assert found.unit == "cosine drop"


def test_that_masks_are_refused_where_the_tower_knows_none(
    scans: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("explain", scans / "a.png", "--text", TEXT, "--words", "--mask")
    code, out, err = run(capsys, *asked, "--model", model_folder, "--quiet")
    assert (code, out) == (1, "")
    assert "knows no mask" in err
