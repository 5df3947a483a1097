"""What a command makes of its words, and what it says where it cannot do what they ask."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scan_folder import IMAGES, build_scan_folder

import vlm_explorer as vlm
from vlm_explorer import cli
from vlm_explorer.analysis.projection import METHODS as LAYOUT_METHODS
from vlm_explorer.analysis.spaces import SPACES as ALL_SPACES
from vlm_explorer.cli import main
from vlm_explorer.commands.arguments import METHODS
from vlm_explorer.commands.interrupts import INTERRUPTED, STOPPED
from vlm_explorer.commands.layout_arguments import LAYOUTS, SPACES
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.saliency.explain import METHODS as SALIENCY_METHODS


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory, model_folder: Path) -> Path:
    """A collection, given to the command by its URI."""
    root = tmp_path_factory.mktemp("command line")
    build_scan_folder(root / "scans")
    place = root / "own.vlmx"
    words = ["index", str(root / "scans"), "--to", place.as_uri(), "--model", str(model_folder)]
    assert main([*words, "--quiet"]) == 0
    return place


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    try:
        code = main([str(word) for word in words])
    except SystemExit as end:
        code = int(str(end.code))
    return code, *capsys.readouterr()


def test_that_a_collection_may_be_given_by_its_uri(
    indexed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (indexed / "collection.json").is_file()
    code, out, _ = run(capsys, "info", indexed.as_uri(), "--json")
    assert (code, json.loads(out)["images"]) == (0, IMAGES)
    assert vlm.open_collection(indexed.as_uri()).images.num_rows == IMAGES
    code, _, err = run(capsys, "info", "s3://bucket/own.vlmx")
    assert (code, err.count("\n")) == (1, 1)
    assert "not a place on this machine" in err


@pytest.mark.parametrize("words", [[], ["--model", "demo"], ["--quiet"], ["--debug", "--quiet"]])
def test_that_options_without_a_command_are_those_of_open(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[argparse.Namespace] = []

    def note(arguments: argparse.Namespace) -> int:
        seen.append(arguments)
        return 0

    monkeypatch.setattr(cli, "_command", lambda _: note)
    assert main(words) == 0
    assert (seen[0].command, seen[0].path) == ("open", None)
    assert seen[0].model == ("demo" if "demo" in words else None)


def test_that_a_centre_below_zero_needs_no_equals_sign(
    scans: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = scans / "sub" / "ct"
    code, out, _ = run(capsys, "render", scan, "--window", "-600,1500", "--json")
    assert code == 0
    assert json.loads(out)["window"] == {"centre": -600, "width": 1500, "source": "user"}


@pytest.mark.parametrize("window", ["40", "40,0", "nan,400", "a,b", "nowhere", ""])
def test_that_a_window_that_is_none_is_wrong_usage(
    window: str, scans: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scan = scans / "sub" / "ct"
    code, out, err = run(capsys, "render", scan, "--window", window, "--json")
    assert (code, out, err.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(
    "words",
    [
        ["search", "COLLECTION"],
        ["classify", "COLLECTION"],
        ["evaluate", "COLLECTION"],
        ["explain", "FILE", "--mask", "--text", "a"],
        ["explain", "FILE", "--method", "nothing"],
        ["layout", "COLLECTION", "--method", "nothing"],
        ["layout", "COLLECTION", "--space", "nothing"],
        ["index", "FILE", "--batch-size", "many"],
        ["demo", "--screenshot", "FILE", "--size", "0x0"],
        ["demo", "--screenshot", "FILE", "--scale", "large"],
    ],
)
def test_that_words_that_ask_for_nothing_are_wrong_usage(
    words: list[str], indexed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(
        capsys, *(str(indexed) if word == "COLLECTION" else word for word in words)
    )
    assert (code, out) == (2, "")
    assert "Traceback" not in err


def test_that_the_command_offers_the_methods_that_there_are() -> None:
    assert set(METHODS) == {"auto", *SALIENCY_METHODS}
    assert set(LAYOUTS) == set(LAYOUT_METHODS)
    assert set(SPACES) == set(ALL_SPACES)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["search", "COLLECTION", "--text", " "], "Type at least one word"),
        (["search", "COLLECTION", "--not-text", "a"], "only what is not wanted"),
        (["search", "COLLECTION", "--query", '0:"a"'], "weights"),
        (["search", "COLLECTION", "--text", "a", "--model", "FOLDER"], "open_clip_config.json"),
        (["search", "COLLECTION", "--image", "TABLE", "--model", "MODEL"], "captions.csv: Not a"),
        (["explain", "SCAN", "--text", "", "--model", "MODEL"], "Type at least one word"),
        (["layout", "COLLECTION", "--text", "", "--method", "pca"], "Type at least one word"),
        (["layout", "COLLECTION", "--out", "/no/such/map.parquet"], "There is no folder"),
        (["explain", "SCAN", "--npz", "/no/such/map.npz"], "There is no folder"),
        (["export", "COLLECTION", "--to", "/no/such/table.csv"], "There is no folder"),
        (["explain", "SCAN", "--frame", "99"], "There is no frame 99"),
        (["explain", "/no/such/file"], "/no/such/file"),
        (["index", "/no/such/folder"], "/no/such/folder"),
        (["index", "SCAN", "--to", "FOLDER"], "holds other files"),
        (["classify", "COLLECTION", "--labels-file", "/no/such/file"], "There is no file"),
        (["classify", "COLLECTION", "--labels", "a", "b", "a", "--model", "MODEL"], "“a”"),
        (["import-vectors", "COLLECTION", "/no/such/file", "--model", "x"], "There is no file"),
        (["import-vectors", "COLLECTION", "FOLDER", "--model", "x"], "is a folder"),
    ],
)
def test_that_what_cannot_be_done_is_said_in_one_line_whatever_the_encoder(
    words: list[str],
    meant: str,
    indexed: Path,
    scans: Path,
    model_folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    named = {
        "COLLECTION": indexed,
        "SCAN": scans / "sub" / "ct",
        "FOLDER": scans,
        "TABLE": scans / "captions.csv",
        "MODEL": model_folder,
    }
    code, out, err = run(capsys, *(named.get(word, word) for word in words))
    assert (code, out, err.count("\n")) == (1, "", 1), err
    assert meant in err


def test_that_a_labels_file_may_be_a_label_set_or_begin_with_a_byte_order_mark(
    indexed: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("classify", indexed, "--model", model_folder, "--json", "--labels-file")
    lines = tmp_path / "labels.txt"
    lines.write_text("normal\n\n# of the chest\n effusion \n", encoding="utf-8-sig")
    assert json.loads(run(capsys, *words, lines)[1])["labels"] == ["normal", "effusion"]
    table = tmp_path / "labels.yaml"
    table.write_text("task: multi\nlabels: [normal, effusion]\n", encoding="utf-8")
    answer = json.loads(run(capsys, *words, table)[1])
    assert (answer["labels"], answer["task"]) == (["normal", "effusion"], "multi")
    assert run(capsys, *words, table, "--labels", "a")[0] == 2


@pytest.mark.skipif(sys.platform != "linux", reason="names are texts elsewhere")
def test_that_a_name_that_is_no_utf8_is_listed_and_the_others_are_indexed(
    scans: Path, model_folder: Path, tmp_path: Path
) -> None:
    odd = os.fsencode(scans) + b"/gr\xf6\xdfe.png"
    with open(odd, "wb") as file:  # noqa: PTH123  the name is bytes
        file.write((scans / "sub" / "c.png").read_bytes() + b"\0")
    words = ["index", str(scans), "--to", str(tmp_path / "own.vlmx"), "--model", str(model_folder)]
    done = subprocess.run(
        [sys.executable, "-m", "vlm_explorer", *words, "--json", "--quiet"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=True,
    )
    report = json.loads(done.stdout)
    assert report["images"] == IMAGES
    rows = [row for row in report["skipped"] if "UTF-8" in row["reason"]]
    assert [row["kind"] for row in rows] == ["unreadable"]
    assert rows[0]["file"].endswith(r"gr\xf6\xdfe.png")


def test_that_an_archive_may_name_its_arrays_as_a_table_names_its_columns(
    indexed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = vlm.open_collection(indexed).images["image_id"].to_pylist()
    vectors = np.eye(len(ids) + 1, 16, dtype=np.float32)
    np.savez(
        tmp_path / "rows.npz",
        image_id=np.array([*ids, ""]),
        text=np.array([*[""] * len(ids), "effusion"]),
        embedding=vectors,
    )
    words = ("import-vectors", indexed, tmp_path / "rows.npz", "--model", "rows", "--json")
    report = json.loads(run(capsys, *words, "--quiet")[1])
    assert (report["images"], report["texts"], report["unmatched"]) == (len(ids), 1, [])
    np.savez(tmp_path / "objects.npz", image_ids=np.array(ids, object), image_vectors=vectors[:-1])
    code, _, err = run(capsys, "import-vectors", indexed, tmp_path / "objects.npz", "--model", "o")
    assert code == 1
    assert "dtype=str" in err
    # a file of the collection has a vector though its encoder is not here
    file = vlm.open_collection(indexed).images["file"].to_pylist()[0]
    found = run(capsys, "search", indexed, "--model", "rows", "--image", file, "--json")
    assert json.loads(found[1])["hits"][0]["cosine"] == pytest.approx(1, abs=1e-3)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_that_ctrl_c_ends_a_computation_that_never_looks_up() -> None:
    """Python's own handlers wait for the main thread, which may be in one long call."""
    script = """if True:
        import hashlib, sys
        from vlm_explorer import cli
        from vlm_explorer.jobs import JobContext

        def compute(arguments):
            arguments.context = JobContext()
            print("busy", flush=True)
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)

        cli._command = lambda _: compute
        sys.exit(cli.main(["info", "x"]))
    """
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "busy\n"
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == INTERRUPTED
    assert err == f"{STOPPED}\n"


def test_that_python_indexes_a_single_folder(scans: Path, encoder: Encoder, tmp_path: Path) -> None:
    made = vlm.index(str(scans), to=tmp_path / "own.vlmx", encoder=encoder, workers=1)
    assert made.images.num_rows == IMAGES


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [(">&-", 0, ""), ("> /dev/full", 1, "vlm-explorer: The output is lost: "), ("| true", 0, "")],
)
def test_that_output_that_nobody_gets_is_no_traceback(
    redirection: str, code: int, said: str, indexed: Path
) -> None:
    command = f'"{sys.executable}" -m vlm_explorer info "{indexed}" --json {redirection}'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == bool(said)
