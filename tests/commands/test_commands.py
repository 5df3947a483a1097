from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import lance
import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scan_folder import FILES, IMAGES, build_scan_folder

from vlm_explorer.analysis.null_scores import MATCH
from vlm_explorer.cli import main
from vlm_explorer.collection.store import Collection

INDEX_KEYS = {
    "collection", "model", "device", "precision", "files", "images", "texts", "encoded", "reused",
    "skipped", "warnings", "seconds", "images_per_second", "ct_window", "batch_size", "not_tried",
}  # fmt: skip


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Path:
    """A collection made by the command itself; read-only."""
    root = tmp_path_factory.mktemp("commands")
    build_scan_folder(root / "scans")
    place = root / "own.vlmx"
    words = ["index", str(root / "scans"), "--to", str(place), "--model", str(model_folder)]
    assert main([*words, "--quiet"]) == 0
    return place


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def test_that_indexing_prints_one_json_object_and_accounts_for_every_file(
    scans: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "own.vlmx"
    code, out, _ = run(
        capsys, "index", scans, "--to", place, "--model", model_folder, "--json", "--quiet"
    )
    report = json.loads(out)
    assert code == 0
    assert set(report) == INDEX_KEYS
    assert (report["files"], report["images"], report["encoded"]) == (FILES, IMAGES, IMAGES)
    assert {row["kind"] for row in report["skipped"]} == {"captions", "duplicate", "not-an-image"}
    assert set(report["skipped"][0]) == {"file", "frame", "kind", "reason"}


def test_that_a_collection_is_found_again_by_its_folder_and_keeps_its_encoder(
    scans: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, "index", scans, "--model", model_folder, "--json", "--quiet")
    first = json.loads(out)
    assert Path(first["collection"]).is_dir()
    assert scans not in Path(first["collection"]).parents
    _, out, _ = run(capsys, "index", scans, "--json", "--quiet")
    second = json.loads(out)
    assert (second["collection"], second["model"]) == (first["collection"], first["model"])
    assert (second["encoded"], second["reused"]) == (0, IMAGES)
    assert run(capsys, "search", first["collection"], "--text", "a")[0] == 0


def test_that_info_says_what_is_there(indexed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "info", indexed, "--json")
    facts = json.loads(out)
    assert code == 0
    assert (facts["images"], facts["texts"]) == (IMAGES, 4)
    assert facts["modalities"]["XR"] == 2
    assert facts["encoders"][0]["dimension"] == 48
    assert "images of" in run(capsys, "info", indexed)[1]


def test_that_search_prints_ranked_hits(
    indexed: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(
        capsys,
        "search",
        indexed,
        "--query",
        '2:"effusion"',
        "-k",
        3,
        "--json",
        "--model",
        model_folder,
    )
    answer = json.loads(out)
    assert code == 0
    assert set(answer) == {"model", "query", "hits", "matches", "approximate", "warnings"}
    assert answer["approximate"] is None
    assert set(answer["hits"][0]) == {"rank", "image_id", "file", "frame", "cosine", "score", "z"}
    assert answer["matches"] == (answer["hits"][0]["z"] >= MATCH)
    cosines = [hit["cosine"] for hit in answer["hits"]]
    assert cosines == sorted(cosines, reverse=True)
    assert len(cosines) == 3


def test_that_an_option_may_be_repeated_or_followed_by_several(
    indexed: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("search", indexed, "--model", model_folder, "--json", "--text")
    one = run(capsys, *words, "effusion", "left")[1]
    two = run(capsys, *words, "effusion", "--text", "left")[1]
    assert json.loads(one)["hits"] == json.loads(two)["hits"]


def test_that_classify_gives_probabilities_among_the_labels(
    indexed: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("classify", indexed, "--model", model_folder, "--labels", "effusion", "normal")
    answer = json.loads(run(capsys, *words, "--json")[1])
    assert answer["labels"] == ["effusion", "normal"]
    assert answer["task"] == "single"
    rows = np.array([image["probability"] for image in answer["images"]])
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-6)
    labels = tmp_path / "labels.txt"
    labels.write_text("# my labels\nfracture\n")
    table = tmp_path / "table.csv"
    code, out, _ = run(capsys, *words, "--labels-file", labels, "--csv", table, "--quiet")
    assert (code, out) == (0, "")
    lines = table.read_text().splitlines()
    assert len(lines) == IMAGES + 1
    assert lines[0].endswith("probability: fracture")


def test_that_classify_takes_a_label_set_and_says_where_it_makes_no_call(
    indexed: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("task: multi\ntemplates: biovil\nlabels: [effusion, fracture]\n")
    words = ("classify", indexed, "--model", model_folder, "--json", "--labels-set")
    answer = json.loads(run(capsys, *words, file)[1])
    assert (answer["task"], answer["templates"]) == ("multi", "biovil")
    assert answer["no_calls"] == 0
    for image in answer["images"]:
        present = np.array(image["probability"]) >= 0.5
        assert image["called"] == np.where(present, "present", "absent").tolist()
        assert len(image["z"]) == len(image["margin"]) == 2
        assert all(0 <= share <= 1 for share in image["percentile"])
    unsure = json.loads(run(capsys, *words, "modality", "--margin", "1", "--temperature", "2")[1])
    assert unsure["temperature"] == 2
    assert unsure["no_calls"] == IMAGES
    assert {image["called"] for image in unsure["images"]} == {"no call"}
    for wrong, expected in (
        (("none such",), 1),
        ((file, "--labels", "a"), 2),
        ((file, "--temperature", "0"), 1),
    ):
        code, out, said = run(capsys, *words, *wrong)
        assert (code, out) == (expected, "")
        assert said


def test_that_classify_says_how_many_images_have_no_vector(
    indexed: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Path(shutil.copytree(indexed, tmp_path / "some.vlmx"))
    (table,) = place.glob("vectors/*.images.lance")
    gone = Collection(place).images["image_id"][0].as_py()
    lance.dataset(str(table)).delete(f"image_id = '{gone}'")
    words = ["classify", str(place), "--model", str(model_folder), "--labels", "effusion", "normal"]
    assert main([*words, "--json"]) == 0
    printed = capsys.readouterr()
    answer = json.loads(printed.out)
    assert answer["without_vector"] == 1
    assert gone not in {row["image_id"] for row in answer["images"]}
    assert len(answer["images"]) == Collection(place).images.num_rows - 1
    assert "have no vector" in printed.err


def test_that_layout_writes_a_row_for_every_image_and_text(
    indexed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "map.parquet"
    code, _, _ = run(capsys, "layout", indexed, "--method", "pca", "--out", out)
    table = pq.read_table(out)
    assert code == 0
    assert table.column_names == ["kind", "image_id", "text", "x", "y"]
    kinds = table["kind"].to_pylist()
    assert (kinds.count("image"), kinds.count("text")) == (IMAGES, 4)
    words = ("layout", indexed, "--method", "pca", "--out", tmp_path / "no" / "map.parquet")
    code, _, error = run(capsys, *words, "--quiet")
    assert code == 1
    assert error.startswith("vlm-explorer: There is no folder ")
    assert error.endswith("Make it first, or choose another place.\n")


def test_that_render_gives_the_screen_and_the_encoders_view(
    scans: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ct = scans / "sub" / "ct"
    png, npy = tmp_path / "a.png", tmp_path / "a.npy"
    code, out, _ = run(
        capsys, "render", ct, "--window", "40,400", "--png", png, "--npy", npy, "--json"
    )
    facts = json.loads(out)
    assert code == 0
    assert (facts["rows"], facts["columns"], facts["photometric"]) == (128, 128, "MONOCHROME2")
    assert facts["window"] == {"centre": 40, "width": 400, "source": "user"}
    np.testing.assert_array_equal(np.asarray(Image.open(png)), np.load(npy))
    code, out, _ = run(
        capsys, "render", ct, "--for", "model", "--model", model_folder, "--npy", npy, "--json"
    )
    assert np.load(npy).shape == (64, 64, 3)
    assert json.loads(out)["rows"] == 64


def test_that_explain_writes_the_map_on_the_original_pixels(
    scans: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    npz, png = tmp_path / "map.npz", tmp_path / "map.png"
    code, out, _ = run(
        capsys, "explain", scans / "a.png", "--text", "effusion", "normal", "--method",
        "occlusion", "--model", model_folder, "--npz", npz, "--png", png, "--json", "--quiet",
    )  # fmt: skip
    facts = json.loads(out)
    assert code == 0
    assert set(facts) == {
        "model", "method", "prompts", "score", "unit", "signed", "grid", "warnings",
    }  # fmt: skip
    assert facts["prompts"] == ["effusion", "normal"]
    maps = np.load(npz)
    assert maps["grid"].shape == (2, *facts["grid"])
    assert maps["overlay"].shape == (2, 40, 60)
    assert Image.open(png).size == (60, 40)


def test_that_a_method_without_words_gives_one_map_and_says_so(
    scans: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(
        capsys, "explain", scans / "a.png", "--text", "effusion", "--method", "attention",
        "--model", model_folder, "--json", "--quiet",
    )  # fmt: skip
    assert code == 0
    assert json.loads(out)["warnings"]


def test_that_models_are_listed_imported_shown_and_removed(
    model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = json.loads(run(capsys, "models", "--json")[1])
    assert {"demo", "biomedclip"} <= {row["id"] for row in rows}
    assert {
        "id", "name", "installed", "license", "bytes", "image_size", "dimension",
        "context_length", "domain", "use_restrictions",
    } <= set(rows[0])  # fmt: skip
    assert run(capsys, "models", "import", model_folder, "--id", "mine")[0] == 0
    shown = json.loads(run(capsys, "models", "show", "mine", "--json")[1])
    assert (shown["installed"], shown["dimension"]) == (True, 48)
    assert run(capsys, "models", "remove", "mine")[0] == 0
    assert run(capsys, "models", "show", "mine")[0] == 1


def test_that_an_encoder_is_measured_anew_on_request(
    model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [
        json.loads(run(capsys, "models", "measure", model_folder, "--device", "cpu", "--json")[1])
        for _ in range(2)
    ]
    assert all(answer["device"] == "cpu" and answer["why"] for answer in answers)
    first, second = (answer["images_per_second"]["fp32"] for answer in answers)
    assert first != second, "the second is not what was kept of the first"
    code, out, _ = run(capsys, "models", "measure", model_folder, "--precision", "fp32")
    assert (code, out) == (0, "fp32 was asked for.\n")
    assert run(capsys, "models", "measure", "nothing")[0] == 1


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["index", "/no/such/folder", "--model", "MODEL"], "/no/such/folder"),
        (["info", "/no/such/collection"], "is not a collection"),
        (["search", "/no/such/collection", "--text", "a"], "is not a collection"),
        (["render", "/no/such/file"], "/no/such/file"),
        (["explain", "/no/such/file", "--model", "MODEL"], "/no/such/file"),
        (["models", "show", "nothing"], "nothing"),
        (["index", ".", "--model", "/no/such/model"], "/no/such/model"),
    ],
)
def test_that_what_cannot_be_done_is_one_clear_line_and_exit_code_1(
    words: list[str], meant: str, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [str(model_folder) if word == "MODEL" else word for word in words]
    code, out, err = run(capsys, *words)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert err.startswith("vlm-explorer: ")
    assert meant in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words", [["index"], ["search", "x", "-k", "0"], ["nothing"], ["demo", "--size", "big"]]
)
def test_that_wrong_usage_has_exit_code_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_that_a_model_folder_without_weights_is_refused(
    scans: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "open_clip_config.json").write_bytes(
        (model_folder / "open_clip_config.json").read_bytes()
    )
    code, _, err = run(capsys, "index", scans, "--to", tmp_path / "own.vlmx", "--model", bare)
    assert code == 1
    assert "weights" in err
    assert not (tmp_path / "own.vlmx").exists()


def test_that_an_unforeseen_error_is_one_line_and_a_traceback_only_with_debug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(folder: Path) -> None:
        raise LookupError("unforeseen")

    monkeypatch.setattr("vlm_explorer.commands.info.describe", break_down)
    code, _, err = run(capsys, "info", "x")
    assert code == 1
    assert err.count("\n") == 1
    assert "LookupError: unforeseen" in err
    with pytest.raises(LookupError):
        main(["info", "x", "--debug"])


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
@pytest.mark.slow
def test_that_ctrl_c_stops_an_index_which_the_next_run_resumes(
    scans: Path, model_folder: Path, tmp_path: Path
) -> None:
    for number in range(150):
        Image.fromarray(np.full((30, 30 + number), 90, np.uint8)).save(scans / f"more-{number}.bmp")
    place = tmp_path / "own.vlmx"
    words = [sys.executable, "-m", "vlm_explorer", "index", str(scans), "--to", str(place)]
    words += ["--model", str(model_folder), "--batch-size", "1", "--workers", "1"]
    child = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    assert "files" in child.stderr.readline()
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in err
    assert main([*words[3:], "--quiet"]) == 0


@pytest.mark.parametrize("words", [["--help"], ["index", "--help"], ["--version"]])
def test_that_help_needs_neither_torch_nor_qt_nor_numpy(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from vlm_explorer.cli import main\n"
        f"try:\n    main({words!r})\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'torch', 'PySide6', 'numpy', 'pydicom', 'pyarrow', 'open_clip', 'umap'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.slow
def test_that_commands_run_with_qt_blocked(indexed: Path, model_folder: Path, scans: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('PySide6', 'pyqtgraph', 'qtawesome', 'shiboken6'):\n"
        "    sys.modules[name] = None\n"
        "from vlm_explorer.cli import main\n"
        f"folder, model, scan = {str(indexed)!r}, {str(model_folder)!r}, {str(scans / 'a.png')!r}\n"
        "assert main(['search', folder, '--text', 'a', '--model', model, '--json']) == 0\n"
        "assert main(['classify', folder, '--labels', 'a', 'b', '--model', model]) == 0\n"
        "assert main(['explain', scan, '--model', model, '--quiet']) == 0\n"
        "assert main(['layout', folder, '--method', 'pca', '--quiet']) == 0\n"
        "assert main(['render', scan]) == 0\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_that_layouts_are_named_listed_opened_renamed_and_removed(
    indexed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Path(shutil.copytree(indexed, tmp_path / "named.vlmx"))

    def layout(*words: str) -> Any:
        code, out, error = run(capsys, "layout", place, *words, "--json", "--quiet")
        return json.loads(out) if code == 0 else (code, error)

    settings = ("--method", "pca", "--space", "crossmodal", "--seed", "3")
    made = layout(*settings, "--name", "By images")
    assert (made["space"], made["name"], made["placed_by_neighbours"]) == (
        "crossmodal",
        "By images",
        0,
    )
    assert made["texts"] > 0
    (listed,) = layout("--list")
    assert (listed["name"], listed["method"], listed["images"]) == ("By images", "pca", IMAGES)
    opened = layout("--name", "by images")
    assert opened["points"] == made["points"]
    assert layout(*settings, "--name", "by images")["points"] == made["points"]
    code, error = layout("--method", "umap", "--name", "By images")
    assert code == 1
    assert "made otherwise" in error
    assert layout("--rename", "By images", "First")["name"] == "First"
    assert layout("--remove", "first") == {"removed": "first"}
    assert layout("--list") == []
    code, error = layout("--remove", "First")
    assert code == 1
    assert "keeps no layout named" in error


def test_that_a_layout_by_tsne_takes_its_perplexity_and_says_how_far_to_trust_it(
    indexed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(
        capsys, "layout", indexed, "--method", "tsne", "--perplexity", "5", "--json", "--quiet"
    )
    answer = json.loads(out)
    assert code == 0
    assert answer["settings"] == {"seed": 42, "perplexity": 5}
    assert "continuity" in answer
    code, _, error = run(capsys, "layout", indexed, "--method", "tsne", "--perplexity", "-1")
    assert code == 1
    assert "perplexity" in error
