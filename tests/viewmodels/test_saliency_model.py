from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.pixels.render import render
from vlm_explorer.saliency.attention import attention_maps
from vlm_explorer.saliency.explain import default_method, explain
from vlm_explorer.viewmodels.saliency_model import SaliencyModel, Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.viewmodels.viewer_model import ViewerModel


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    noise = np.random.default_rng(0).integers(-200, 200, (48, 80))
    return [
        write_scan(tmp_path / "a.dcm", ramp(48, 80, -500) // 4 + noise),
        write_scan(tmp_path / "b.dcm", noise, number=2),
    ]


@pytest.fixture
def ids(session: Session, files: list[Path]) -> list[str]:
    return open_files(session, files)


@pytest.fixture
def model(qtbot: QtBot, session: Session, ids: list[str], encoder: Encoder) -> SaliencyModel:
    """The first image is shown; an encoder is there."""
    viewer = ViewerModel(session, parent=session)
    session.put(encoder=encoder)
    session.select([ids[0]])
    model = SaliencyModel(viewer, session)
    qtbot.waitUntil(lambda: viewer.loaded is not None)
    return model


def settle(qtbot: QtBot, model: SaliencyModel) -> None:
    qtbot.waitUntil(lambda: model.stage is not Stage.RUNNING, timeout=60_000)


def test_that_attention_is_the_cores_row_of_any_layer_and_head(
    qtbot: QtBot, model: SaliencyModel, encoder: Encoder, files: list[Path]
) -> None:
    model.set_method("attention")
    settle(qtbot, model)
    maps = attention_maps(encoder, render(files[0]).pixels)
    assert model.layers == maps.layers
    assert model.choice.layer == len(maps.layers) - 1
    for layer in range(len(maps.layers)):
        model.set_layer(layer)
        for head in ("mean", "max", 0, maps.heads[layer] - 1):
            model.set_head(head)
            assert model.stage is Stage.READY
            assert model.shown is not None
            grid, _ = maps.row(layer, head)
            assert model.shown.high == pytest.approx(float(grid[:, :].max()), rel=0.2)
            assert f"block {layer + 1} of {len(maps.layers)}" in model.caption.title
    assert "does not depend on the prompt" in model.caption.note


def test_that_a_click_shows_where_that_patch_looks_and_a_second_one_ends_it(
    qtbot: QtBot, model: SaliencyModel, encoder: Encoder, files: list[Path]
) -> None:
    model.set_method("attention")
    settle(qtbot, model)
    model.look_from(20.0, 30.0)
    assert model.choice.cell is not None
    grid, mass = attention_maps(encoder, render(files[0]).pixels).row(-1, "mean", model.choice.cell)
    assert model.probe(20.0, 30.0).startswith(f"attention {grid[model.choice.cell]:.3g}")
    assert f"{100 * mass:.0f} % of this row goes to CLS" in model.caption.note
    left, top, right, bottom = model.cell or (0, 0, 0, 0)
    assert left <= 20 < right
    assert top <= 30 < bottom
    model.look_from(20.0, 30.0)
    assert model.choice.cell is None
    model.look_from(20.0, 30.0)
    assert model.look_from_image()
    assert not model.look_from_image()


def test_that_a_shift_click_shows_who_attends_to_the_patch(
    qtbot: QtBot, model: SaliencyModel, encoder: Encoder, files: list[Path]
) -> None:
    model.set_method("attention")
    settle(qtbot, model)
    model.look_from(20.0, 30.0, column=True)
    settle(qtbot, model)
    cell = model.choice.cell
    assert cell is not None
    maps = attention_maps(encoder, render(files[0]).pixels)
    grid, before = maps.column(-1, cell)
    assert model.raw is not None
    np.testing.assert_allclose(model.raw.grid, grid, atol=1e-6)
    assert f"column of patch {cell[0] + 1}, {cell[1] + 1}" in model.caption.title
    assert f"CLS gives {100 * before[0]:.1f} %" in model.caption.note
    model.show_column(False)
    settle(qtbot, model)
    assert "row of patch" in model.caption.title
    assert "of this row goes to CLS" in model.caption.note
    model.look_from(20.0, 30.0, column=True)
    model.look_from(20.0, 30.0, column=True)
    assert model.choice.cell is None
    assert not model.choice.column


def test_that_muted_outlier_tokens_are_told_and_the_explanation_stays(
    qtbot: QtBot, model: SaliencyModel
) -> None:
    model.set_method("attention")
    settle(qtbot, model)
    assert model.explanation is not None
    marks = np.zeros(model.explanation.grid.shape[1:], bool)
    marks[1, 2] = True
    model.explanation = replace(model.explanation, outlier_tokens=marks)
    model.refresh()
    assert len(model.outliers) == 1
    assert "1 outlier token (square)" in model.caption.note
    assert model.raw is not None
    before = model.raw.grid
    model.mute_outliers()
    muted = model.raw.grid
    assert muted[1, 2] == pytest.approx(np.median(np.delete(before[0:3, 1:4].ravel(), 4)))
    assert any("muted" in words for words in model.caption.warnings)
    assert model.drawn is not None
    assert model.drawn.params["muted_outlier_tokens"] == [[1, 2]]
    assert model.explanation.grid[0, 1, 2] == before[1, 2]
    model.mute_outliers(False)
    np.testing.assert_array_equal(model.raw.grid, before)


def test_that_occlusion_explains_the_prompt_and_refines_on_the_way(
    qtbot: QtBot, model: SaliencyModel, session: Session, encoder: Encoder, files: list[Path]
) -> None:
    coarse: list[int] = []

    def look() -> None:
        if model.stage is Stage.RUNNING and model.shown is not None:
            coarse.append(int(np.isfinite(model.shown.values).sum()))

    model.changed.connect(look)
    model.set_method("occlusion")
    assert model.stage is Stage.WAITING
    assert "Type a prompt" in model.message
    session.put(query=QueryState(text="a bright lung"))
    assert model.stage is Stage.RUNNING
    settle(qtbot, model)
    found = explain(encoder, render(files[0]).pixels, ["a bright lung"], "occlusion")
    assert model.shown is not None
    assert model.shown.signed
    assert model.shown.low == -model.shown.high
    assert f"cosine {found.score[0]:.3f}".replace("-", "−") in model.caption.title
    assert "not where disease is" in model.caption.note
    assert coarse == sorted(coarse)


def test_that_an_explanation_is_computed_once(
    qtbot: QtBot, model: SaliencyModel, session: Session, ids: list[str]
) -> None:
    jobs: list[str] = []
    session.runner.job_started.connect(lambda job: jobs.append(job.key))
    for method in ("attention", "occlusion", "attention", "occlusion"):
        session.put(query=QueryState(text="effusion"))
        model.set_method(method)  # type: ignore[arg-type]
        settle(qtbot, model)
        assert model.stage is Stage.READY
    assert jobs.count("viewer.saliency") == 2


def test_that_another_image_is_never_shown_with_the_map_of_the_last(
    qtbot: QtBot, model: SaliencyModel, session: Session, ids: list[str]
) -> None:
    model.set_method("attention")
    settle(qtbot, model)
    first = model.shown
    model.look_from(10, 10)
    session.select([ids[1]])
    assert model.shown is None
    assert model.choice.cell is None
    qtbot.waitUntil(lambda: model.stage is Stage.READY, timeout=60_000)
    assert model.shown is not None
    assert first is not None
    assert not np.array_equal(model.shown.values, first.values, equal_nan=True)
    session.select([ids[0]])
    assert model.shown is not None  # from memory, at once
    np.testing.assert_array_equal(model.shown.values, first.values)


def test_that_an_explanation_can_be_stopped(
    qtbot: QtBot, model: SaliencyModel, session: Session
) -> None:
    model.explain_prompt("effusion")
    assert model.stage is Stage.RUNNING
    model.stop()
    assert model.stage is Stage.WAITING
    assert "Stopped" in model.message
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=60_000)
    assert model.stage is Stage.WAITING


