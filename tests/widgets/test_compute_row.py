from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from vlm_explorer import paths
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.pipeline.indexing import default_place, index
from vlm_explorer.viewmodels.compute_choice import ComputeChoice
from vlm_explorer.viewmodels.encoder_switch import EncoderSwitch
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.compute_row import ComputeRow

LONG = 120_000  # ms; a child process that loads torch, on a busy machine


@pytest.fixture
def row(session: Session, qtbot: QtBot) -> ComputeRow:
    row = ComputeRow(ComputeChoice(session, EncoderSwitch(session)))
    qtbot.addWidget(row)
    row.show()
    return row


def kept() -> dict[Path, int]:
    """The files of what was measured, each with its time."""
    folder = paths.cache_folder() / "speeds"
    return {file: file.stat().st_mtime_ns for file in folder.rglob("*.json")}


def test_that_nothing_is_measured_anew_without_an_encoder(row: ComputeRow) -> None:
    assert not row.anew.isVisible()


@pytest.mark.slow
def test_that_the_encoder_in_use_is_measured_anew_on_request(
    session: Session, row: ComputeRow, model_folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    shutil.copytree(model_folder, paths.models_folder() / "small-clip")
    folder = tmp_path / "scans"
    folder.mkdir()
    grey = np.random.default_rng(0).integers(0, 255, (40, 40), np.uint8)
    Image.fromarray(grey).save(folder / "a.png")
    index([folder], to=default_place(folder), encoder=load_encoder("small-clip", device="cpu"))
    session.model = "small-clip"
    session.layout = type(session.layout)(method="pca")
    session.open(folder)
    qtbot.waitUntil(lambda: session.encoder is not None, timeout=LONG)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert row.why.text()
    assert row.anew.isVisible()
    before, encoder = kept(), session.encoder
    other = paths.cache_folder() / "speeds" / "of-another-encoder" / "kept.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    qtbot.mouseClick(row.anew, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.encoder not in (None, encoder), timeout=LONG)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert other.exists()
    after = kept()
    del after[other]
    assert after
    assert all(time > before.get(file, 0) for file, time in after.items()), "none of them is old"
    assert before or "asked for" in row.why.text()
