from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from active_scan import open_active
from pytestqt.qtbot import QtBot
from viewer_scans import ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.pixels.render import render
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.hide_model import HideModel
from vlm_explorer.viewmodels.hide_words import signed
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.viewmodels.viewer_measure import Kind, Measurement


@pytest.fixture
def file(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).integers(-200, 200, (48, 80))
    return write_scan(tmp_path / "a.dcm", ramp(48, 80, -500) // 4 + noise)


@pytest.fixture
def active(qtbot: QtBot, session: Session, file: Path, encoder: Encoder) -> ActiveSaliency:
    """One scan is shown; an encoder is there."""
    return open_active(qtbot, session, file, encoder)


@pytest.fixture
def model(session: Session, active: ActiveSaliency) -> HideModel:
    model = HideModel(session, active, session)
    model.watch(True)
    return model


def draw(active: ActiveSaliency, *box: float) -> None:
    """Draw a rectangle with the tool, as the pointer does."""
    assert active.measuring is not None
    left, top, right, bottom = box
    active.measuring.press(left, top, None)
    active.measuring.drag(right, bottom)
    active.measuring.release(moved=True)


def settle(qtbot: QtBot, model: HideModel) -> None:
    qtbot.waitUntil(lambda: model.stage is not Stage.RUNNING, timeout=60_000)


def test_that_a_drawn_rectangle_is_hidden_and_the_prompts_cosine_told(
    qtbot: QtBot, session: Session, active: ActiveSaliency, model: HideModel,
    encoder: Encoder, file: Path,
) -> None:  # fmt: skip
    assert "Type a prompt" in model.message
    session.put(query=QueryState(text="a bright lung"))
    assert "Draw rectangles" in model.message
    model.draw(True)
    assert model.drawing
    draw(active, 24, 12, 48, 36)
    assert model.rectangles == ((24, 12, 48, 36),)
    settle(qtbot, model)
    assert model.stage is Stage.READY
    assert model.view is not None
    pictures = [render(file).pixels, model.view]
    cosines = encoder.encode_images(pictures) @ encoder.encode_texts(["a bright lung"])[0]
    (row,) = model.rows
    assert row.cells[0] == "a bright lung"
    assert [float(cell.replace("−", "-")) for cell in row.cells[1:3]] == pytest.approx(
        cosines, abs=6e-4
    )
    assert row.cells[3] == signed(float(model.hidden.change[0]))  # type: ignore[union-attr]
    assert row.cells[5].endswith("of 20")
    # a quarter of the sides of the square of 48 pixels that the encoder sees
    assert "25 % of the encoder's view hidden, blurred" in model.message


def test_that_borders_come_and_go_by_one_click_and_undo_brings_back(
    qtbot: QtBot, session: Session, active: ActiveSaliency, model: HideModel
) -> None:
    session.put(query=QueryState(text="a bright lung"))
    measured = Measurement(Kind.LENGTH, ((1, 1), (9, 9)))
    assert active.measuring is not None
    image_id = active.model.request.image_id  # type: ignore[union-attr]
    active.measuring.measurements.add(image_id, measured)
    model.hide_border(True)
    assert model.border_hidden
    # the encoder cuts the long side of 48 x 80
    assert model.rectangles[0] == pytest.approx((16, 0, 64, 4.8), abs=0.3)
    model.set_border(0.25)
    assert model.border_hidden
    assert model.rectangles[0] == pytest.approx((16, 0, 64, 12), abs=0.3)
    settle(qtbot, model)
    assert "75 % of the encoder's view hidden" in model.message
    assert "overlap)" in model.message
    model.hide_border(False)
    assert model.rectangles == ()
    assert active.measuring.measurements.of(image_id) == (measured,)
    session.history.undo()
    assert len(model.rectangles) == 4
    session.history.redo()
    assert model.rectangles == ()
    assert model.hidden is None


def test_that_parts_look_hidden_only_where_they_are(
    active: ActiveSaliency, model: HideModel
) -> None:
    measuring = active.measuring
    assert measuring is not None
    redrawn: list[bool] = []
    model.hide_border(True)
    assert measuring.hiding
    measuring.changed.connect(lambda: redrawn.append(measuring.hiding))
    model.watch(False)  # the maps of other pages are of the whole scan
    assert redrawn == [False]
    assert len(model.rectangles) == 4
    model.draw(True)
    assert measuring.hiding
    model.draw(False)
    model.watch(True)
    assert measuring.hiding


def test_that_nothing_is_computed_for_a_page_that_is_not_seen(
    qtbot: QtBot, session: Session, active: ActiveSaliency, model: HideModel
) -> None:
    jobs: list[str] = []
    session.runner.job_started.connect(lambda job: jobs.append(job.key))
    session.put(query=QueryState(text="a bright lung"))
    model.watch(False)
    model.hide_border(True)
    qtbot.wait(300)  # longer than the pause before a job
    assert "hide" not in jobs
    model.watch(True)
    settle(qtbot, model)
    assert jobs.count("hide") == 1
    model.set_baseline("mean")
    assert model.stage is Stage.RUNNING
    model.stop()
    assert model.stage is Stage.WAITING
    assert model.message == "Stopped."