def test_that_without_an_encoder_nothing_is_explained_and_it_is_said(
    qtbot: QtBot, model: SaliencyModel, session: Session
) -> None:
    session.put(encoder=None)
    model.set_method("attention")
    assert model.stage is Stage.WAITING
    assert "encoder" in model.message
    assert model.shown is None


def test_that_an_overlay_for_a_text_is_of_the_usual_method_or_the_chosen_one(
    qtbot: QtBot, model: SaliencyModel, encoder: Encoder
) -> None:
    model.explain_prompt("  effusion ")
    assert (model.choice.method, model.prompt) == ("auto", "effusion")
    assert model.method == default_method(encoder, prompted=True)
    model.set_method("occlusion")
    model.explain_prompt("effusion")
    assert model.method == "occlusion"
    assert "“effusion”" in model.caption.title
    model.stop()


def test_that_over_the_encoders_view_the_map_lies_on_the_encoders_pixels(
    qtbot: QtBot, model: SaliencyModel, session: Session, encoder: Encoder
) -> None:
    viewer = model.parent().findChild(ViewerModel)
    assert isinstance(viewer, ViewerModel)
    model.set_method("attention")
    settle(qtbot, model)
    # the encoder cuts the long side of 48 x 80
    assert model.seen == pytest.approx((16, 0, 64, 48), abs=0.5)
    assert any("does not see 40 %" in words for words in model.caption.warnings)
    viewer.show_encoder_view(True)
    qtbot.waitUntil(lambda: viewer.shows_encoder_view)
    size = encoder.preprocess.size
    assert model.seen == (0, 0, size, size)
