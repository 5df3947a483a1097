from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.pixels.render import render
from vlm_explorer.saliency.check_deletion import insertion_deletion
from vlm_explorer.saliency.check_position import LEAST, KeptMaps
from vlm_explorer.saliency.check_prompts import prompt_sensitivity
from vlm_explorer.saliency.check_words import finding
from vlm_explorer.saliency.outliers import is_muted
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.check_model import CheckModel
from vlm_explorer.viewmodels.check_rows import Verdict, all_doubts
from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState

Settle = Callable[[Session], None]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path / "home"))
    random = np.random.default_rng(0)
    return [
        write_scan(tmp_path / name, ramp(48, 80, -500) // 4 + random.integers(-200, 200, (48, 80)))
        for name in ("a.dcm", "b.dcm")
    ]


@pytest.fixture
def active(qtbot: QtBot, session: Session, files: list[Path], encoder: Encoder) -> ActiveSaliency:
    """A scan is shown, a prompt is there, no map yet."""
    ids = open_files(session, files)
    session.put(encoder=encoder, query=QueryState(text="a bright lung"))
    comparison = Comparison(session, session)
    both = comparison.first, comparison.second
    active = ActiveSaliency(
        comparison, {each: SaliencyModel(each, session) for each in both}, session
    )
    session.select(ids[:1])
    qtbot.waitUntil(lambda: comparison.first.loaded is not None)
    return active


@pytest.fixture
def model(session: Session, active: ActiveSaliency) -> CheckModel:
    return CheckModel(session, active, session)


def show(qtbot: QtBot, active: ActiveSaliency, model: CheckModel, method: str) -> None:
    """Show a map, and wait for what is checked at once."""
    active.model.set_method(method)
    qtbot.waitUntil(lambda: bool(model.rows), timeout=60_000)
    told = Verdict.PASSED, Verdict.FAILED, Verdict.SAYS_NOTHING
    qtbot.waitUntil(lambda: model.verdict("position_prior") in told, timeout=60_000)


def test_that_the_cheap_checks_are_made_at_once_and_the_others_when_asked(
    qtbot: QtBot, session: Session, active: ActiveSaliency, model: CheckModel,
    encoder: Encoder, files: list[Path],
) -> None:  # fmt: skip
    assert "Show a map" in model.message
    show(qtbot, active, model, "decomp")
    explanation = active.model.explanation
    assert explanation is not None
    pixels = render(files[0]).pixels
    expected = prompt_sensitivity(encoder, pixels, explanation)
    assert f"“{expected.unrelated}”" in model.rows[0].says
    assert model.verdict("insertion_deletion") is Verdict.NOT_CHECKED
    assert "Not checked" in [row.says for row in model.rows]
    assert model.deletion is None
    model.check("insertion_deletion")
    assert model.verdict("insertion_deletion") is Verdict.RUNNING
    qtbot.waitUntil(lambda: model.deletion is not None, timeout=60_000)
    found = insertion_deletion(encoder, pixels, explanation)
    np.testing.assert_allclose(model.deletion.curves[0].y, found.deletion, atol=1e-6)
    np.testing.assert_allclose(model.deletion.curves[1].y, found.insertion[::-1], atol=1e-6)
    assert model.verdict("weight_randomisation") is Verdict.NOT_CHECKED
    against = all_doubts({"prompt_sensitivity": expected, "insertion_deletion": found})
    assert active.model.caption.warnings[: len(against)] == against


@pytest.mark.slow
def test_that_what_was_found_is_known_again_and_a_new_map_is_not_checked(
    qtbot: QtBot, session: Session, active: ActiveSaliency, model: CheckModel
) -> None:
    show(qtbot, active, model, "decomp")
    model.check_all()
    assert model.busy
    qtbot.waitUntil(lambda: not model.busy, timeout=60_000)
    assert not model.can_check_all
    rows, plot = model.rows, model.randomisation
    assert plot is not None
    assert len(plot.curves[0].y) == len(plot.curves[0].x)
    show(qtbot, active, model, "patchsim")
    assert model.randomisation is None
    assert model.verdict("insertion_deletion") is Verdict.NOT_CHECKED
    assert "bright lung" in model.subject
    show(qtbot, active, model, "decomp")
    assert model.rows == rows
    np.testing.assert_array_equal(model.randomisation.curves[0].y, plot.curves[0].y)


def test_that_stopping_and_scrolling_drop_what_runs(
    qtbot: QtBot, session: Session, active: ActiveSaliency, model: CheckModel
) -> None:
    show(qtbot, active, model, "decomp")
    model.check_all()
    model.stop()
    assert not model.busy
    assert model.verdict("insertion_deletion") is Verdict.NOT_CHECKED
    model.check("weight_randomisation")
    session.select([session.images.ids[1]])
    assert not model.busy
    qtbot.waitUntil(lambda: bool(model.rows), timeout=60_000)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=60_000)
    assert model.randomisation is None


