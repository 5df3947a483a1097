"""`vlm-explorer models`: fetch, import of a bare file, login; by a hub on this machine."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import LocalHub, local_hub, repository_of
from model_writing import write_blank_checkpoint

from vlm_explorer import cli, paths
from vlm_explorer.installing import hub_token

# one whose version the catalogue leaves open: whatever the hub has is fetched
ID, REPOSITORY = "clip-vit-b-32-datacomp", "laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K"


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = cli.main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def hub(model_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalHub]:
    for name in ("HF_HUB_OFFLINE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    with local_hub() as server:
        server.repositories[REPOSITORY] = repository_of(model_folder)
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


def test_that_an_encoder_is_fetched_and_shown_with_its_source(hub, capsys, model_folder):
    code, out, err = run(capsys, "models", "fetch", ID)
    assert code == 0, err
    assert f"--model {ID}" in out
    assert "any deployed use out of scope" in err
    shown = json.loads(run(capsys, "models", "show", ID, "--json")[1])
    weights = (model_folder / "open_clip_model.safetensors").read_bytes()
    assert shown["installed"]
    assert shown["source"]["repository"] == REPOSITORY
    assert shown["source"]["sha256"] == hashlib.sha256(weights).hexdigest()
    assert shown["disk_used"] > len(weights)
    text = run(capsys, "models", "show", ID)[1]
    assert hashlib.sha256(weights).hexdigest() in text
    assert "reported" in text


def test_that_json_is_all_on_standard_output_and_quiet_is_quiet(hub, capsys):
    code, out, err = run(capsys, "models", "fetch", ID, "--json", "--quiet")
    assert (code, err) == (0, "")
    assert json.loads(out)["id"] == ID
    code, out, err = run(capsys, "models", "--json", "remove", ID)
    assert json.loads(out)["freed"] > 0


def test_that_a_refusal_is_one_line_and_exit_code_1(hub, capsys):
    hub.repositories.clear()
    code, out, err = run(capsys, "models", "fetch", ID, "--quiet")
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "knows no repository" in err


def test_that_a_token_may_come_by_standard_input_and_is_not_shown(hub, capsys, monkeypatch):
    repository = hub.repositories[REPOSITORY]
    repository.gated, repository.allowed_token = True, "hf_right"
    code, _, err = run(capsys, "models", "fetch", ID, "--quiet")
    assert code == 1
    assert "models login" in err
    monkeypatch.setattr(sys, "stdin", io.StringIO("hf_wrong\n"))
    code, _, err = run(capsys, "models", "fetch", ID, "--token-stdin")
    assert code == 1
    assert "hf_wrong" not in err
    monkeypatch.setattr(sys, "stdin", io.StringIO("hf_right\n"))
    assert run(capsys, "models", "fetch", ID, "--token-stdin")[0] == 0


def test_that_the_hubs_own_login_is_used_where_the_hub_asks_for_a_token(hub, capsys, tmp_path):
    repository = hub.repositories[REPOSITORY]
    repository.gated, repository.allowed_token = True, "hf_right"
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_text("hf_right")
    assert run(capsys, "models", "fetch", ID, "--quiet")[0] == 0


def test_that_a_token_is_kept_and_forgotten(capsys, monkeypatch):
    kept: list[str] = []
    monkeypatch.setattr(hub_token, "keep_token", kept.append)
    monkeypatch.setattr(hub_token, "forget_token", kept.clear)
    monkeypatch.setattr(sys, "stdin", io.StringIO("hf_secret\n"))
    code, out, err = run(capsys, "models", "login", "--token-stdin")
    assert (code, out, kept) == (0, "", ["hf_secret"])
    assert "hf_secret" not in err
    assert run(capsys, "models", "logout")[0] == 0
    assert kept == []


def test_that_a_file_of_weights_is_imported_with_its_architecture(capsys, tmp_path, model_folder):
    file = tmp_path / "weights.pt"
    file.write_bytes(b"no weights")
    for words in ((), ("--architecture", "ViT-B-32")):
        code, _, err = run(capsys, "models", "import", file, *words, "--quiet")
        assert code == 1
        assert err.count("\n") == 1
        assert str(file) in err
    assert not list(paths.models_folder().glob("[!.]*/"))


def test_that_a_checkpoint_without_an_architecture_is_told_which_ones_fit(
    capsys, tmp_path, model_folder
):
    import torch
    from safetensors.torch import load_file

    file = tmp_path / "tuned.pt"
    write_blank_checkpoint(file, "RN50")
    code, _, err = run(capsys, "models", "import", file, "--quiet")
    assert code == 1
    assert "RN50 or RN50-quickgelu" in err
    assert "--architecture RN50." in err
    torch.save(load_file(model_folder / "open_clip_model.safetensors"), file)
    code, _, err = run(capsys, "models", "import", file, "--quiet")
    assert code == 1
    assert "Name it by --architecture NAME" in err


def test_that_a_bare_file_of_weights_becomes_an_encoder_that_says_what_it_was(
    capsys, tmp_path, model_folder, monkeypatch
):
    import open_clip
    import torch
    from open_clip import factory
    from safetensors.torch import load_file

    for name in ("_MODEL_CONFIGS", "_MODEL_CONFIG_PATHS"):  # as they were, for other tests
        monkeypatch.setattr(factory, name, getattr(factory, name).copy())
    config = json.loads((model_folder / "open_clip_config.json").read_text())["model_cfg"]
    (tmp_path / "Tiny-ViT.json").write_text(json.dumps(config))
    open_clip.add_model_config(tmp_path / "Tiny-ViT.json")
    file = tmp_path / "My weights.pt"
    torch.save(load_file(model_folder / "open_clip_model.safetensors"), file)
    words = ["models", "import", file, "--architecture", "Tiny-ViT", "--quiet"]
    code, _, err = run(capsys, *words)
    assert code == 1
    assert "how images are prepared" in err.lower()
    code, _, err = run(
        capsys, *words, "--image-mean", "0.5", "0.5", "0.5", "--image-std", "0.5", "0.5", "0.5",
        "--image-interpolation", "bicubic", "--image-resize-mode", "squash",
    )  # fmt: skip
    assert code == 0, err
    shown = json.loads(run(capsys, "models", "show", "my-weights", "--json")[1])
    assert shown["source"]["origin"] == "checkpoint"
    assert shown["source"]["architecture"] == "Tiny-ViT"
    assert shown["source"]["file"] == "My weights.pt"
    assert shown["source"]["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert not list(paths.models_folder().glob(".making-*"))


def test_that_what_is_not_on_offer_is_listed_with_the_reason(capsys):
    out = run(capsys, "models")[1]
    assert "Not on offer:" in out
    assert "MedCLIP" in out
    assert "no longer works" in run(capsys, "models", "show", "medclip")[1]


def _size(file):
    try:
        return file.stat().st_size
    except FileNotFoundError:  # it was whole, and has its own name by now
        return 0


def test_that_ctrl_c_stops_a_fetch_which_goes_on_later(hub, tmp_path):
    hub.faults.pause = 0.05
    command = [sys.executable, "-m", "vlm_explorer", "models", "fetch", ID]
    environment = dict(os.environ)
    fetch = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    partial = paths.models_folder() / ".fetching" / ID
    while fetch.poll() is None and not any(
        _size(file) > 8192 for file in partial.rglob("*.partial")
    ):
        hub.released.wait(0.02)
    fetch.send_signal(signal.SIGINT)
    err = fetch.communicate(timeout=60)[1]
    assert fetch.returncode == cli.INTERRUPTED
    assert "go on" in err
    hub.faults.pause = 0
    hub.requests.clear()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "Fetched DataComp CLIP ViT-B/32" in done.stdout
    ranges = [request.range for request in hub.asked_for("open_clip_model.safetensors")]
    assert ranges
    assert all(wanted.startswith("bytes=") for wanted in ranges)


def test_that_fetching_imports_no_torch_where_nothing_is_converted(hub):
    code = (
        "import sys\n"
        "from vlm_explorer.installing.fetching import fetch_model\n"
        f"fetch_model({ID!r})\n"
        "print([name for name in ('torch', 'transformers', 'open_clip', 'huggingface_hub')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
