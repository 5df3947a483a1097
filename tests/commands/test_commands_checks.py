from __future__ import annotations

import json
from pathlib import Path

import pytest

import vlm_explorer as vlm
from vlm_explorer.cli import main


@pytest.mark.slow
def test_that_checks_are_in_the_json_and_in_a_table(
    scans: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["explain", str(scans / "a.png"), "--text", "effusion", "normal", "--method", "decomp",
             "--model", str(model_folder), "--checks", "--quiet"]  # fmt: skip
    assert main([*words, "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert len(checks["doubts"]) == 2
    assert checks["outlier_tokens"] == "as they are"
    for row in range(2):
        deletion = checks["insertion_deletion"][row]
        assert deletion["baseline"] == "blur"
        assert deletion["failed"] == (
            deletion["deletion"]["gain"] <= 2 * deletion["random"]["sd"]
            or deletion["insertion"]["gain"] <= 2 * deletion["random"]["sd"]
        )
        assert checks["weight_randomisation"][row]["stages"][1] == "head"
        assert checks["prompt_sensitivity"][row]["unrelated"]["prompt"]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "Checks of the map of “normal”:" in out
    assert "muted" not in out
    assert "Position              –        Known once 32 other images" in out


@pytest.mark.slow
def test_that_one_map_of_two_prompts_is_checked_once(
    scans: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["explain", str(scans / "a.png"), "--text", "effusion", "normal", "--method",
             "attention", "--model", str(model_folder), "--checks", "--quiet"]  # fmt: skip
    assert main(words) == 0
    out = capsys.readouterr().out
    assert out.count("Checks:") == 1
    assert "Prompt sensitivity    –        ρ 1 by construction" in out


def test_that_python_checks_a_file_as_it_checks_its_pixels(scans: Path, model_folder: Path) -> None:
    encoder = vlm.load_encoder(model_folder, device="cpu", precision="fp32")
    file = scans / "sub" / "ct"
    explanation = vlm.explain(file, "effusion", encoder=encoder, method="decomp")
    which = ["prompt_sensitivity", "insertion_deletion"]
    by_file = vlm.check_explanation(file, explanation, encoder=encoder, which=which)[0]
    pixels = vlm.render(file).pixels
    by_pixels = vlm.check_explanation(pixels, explanation, encoder=encoder, which=which)[0]
    assert by_file.prompt_sensitivity == by_pixels.prompt_sensitivity
    assert by_file.insertion_deletion.deletion_auc == by_pixels.insertion_deletion.deletion_auc
    assert by_file.weight_randomisation is None
    with pytest.raises(vlm.ExplorerError, match="no check"):
        vlm.check_explanation(pixels, explanation, encoder=encoder, which=["none"])
