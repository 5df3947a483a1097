from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vlm_explorer.cli import main
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.encoding_window import render_for_encoder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_that_the_window_is_recorded_and_shown(
    scans: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "own.vlmx"
    words = ["index", scans, "--to", place, "--model", model_folder, "--quiet", "--json"]
    _, out, _ = run(capsys, *words, "--ct-window", "soft-tissue")
    assert json.loads(out)["ct_window"] == "soft tissue"
    _, out, _ = run(capsys, "info", place, "--json")
    entry = json.loads(out)["encoders"][0]
    assert (entry["ct_window"], entry["recipe"]) == ("soft tissue", "render-2+ct:soft tissue")
    assert "CT through: soft tissue" in run(capsys, "info", place)[1]


def test_that_render_gives_what_the_encoder_sees_through_the_window(
    scans: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from vlm_explorer.encoders.model_folder import read_model_folder
    from vlm_explorer.encoders.preprocess import model_view

    ct, npy = scans / "sub" / "ct", tmp_path / "a.npy"
    words = ["render", ct, "--for", "model", "--model", model_folder, "--npy", npy, "--json"]
    assert run(capsys, *words, "--ct-window", "three windows")[0] == 0
    pixels = render_for_encoder(read_frame(ct), "three windows").pixels
    preprocess = read_model_folder(model_folder).preprocess
    np.testing.assert_array_equal(np.load(npy), model_view(pixels, preprocess))
    code, _, err = run(capsys, "render", ct, "--ct-window", "lung")
    assert code == 2
    assert "--for model" in err


def test_that_explain_sees_ct_through_the_window(
    scans: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = []
    for choice in ("default", "brain"):
        words = ["explain", scans / "sub" / "ct", "--model", model_folder, "--text", "lung"]
        png = tmp_path / f"{choice}.png"
        code, out, _ = run(capsys, *words, "--ct-window", choice, "--png", png, "--json")
        assert code == 0
        scores.append(json.loads(out)["score"][0])
    assert scores[0] != scores[1]
    assert (tmp_path / "default.png").read_bytes() != (tmp_path / "brain.png").read_bytes()


def test_that_an_unknown_window_is_wrong_usage(
    scans: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["index", str(scans), "--ct-window", "liver"])
    assert stopped.value.code == 2
    assert "three windows" in capsys.readouterr().err
