"""Importing one's own encoder: what it is, its digest, its architecture; no widgets."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from model_folders import build_clip_vit_folder
from pytestqt.qtbot import QtBot

from vlm_explorer import paths
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.viewmodels.import_work import describe_fits
from vlm_explorer.viewmodels.model_import import ModelImport
from vlm_explorer.viewmodels.session import Session

pytestmark = pytest.mark.slow

LONG = 300_000  # ms; a child process that loads torch, on a busy machine
SMALL = "RN50"  # the lightest architecture that open_clip names


@pytest.fixture
def importing(session: Session) -> ModelImport:
    """The import of a session with nothing open."""
    return ModelImport(session, session)


def until_done(importing: ModelImport, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not importing.doing, timeout=LONG)


def test_that_a_folder_is_described_then_imported_under_its_name(
    importing: ModelImport, tmp_path: Path, qtbot: QtBot
) -> None:
    folder = build_clip_vit_folder(tmp_path / "My Own CLIP")
    importing.look(folder)
    assert importing.doing == "looking"
    until_done(importing, qtbot)
    candidate = importing.candidate
    assert candidate is not None
    assert not candidate.bare
    assert candidate.id == "my-own-clip"
    assert "64 pixels" in candidate.words
    weights = next(folder.glob("*.safetensors"))
    assert candidate.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    with qtbot.waitSignal(importing.imported, timeout=LONG) as imported:
        importing.start("mine")
    assert imported.args == ["mine"]
    until_done(importing, qtbot)
    assert importing.candidate is None
    noted = json.loads((paths.models_folder() / "mine" / "source.json").read_text())
    assert noted["sha256"] == candidate.sha256
    assert load_encoder("mine", device="cpu").id == "mine"


@pytest.mark.slow
def test_that_a_checkpoint_is_guessed_and_imported(
    importing: ModelImport, tmp_path: Path, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    import open_clip
    import torch

    model = open_clip.create_model(SMALL)
    file = tmp_path / "tuned.pt"
    torch.save(model.state_dict(), file)
    del model
    caplog.clear()  # open_clip warns that the weights are random
    importing.look(file)
    until_done(importing, qtbot)
    candidate = importing.candidate
    assert importing.problem == ""
    assert candidate is not None
    assert candidate.bare
    assert SMALL in candidate.fits
    assert "openai" in candidate.architectures[SMALL]
    assert candidate.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    with qtbot.waitSignal(importing.imported, timeout=LONG):
        importing.start(candidate.id, SMALL, "openai")
    until_done(importing, qtbot)
    noted = json.loads((paths.models_folder() / "tuned" / "source.json").read_text())
    assert (noted["architecture"], noted["sha256"]) == (SMALL, candidate.sha256)


def test_that_what_is_no_encoder_is_said(
    importing: ModelImport, tmp_path: Path, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "scans").mkdir()
    for path in (tmp_path / "scans", tmp_path / "nowhere"):
        importing.look(path)
        until_done(importing, qtbot)
        assert importing.candidate is None
        assert importing.problem
        assert importing.hint
    caplog.clear()


def test_that_looking_can_be_stopped(importing: ModelImport, tmp_path: Path, qtbot: QtBot) -> None:
    importing.look(build_clip_vit_folder(tmp_path / "clip"))
    importing.stop()
    until_done(importing, qtbot)
    assert importing.candidate is None
    assert importing.problem == ""


def test_that_shapes_that_fit_several_architectures_are_said() -> None:
    assert "none" in describe_fits(())
    assert "no other" in describe_fits(("RN50",))
    assert "RN50, RN50-quickgelu" in describe_fits(("RN50", "RN50-quickgelu"))
