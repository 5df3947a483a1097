"""The command and the calls about the wording of a prompt, and the matrix, through real parts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scan_folder import build_scan_folder

import vlm_explorer as vlm
from vlm_explorer.cli import main
from vlm_explorer.encoders.encoder import Encoder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    root = tmp_path_factory.mktemp("wording")
    scans = build_scan_folder(root / "scans")
    return vlm.index([scans], to=root / "own.vlmx", encoder=encoder, workers=1).folder


def test_that_sensitivity_prints_one_json_object_with_the_figures_of_the_api(
    indexed: Path, model_folder: Path, encoder: Encoder, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sensitivity", str(indexed), "--label", "effusion", "--model", str(model_folder)]
    assert main([*words, "--json", "--quiet"]) == 0
    printed = json.loads(capsys.readouterr().out)
    answer = vlm.open_collection(indexed).sensitivity("effusion", model=model_folder)
    assert (printed["images"], printed["labelled"], printed["positives"]) == (7, 2, 1)
    assert [row["text"] for row in printed["variants"]] == [
        each.wording.text for each in answer.variants
    ]
    first = printed["variants"][0]
    assert first["mean_cosine"] == pytest.approx(answer.typed.mean)
    assert first["auroc"]["value"] == answer.typed.auroc.value
    assert first["auroc"]["n"] == 2
    assert printed["negations"][0]["text"] == "no effusion"
    assert printed["words"] == []
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "1 of 2 labelled ones are called so" in out
    assert "“no effusion”: cosine of the texts" in out


def test_that_words_and_unlabelled_prompts_are_said(
    indexed: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["sensitivity", str(indexed), "--label", "enlarged heart", "--model", str(model_folder)]
    assert main([*words, "--json", "--quiet"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert [word["word"] for word in printed["words"]] == ["enlarged", "heart"]
    assert all(row["auroc"] is None for row in printed["variants"])
    assert main([*words[:3], " ", *words[4:], "--quiet"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_that_the_matrix_of_the_api_holds_captions_labels_and_texts(
    indexed: Path, encoder: Encoder
) -> None:
    collection = vlm.open_collection(indexed)
    ids = collection.images["image_id"].to_pylist()
    plain = collection.similarity_matrix(ids)
    assert plain.cosine.shape == (7, 3)
    assert len(plain.pairs) == 3
    vectors = collection.vectors()
    answer = collection.similarity_matrix(
        ids, ["a dog"], captions=False, labels=["effusion"], model=encoder.folder
    )
    wanted = vectors @ encoder.encode_texts(["effusion", "a dog"]).T
    np.testing.assert_allclose(answer.cosine, wanted, atol=1e-3)
