from __future__ import annotations

from pathlib import Path

import model_folders
import numpy as np
import pytest
from active_scan import open_active
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from viewer_scans import ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.pixels.render import render
from vlm_explorer.saliency.attention import attention_maps
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.heads_model import TILE, HeadsModel
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session


@pytest.fixture
def file(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).integers(-200, 200, (48, 80))
    return write_scan(tmp_path / "a.dcm", ramp(48, 80, -500) // 4 + noise)


@pytest.fixture
def active(qtbot: QtBot, session: Session, file: Path, encoder: Encoder) -> ActiveSaliency:
    """One scan is shown; an encoder is there."""
    return open_active(qtbot, session, file, encoder)


@pytest.fixture
def model(session: Session, active: ActiveSaliency) -> HeadsModel:
    return HeadsModel(session, active, session)


def settle(qtbot: QtBot, model: HeadsModel) -> None:
    qtbot.waitUntil(lambda: model.stage is not Stage.RUNNING, timeout=60_000)


def test_that_each_head_has_its_map_and_figures_and_can_be_shown_over_the_scan(
    qtbot: QtBot, model: HeadsModel, active: ActiveSaliency, encoder: Encoder, file: Path
) -> None:
    assert model.rowCount() == 0  # nobody looks yet
    model.watch(True)
    settle(qtbot, model)
    maps = attention_maps(encoder, render(file).pixels)
    assert (model.rowCount(), model.columnCount()) == (len(maps.layers), max(maps.heads) + 2)
    entropy = maps.entropy()
    index = model.index(1, 2 + 1)
    assert index.data() == f"{entropy[1, 1]:.1f} bits"
    assert index.data(TILE).shape == (*maps.geometry.grid_hw, 3)
    words = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert words.startswith(f"{maps.layers[1]}, head 1, from the class token; entropy")
    assert f"over {maps.keys[1].shape[1]} tokens" in words
    model.choose(1, 3)
    assert model.chosen == (1, 3)
    qtbot.waitUntil(lambda: active.model.stage is Stage.READY, timeout=60_000)
    assert active.model.explanation is not None
    np.testing.assert_allclose(active.model.explanation.grid[0], maps.row(1, 1)[0], atol=1e-6)


def test_that_the_heads_follow_the_patch_that_looks(
    qtbot: QtBot, model: HeadsModel, active: ActiveSaliency, encoder: Encoder, file: Path
) -> None:
    model.watch(True)
    active.model.set_method("attention")
    qtbot.waitUntil(lambda: active.model.stage is Stage.READY, timeout=60_000)
    active.model.look_from(40, 24)
    settle(qtbot, model)
    cell = active.model.choice.cell
    assert cell is not None
    assert f"from patch {cell[0] + 1}, {cell[1] + 1}" in model.words(0, 0)


def test_that_an_encoder_without_attention_says_why(
    model: HeadsModel, active: ActiveSaliency, session: Session
) -> None:
    active.model.reasons = {"attention": "its image tower is a ConvNeXt"}
    model.watch(True)
    assert model.stage is Stage.FAILED
    assert "no attention to show: its image tower is a ConvNeXt" in model.message
    session.put(encoder=None)
    assert model.message == "No encoder is loaded yet."


@pytest.fixture(
    params=[
        ("build_siglip_folder", "Pooling head", "from the pooling query"),
        ("build_resnet_folder", "Attention pooling", "from the pooling query"),
        ("build_medsiglip_folder", "Pooling head", "from the pooling query"),
        ("build_pubmedclip_folder", "Block", "from the class token"),
    ],
    ids=lambda kind: kind[0],
)
def kind(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Encoder, str, str]:
    """An encoder of each kind of tower, its last layer, and who looks there."""
    build, last, who = request.param
    folder = getattr(model_folders, build)(tmp_path / "model")
    return load_encoder(folder, device="cpu", precision="fp32"), last, who


@pytest.mark.slow
def test_that_heads_of_every_kind_of_tower_are_shown(
    qtbot: QtBot, session: Session, file: Path, kind: tuple[Encoder, str, str]
) -> None:
    encoder, last, who = kind
    active = open_active(qtbot, session, file, encoder)
    model = HeadsModel(session, active, session)
    model.watch(True)
    settle(qtbot, model)
    assert model.stage is Stage.READY
    assert model.layers[-1].startswith(last)
    bottom = model.rowCount() - 1
    assert who in model.words(bottom, 2)
    model.choose(bottom, 2)
    qtbot.waitUntil(lambda: active.model.stage is Stage.READY, timeout=60_000)
    assert model.chosen == (bottom, 2)
    active.model.look_from(40, 24)
    if who == "from the class token":
        assert active.model.choice.cell is not None
    else:  # in the pooling layer no patch looks
        assert active.model.choice.cell is None
