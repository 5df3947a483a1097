"""Maps of the bundled encoder against the marks of a small synthetic study."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vlm_explorer as vlm
from vlm_explorer.cli import main
from vlm_explorer.demo.study import write_study
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.files.truth import read_truth
from vlm_explorer.jobs import Cancelled, JobContext
from vlm_explorer.queries.localise import LocaliseRequest, localise
from vlm_explorer.queries.localise_table import BALANCED

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    write_study(folder, images=14, seed=78)
    return folder


@pytest.fixture(scope="module")
def demo() -> Encoder:
    return vlm.load_encoder("demo", device="cpu", precision="fp32")


def test_that_hits_are_those_of_maps_explained_one_by_one(study: Path, demo: Encoder) -> None:
    answer = vlm.localise(study, encoder=demo, methods=["patchsim", "decomp"])
    truth = json.loads((study / "truth.json").read_text())
    marked = [(name, f) for name, entry in truth.items() for f in entry["findings"]]
    assert len(answer.maps) == 2 * len({(n, f["name"], f["side"]) for n, f in marked})
    assert answer.without_finding == sum(not entry["findings"] for entry in truth.values())
    for each in answer.maps[:6]:
        overlay = vlm.explain(
            each.file, each.prompt, encoder=demo, method=each.method
        ).overlay[0]  # fmt: skip
        row, column = np.unravel_index(np.nanargmax(overlay), overlay.shape)
        name = Path(each.file).relative_to(study).as_posix()
        boxes = [f["box"] for n, f in marked
                 if (n, f["name"], f["side"]) == (name, each.finding, each.side)]  # fmt: skip
        inside = any(x0 <= column < x1 and y0 <= row < y1 for x0, y0, x1, y1 in boxes)
        assert (each.scores.peak, each.scores.hit) == ((column, row), inside)
    rows = {(row.finding, row.method): row for row in answer.table}
    findings = {f["name"] for _, f in marked}
    balanced = rows[BALANCED, "patchsim"].measures["hit"].value
    each_one = [rows[finding, "patchsim"].measures["hit"].value for finding in findings]
    assert balanced == pytest.approx(np.mean(each_one))
    assert rows[BALANCED, "patchsim"].hits == sum(
        m.scores.hit for m in answer.maps if m.method == "patchsim"
    )


def test_that_a_collection_is_asked_about_its_own_images(
    study: Path, demo: Encoder, tmp_path: Path
) -> None:
    collection = vlm.index([study], to=tmp_path / "own.vlmx", encoder=demo)
    answer = collection.localise("patchsim")
    alone = vlm.localise(study, encoder=demo, methods="patchsim")
    assert {m.image_id for m in answer.maps} <= set(collection.images["image_id"].to_pylist())
    assert [m.scores for m in answer.maps] == [m.scores for m in alone.maps]
    assert answer.table[-1].patients == alone.table[-1].patients
    chosen = answer.maps[0].image_id
    few = collection.localise("patchsim", image_ids=[chosen])
    assert {m.image_id for m in few.maps} == {chosen}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    Image.new("L", (64, 64)).save(elsewhere / "x.png")
    mark = {"x.png": {"findings": [{"name": "nodule", "box": [0, 0, 9, 9]}]}}
    (elsewhere / "truth.json").write_text(json.dumps(mark))
    with pytest.raises(UsageError, match="does not hold this image"):
        collection.localise("patchsim", truth=elsewhere)


def test_that_what_cannot_be_scored_is_said(demo: Encoder, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.png"):
        Image.fromarray(rng.integers(0, 255, (60, 80), np.uint8)).save(tmp_path / name)
    (tmp_path / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    Image.new("L", (10, 10), 1).save(tmp_path / "small.png")
    box = {"name": "nodule", "box": [10, 10, 40, 30]}
    marks = {"a.png": [box, {"name": "cyst", "box": [90, 0, 99, 9]}],
             "b.png": [{"name": "cyst", "mask": "small.png"}], "c.png": [box]}  # fmt: skip
    text = json.dumps({name: {"findings": found} for name, found in marks.items()})
    (tmp_path / "truth.json").write_text(text)
    answer = vlm.localise(tmp_path, encoder=demo, methods=("attention", "auto"))
    assert answer.methods == ("attention", "patchsim")
    assert [m.method for m in answer.maps] == ["attention", "patchsim"]
    assert [(Path(n.file).name, n.finding) for n in answer.not_scored] == [
        ("a.png", "cyst"), ("b.png", "cyst"), ("c.png", "nodule"),
    ]  # fmt: skip
    assert "outside the image" in answer.not_scored[0].reason
    assert "10 rows" in answer.not_scored[1].reason
    assert math.isnan(answer.table[0].measures["hit"].low)
    request = LocaliseRequest(read_truth(tmp_path), prompt="{organ}")
    with pytest.raises(UsageError, match="braces"):
        localise(demo, request)
    with pytest.raises(UsageError, match="no method heat"):
        localise(demo, replace(request, prompt="x", methods=("heat",)))
    stopped = JobContext()
    stopped.cancel()
    with pytest.raises(Cancelled):
        localise(demo, replace(request, prompt="{finding}"), context=stopped)


def test_that_methods_that_do_not_apply_are_refused_with_their_reason(
    study: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vlm_explorer.queries import localise as module

    why = {"legrad": "it has no blocks", "decomp": "", "occlusion": ""}
    monkeypatch.setattr(module, "available_methods", lambda _: why)
    request = LocaliseRequest(read_truth(study), methods=("legrad", "decomp"))
    assert module.localise(encoder, request).refused == {"legrad": "it has no blocks"}
    with pytest.raises(NotSupported, match="it has no blocks"):
        module.localise(encoder, replace(request, methods=("legrad",)))


def test_that_the_command_tells_the_same(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["localise", str(study), "--method", "patchsim", "--model", "demo", "--quiet"]
    table = tmp_path / "t.csv"
    assert main([*words, "--json", "--csv", str(table)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows"][-1]["finding"] == BALANCED
    assert 0 < told["rows"][-1]["chance"]["value"] < told["rows"][-1]["hit"]["value"]
    lines = table.read_text().splitlines()
    assert len(lines) == len(told["rows"]) + 1
    assert len((tmp_path / "t-maps.csv").read_text().splitlines()) == len(told["maps"]) + 1
    assert "DEMO" not in "".join(lines)
    assert main(words) == 0
    assert BALANCED in capsys.readouterr().out
    assert main([*words[:1], str(tmp_path), *words[2:]]) == 1
    assert "truth.json" in capsys.readouterr().err


def test_that_the_measures_of_the_bundled_encoder_are_the_same_comparison() -> None:
    from vlm_explorer.demo.evaluate_pointing import pointing_measures
    from vlm_explorer.paths import resources

    found = pointing_measures(
        resources() / "demo-encoder", images=14, seed=78, methods=("patchsim",)
    )
    balanced = found[-1]
    assert balanced.name == f"pointing by patchsim, {BALANCED}"
    assert 0.7 <= balanced.value <= 1.0
    assert balanced.n == sum(one.n for one in found[:-1])
