"""The files of `explain`: pictures, figures, DICOM."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from vlm_explorer.cli import main
from vlm_explorer.rendering.colour_maps import DIVERGING, SEQUENTIAL


def explain(scans: Path, model_folder: Path, *more: object, method: str = "decomp") -> int:
    words = ["explain", scans / "a.png", "--method", method, "--model", model_folder, "--quiet"]
    return main([str(word) for word in (*words, *more)])


def test_that_explain_writes_a_figure_with_its_record_and_arrays(
    scans: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = tmp_path / "maps.svg"
    texts = ("--text", "effusion", "normal")
    more = (
        *texts,
        "--figure",
        figure,
        "--scale",
        "percentile",
        "--theme",
        "dark",
        "--colours",
        "vik",
        "--json",
    )
    assert explain(scans, model_folder, *more) == 0
    assert json.loads(capsys.readouterr().out)["files"] == [str(figure)]
    facts = json.loads((tmp_path / "maps.svg.json").read_text(encoding="utf-8"))
    assert [each["target"]["prompts"] for each in facts["maps"]] == [["effusion"], ["normal"]]
    assert facts["display"]["range"] == "percentile"
    assert facts["display"]["palette"] == "vik"
    assert facts["maps"][0]["colours"] == facts["maps"][1]["colours"]
    assert "a.png" not in figure.read_text(encoding="utf-8")
    assert np.load(tmp_path / "maps.svg.npz")["overlay"].shape == (2, 40, 60)


def test_that_the_colours_of_the_command_are_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["explain", "x", "--colours", "jet"])
    words = capsys.readouterr().err
    assert all(f"'{name}'" in words or name in words for name in (*SEQUENTIAL, *DIVERGING))


def test_that_a_picture_of_the_map_carries_its_record_and_names_no_file(
    scans: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    png = tmp_path / "map.png"
    assert explain(scans, model_folder, "--text", "effusion", "--png", png, "--sidecar") == 0
    with Image.open(png) as picture:
        assert picture.size == (60, 40)
        facts = json.loads(picture.info["vlm-explorer"])
    assert facts == json.loads((tmp_path / "map.png.json").read_text(encoding="utf-8"))
    assert facts["maps"][0]["score"]
    assert "file" not in facts["image"]
    assert explain(scans, model_folder, "--text", "e", "--png", png, "--with-files") == 0
    with Image.open(png) as picture:
        assert json.loads(picture.info["vlm-explorer"])["image"]["file"] == str(scans / "a.png")


def test_that_explain_writes_dicom_a_map_a_prompt_or_one_picture(
    scans: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("highdicom", reason="pyjpegls has no wheel for this Python")
    texts = ("--text", "effusion", "normal")
    npz = tmp_path / "maps.npz"
    maps, capture = tmp_path / "map.dcm", tmp_path / "capture.dcm"
    assert explain(scans, model_folder, *texts, "--dicom", maps, "--npz", npz) == 0
    written = [pydicom.dcmread(tmp_path / f"map-{number}.dcm") for number in (1, 2)]
    assert {each.SOPClassUID.name for each in written} == {"Parametric Map Storage"}
    assert written[0].SeriesInstanceUID == written[1].SeriesInstanceUID
    overlay = np.load(npz)["overlay"]
    for own, dataset in zip(overlay, written, strict=True):
        np.testing.assert_array_equal(dataset.pixel_array[np.isfinite(own)], own[np.isfinite(own)])
    more = ("--dicom", capture, "--as", "secondary-capture", "--sidecar")
    assert explain(scans, model_folder, *texts, *more) == 0
    dataset = pydicom.dcmread(capture)
    assert dataset.SOPClassUID.name == "Secondary Capture Image Storage"
    assert dataset.pixel_array.ndim == 3
    assert (tmp_path / "capture.dcm.json").is_file()


def test_that_options_that_do_not_fit_are_refused_before_anything_is_loaded(
    scans: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for more in (["--as", "secondary-capture"], ["--keep-uids"], ["--sidecar"]):
        words = ["explain", str(scans / "a.png"), "--model", str(tmp_path / "none"), *more]
        assert main(words) == 2
        assert "need" in capsys.readouterr().err


def test_that_muted_outlier_tokens_are_told_in_every_file(
    scans: Path,
    model_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # a small encoder of random weights has no token that is far longer than the others
    monkeypatch.setattr("vlm_explorer.saliency.outliers._DEVIATIONS", 0.5)
    figure, png = tmp_path / "map.svg", tmp_path / "map.png"
    files = ("--text", "effusion", "--figure", figure, "--png", png, "--json")
    assert explain(scans, model_folder, *files) == 0
    assert "muted:" not in capsys.readouterr().out
    assert explain(scans, model_folder, *files, "--mute-outliers") == 0
    assert "muted:" in " ".join(json.loads(capsys.readouterr().out)["warnings"])
    facts = json.loads((tmp_path / "map.svg.json").read_text(encoding="utf-8"))
    assert facts["maps"][0]["params"]["muted_outlier_tokens"]
    assert "muted:" in figure.read_text(encoding="utf-8")
    with Image.open(png) as picture:
        assert "muted:" in picture.info["vlm-explorer"]