def test_that_a_map_without_a_prompt_says_what_does_not_apply(
    qtbot: QtBot, active: ActiveSaliency, model: CheckModel
) -> None:
    show(qtbot, active, model, "attention")
    assert "by construction" in model.rows[0].says
    assert model.rows[0].verdict is Verdict.SAYS_NOTHING
    row = next(row for row in model.rows if row.name == "insertion_deletion")
    assert (row.verdict, row.can_run) == (Verdict.SAYS_NOTHING, False)
    assert not active.model.doubts


@pytest.mark.slow
def test_that_occlusion_is_held_against_other_prompts_only_when_asked(
    qtbot: QtBot, active: ActiveSaliency, model: CheckModel
) -> None:
    show(qtbot, active, model, "occlusion")
    qtbot.waitUntil(lambda: not model.busy, timeout=60_000)
    assert model.verdict("prompt_sensitivity") is Verdict.NOT_CHECKED
    model.check("prompt_sensitivity")
    told = Verdict.PASSED, Verdict.FAILED
    qtbot.waitUntil(lambda: model.verdict("prompt_sensitivity") in told, timeout=60_000)


def test_that_position_is_said_beside_the_map_once_there_are_enough_images(
    qtbot: QtBot, session: Session, active: ActiveSaliency, model: CheckModel
) -> None:
    active.model.set_method("decomp")
    qtbot.waitUntil(lambda: active.model.explanation is not None, timeout=60_000)
    explanation = active.model.explanation
    for number in range(LEAST):
        KeptMaps.of(explanation).keep(f"other {number}", explanation.grid[0])
    show(qtbot, active, model, "decomp")
    words = "Most of this map is explained by position (ρ 1.00)."
    assert model.verdict("position_prior") is Verdict.FAILED
    assert words in active.model.caption.warnings
    active.model.set_method("off")
    assert not active.model.doubts


def test_that_checks_are_of_the_map_as_it_is_drawn_with_outlier_tokens_muted_or_not(
    qtbot: QtBot, active: ActiveSaliency, model: CheckModel, encoder: Encoder, files: list[Path]
) -> None:
    show(qtbot, active, model, "decomp")
    plain = model.rows[0].says
    explanation = active.model.explanation
    assert explanation is not None
    assert "outlier" not in model.subject
    marks = np.zeros(explanation.grid.shape[1:], bool)
    marks.flat[np.argsort(explanation.grid[0], axis=None)[-4:]] = True
    active.model.explanation = replace(explanation, outlier_tokens=marks)
    active.model.mute_outliers()
    assert "4 outlier tokens muted" in model.subject
    assert model.verdict("prompt_sensitivity") is Verdict.NOT_CHECKED, "that was another map"
    quiet = active.model.drawn
    assert quiet is not None
    assert is_muted(quiet)
    told = Verdict.PASSED, Verdict.FAILED
    qtbot.waitUntil(lambda: model.verdict("prompt_sensitivity") in told, timeout=60_000)
    expected = prompt_sensitivity(encoder, render(files[0]).pixels, quiet)
    before = prompt_sensitivity(encoder, render(files[0]).pixels, explanation)
    assert expected.rho != pytest.approx(before.rho, abs=1e-6)
    assert model.rows[0].says == finding(expected)
    active.model.mute_outliers(False)
    assert "4 outlier tokens as they are" in model.subject
    qtbot.waitUntil(lambda: model.rows[0].says == plain, timeout=60_000)
