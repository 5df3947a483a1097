from __future__ import annotations

import os
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
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.trying_again import try_again
from vlm_explorer.widgets.problems_panel import ProblemsPanel

LONG = 120_000  # ms; a child process that loads torch, on a busy machine


@pytest.mark.slow
def test_that_unreadable_files_are_tried_again_where_one_asks_for_it(
    session: Session, model_folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    shutil.copytree(model_folder, paths.models_folder() / "small-clip")
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("a", "b", "c"):
        grey = np.random.default_rng(ord(name)).integers(0, 255, (40, 40), np.uint8)
        Image.fromarray(grey).save(folder / f"{name}.png")
    bad, whole = folder / "b.png", (folder / "b.png").read_bytes()
    bad.write_bytes(whole[:200] + bytes(200) + whole[400:])
    before = bad.stat()
    index([folder], to=default_place(folder), encoder=load_encoder("small-clip", device="cpu"))
    bad.write_bytes(whole)  # as if a decoder had learnt to read it
    os.utime(bad, ns=(before.st_atime_ns, before.st_mtime_ns))
    said: list[str] = []
    session.messages.message.connect(lambda level, text, hint: said.append(text))
    session.model = "small-clip"
    session.layout = type(session.layout)(method="pca")
    panel = ProblemsPanel(session)
    qtbot.addWidget(panel)
    panel.resize(900, 300)
    panel.show()
    session.open(folder)
    qtbot.waitUntil(lambda: panel.model.losses == 1, timeout=LONG)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert panel.model.losses == 1, "looking for changes alone does not try it"
    assert panel.again.isVisible()
    qtbot.mouseClick(panel.again, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.model.losses == 0, timeout=LONG)
    assert len(session.images) == 3
    assert "Unreadable files were tried again: 1 of 1 can be read now." in said
    assert not panel.again.isVisible()
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    try_again(session)
    qtbot.waitUntil(lambda: len(said) > 1, timeout=LONG)


def test_that_nothing_is_tried_again_where_nothing_is_open(session: Session, qtbot: QtBot) -> None:
    panel = ProblemsPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    assert not panel.again.isVisible()
    try_again(session)
    assert not session.runner.busy


@pytest.mark.parametrize(
    ("kinds", "says"),
    [
        (["not-an-image"] * 2, "2 files gave no image."),
        (["unreadable"], "1 file could not be read."),
        (["unreadable", "captions"], "1 file could not be read. 1 other file gave no image."),
    ],
)
def test_that_files_are_other_files_only_beside_losses(
    session: Session,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    kinds: list[str],
    says: str,
) -> None:
    rows = tuple((f"/scans/{n}", kind, "Why.") for n, kind in enumerate(kinds))
    monkeypatch.setattr(Session, "problems", property(lambda _: rows))
    panel = ProblemsPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    assert panel.sentence.text() == says
