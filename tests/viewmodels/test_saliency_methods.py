"""Every method over a scan: which is taken, what is kept, what is computed ahead of scrolling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.pixels.render import render
from vlm_explorer.saliency.explain import METHODS, available_methods, default_method, explain
from vlm_explorer.viewmodels import saliency_states
from vlm_explorer.viewmodels.saliency_model import SaliencyModel, Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.viewmodels.viewer_model import ViewerModel

SLICES = 8
PROMPT = "a bright lung"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    noise = np.random.default_rng(0).integers(-200, 200, (48, 60))
    values = [ramp(48, 60, -500) // 4 + noise + 20 * number for number in range(SLICES)]
    return [
        write_scan(tmp_path / f"{number}.dcm", each, number=number + 1)
        for number, each in enumerate(values)
    ]


@pytest.fixture
def ids(session: Session, files: list[Path]) -> list[str]:
    return open_files(session, files)


@pytest.fixture
def viewer(qtbot: QtBot, session: Session, ids: list[str], encoder: Encoder) -> ViewerModel:
    """The first slice is shown; an encoder is there."""
    viewer = ViewerModel(session, parent=session)
    session.put(encoder=encoder)
    session.select([ids[0]])
    qtbot.waitUntil(lambda: viewer.loaded is not None and viewer.series.place is not None)
    return viewer


@pytest.fixture
def model(viewer: ViewerModel, session: Session) -> SaliencyModel:
    return SaliencyModel(viewer, session)


def settle(qtbot: QtBot, model: SaliencyModel, session: Session) -> None:
    """Wait for the map, and for what is done ahead."""
    qtbot.waitUntil(lambda: model.stage is not Stage.RUNNING, timeout=60_000)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=60_000)


def test_that_the_window_knows_every_method_of_the_core() -> None:
    assert tuple(saliency_states.METHODS) == METHODS
    for words in saliency_states.METHODS.values():
        assert words.title
        assert len(words.hint) < 60


@pytest.mark.slow
def test_that_every_method_that_applies_shows_what_the_core_says(
    qtbot: QtBot, model: SaliencyModel, session: Session, encoder: Encoder, files: list[Path]
) -> None:
    session.put(query=QueryState(text=PROMPT))
    assert model.reasons == available_methods(encoder)
    pixels = render(files[0]).pixels
    for method in METHODS:
        model.set_method(method)  # type: ignore[arg-type]
        settle(qtbot, model, session)
        if model.reasons[method]:
            assert model.stage is Stage.FAILED
            assert model.reasons[method] in model.message
            continue
        assert model.stage is Stage.READY, model.message
        assert model.explanation is not None
        settings = {"stride": 1} if method == "occlusion" else {}
        texts = [PROMPT] if model.explanation.target["kind"] != "none" else []
        found = explain(encoder, pixels, texts, method, **settings)
        np.testing.assert_allclose(model.explanation.grid, found.grid, atol=1e-6)
        assert saliency_states.title_of(method) in model.caption.title
        assert (f"“{PROMPT}”, cosine" in model.caption.title) == bool(texts)


def test_that_auto_is_attention_until_there_is_a_prompt(
    qtbot: QtBot, model: SaliencyModel, session: Session, encoder: Encoder
) -> None:
    model.switch()
    assert model.choice.method == "auto"
    assert model.method == "attention"
    settle(qtbot, model, session)
    session.put(query=QueryState(text=PROMPT))
    assert model.method == default_method(encoder, prompted=True)
    assert model.explanation is None  # it told of attention, which is not what is asked now
    settle(qtbot, model, session)
    assert model.explanation is not None
    assert model.explanation.target["prompts"] == [PROMPT]
    model.switch()
    assert model.stage is Stage.OFF


def test_that_the_last_map_stays_while_another_prompt_is_typed(
    qtbot: QtBot, model: SaliencyModel, session: Session
) -> None:
    session.put(query=QueryState(text=PROMPT))
    model.set_method("legrad")
    settle(qtbot, model, session)
    first = model.explanation
    jobs: list[str] = []
    session.runner.job_started.connect(lambda job: jobs.append(job.key))
    for text in ("a", "a d", "a dark", "a dark lung"):
        session.put(query=QueryState(text=text))
        assert model.explanation is first
        assert PROMPT in model.caption.title  # the words are of the map that is seen
    settle(qtbot, model, session)
    assert jobs.count("viewer.saliency") == 1  # for the last one alone
    assert "a dark lung" in model.caption.title


def test_that_scrolling_back_and_on_shows_maps_at_once(
    qtbot: QtBot, model: SaliencyModel, session: Session, viewer: ViewerModel, ids: list[str]
) -> None:
    model.set_method("attention")
    settle(qtbot, model, session)
    viewer.series.step(1)
    settle(qtbot, model, session)
    for step in (1, 1, 1, 1, -1, -1, -1, -1, -1):  # four slices were explained ahead
        viewer.series.step(step)
        qtbot.waitUntil(lambda: viewer.loaded is not None)
        assert model.stage is Stage.READY
        assert model.explanation is not None
        settle(qtbot, model, session)
    assert viewer.image_id == ids[0]


def test_that_a_jump_drops_what_is_done_ahead(
    qtbot: QtBot, model: SaliencyModel, session: Session, viewer: ViewerModel
) -> None:
    model.set_method("attention")
    settle(qtbot, model, session)
    viewer.series.step(1)
    qtbot.waitUntil(lambda: session.runner.running("viewer.saliency.ahead") is not None)
    ahead = session.runner.running("viewer.saliency.ahead")
    assert ahead is not None
    viewer.series.go_to(SLICES - 1)
    qtbot.waitUntil(lambda: model.stage is Stage.READY, timeout=60_000)
    assert ahead.context.cancelled
    settle(qtbot, model, session)


def test_that_slow_methods_are_not_computed_ahead(
    qtbot: QtBot, model: SaliencyModel, session: Session, viewer: ViewerModel
) -> None:
    jobs: list[str] = []
    session.runner.job_started.connect(lambda job: jobs.append(job.key))
    session.put(query=QueryState(text=PROMPT))
    model.set_method("occlusion")
    viewer.series.step(1)
    qtbot.waitUntil(lambda: "viewer.saliency" in jobs, timeout=60_000)
    settle(qtbot, model, session)
    assert "viewer.saliency.ahead" not in jobs


def test_that_a_shared_range_holds_all_maps_of_a_method(
    qtbot: QtBot, model: SaliencyModel, session: Session, viewer: ViewerModel
) -> None:
    model.set_method("attention")
    model.set_scaling("shared")
    grids = []
    for _ in range(3):
        settle(qtbot, model, session)
        assert model.explanation is not None
        grids.append(model.explanation.grid)
        assert model.shown is not None
        assert model.shown.low == 0
        assert model.shown.high == pytest.approx(max(grid.max() for grid in grids), rel=1e-5)
        if len(grids) < 3:
            viewer.series.step(1)
    model.set_scaling("shared")  # chosen anew, it begins anew
    assert model.shown.high == pytest.approx(grids[-1].max(), rel=1e-5)


def test_that_looks_change_what_is_drawn_and_never_the_values(
    qtbot: QtBot, model: SaliencyModel, session: Session
) -> None:
    model.set_method("attention")
    settle(qtbot, model, session)
    explanation, changes = model.explanation, []
    model.explanation_changed.connect(lambda: changes.append(model.explanation))
    assert explanation is not None
    before = explanation.grid.copy()
    ranges = set()
    for scaling in ("raw", "minmax", "symmetric"):
        model.set_scaling(scaling)  # type: ignore[arg-type]
        assert model.shown is not None
        ranges.add((model.shown.low, model.shown.high))
    assert len(ranges) == 3
    model.set_palette("viridis")
    model.set_palette("vik")
    assert (model.choice.sequential, model.choice.diverging) == ("viridis", "vik")
    assert model.shown is not None
    assert model.shown.palette == "vik"  # the range is symmetric still
    assert model.explanation is explanation
    assert not changes
    np.testing.assert_array_equal(explanation.grid, before)


def test_that_a_prompt_that_fits_most_images_better_is_called_a_weak_match() -> None:
    from vlm_explorer.viewmodels.saliency_match import rank_of, weak_match

    cosines = np.array([0.1, 0.5, np.nan, 0.3, 0.4])
    assert rank_of(cosines, 0) == (4, 4)
    assert rank_of(cosines, 1) == (1, 4)
    assert weak_match(4, 4) == "Weak match: 3 of 4 images fit this prompt better."
    assert weak_match(2, 4) == ""
    assert weak_match(1, 1) == ""
