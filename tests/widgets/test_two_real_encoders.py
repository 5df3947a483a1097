"""The bundled encoder and a random Vision Transformer on one collection, side by side."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from model_folders import build_clip_vit_folder
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from vlm_explorer.api import open_collection
from vlm_explorer.cli import main
from vlm_explorer.demo.study import write_study
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.theme import themes

pytestmark = pytest.mark.slow

IMAGES = 40


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo study of which both encoders have vectors."""
    root = tmp_path_factory.mktemp("two")
    write_study(root / "study", images=IMAGES, seed=3)
    other = build_clip_vit_folder(root / "random-vit")
    collection = root / "two.vlmx"
    for model in ("demo", str(other)):
        words = ["index", str(root / "study"), "--to", str(collection), "--model", model]
        assert main([*words, "--device", "cpu", "--quiet"]) == 0
    return collection


@pytest.fixture
def real_session(qtbot: QtBot, qapp: QApplication):
    themes.apply(qapp)
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()
    session.deleteLater()


def neighbours(vectors: np.ndarray, k: int) -> list[set[int]]:
    cosine = vectors @ vectors.T
    np.fill_diagonal(cosine, -np.inf)
    return [set(row) for row in np.argsort(-cosine, axis=1)[:, :k]]


def test_that_window_and_command_compare_two_encoders_alike(
    indexed: Path,
    real_session: Session,
    settle: Callable[[Session], None],
    qtbot: QtBot,
    capsys: pytest.CaptureFixture[str],
) -> None:
    collection = open_collection(indexed)
    models = collection.models()
    assert len(models) == 2
    random = next(model for model in models if model != "demo")
    words = ["compare", str(indexed), "--model", "demo", "--with", random]
    words += ["--method", "pca", "--space", "centred", "--k", "5", "--json"]
    capsys.readouterr()
    assert main(words) == 0
    facts = json.loads(capsys.readouterr().out)
    pairs = [neighbours(collection.vectors(model), 5) for model in ("demo", random)]
    raw = np.mean([len(a & b) / len(a | b) for a, b in zip(*pairs, strict=True)])
    assert facts["images"] == facts["compared"] == len(pairs[0])
    assert abs(facts["overlap"] - raw) < 0.15  # that of centred vectors is alike, not the same
    assert 0 < facts["cka"] < 1

    window = MainWindow(real_session, Thumbnails(real_session, real_session))
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    real_session.model = "demo"
    real_session.open(indexed)
    settle(real_session)
    real_session.set_layout(method="pca", space="centred")
    settle(real_session)
    second = window.workspace.maps.second
    second.open()
    settle(real_session)
    answer = second.answer
    assert answer is not None
    assert (second.model, answer.first.model) == (random, "demo")
    alike = open_collection(indexed).compare(
        random, model="demo", method="pca", space="centred", k=answer.k
    )
    assert answer.mean == pytest.approx(alike.mean)
    assert answer.cka == pytest.approx(facts["cka"])
    right = window.workspace.maps.right
    assert right is not None
    qtbot.waitUntil(lambda: not right.canvas.moving, timeout=20_000)
    picture = right.canvas.grab().toImage()
    ground = picture.pixelColor(2, 2)
    drawn = sum(
        picture.pixelColor(x, y) != ground
        for x in range(0, picture.width(), 2)
        for y in range(0, picture.height(), 2)
    )
    assert drawn > len(answer.image_ids)
