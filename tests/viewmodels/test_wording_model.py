from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from shell_collection import IMAGES, LABELS, image_id

from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.wording_model import LABELLED, SELECTED, SHOWN, WordingModel
from vlm_explorer.viewmodels.wording_rows import COLUMNS, View

pytestmark = pytest.mark.slow

Settle = Callable[[Session], None]


@pytest.fixture
def model(shell_session: Session, small: Path, settle: Settle) -> WordingModel:
    shell_session.open(small)
    settle(shell_session)
    shell_session.set_labels(LABELS, "raw", "single")
    settle(shell_session)
    model = WordingModel(shell_session, shell_session)
    model.watch(True)
    return model


def ready(qtbot: QtBot, model: WordingModel) -> None:
    qtbot.waitUntil(lambda: model.stage is Stage.READY, timeout=60_000)


def test_that_a_label_is_asked_in_other_words_with_figures_of_labelled_images(
    qtbot: QtBot, model: WordingModel
) -> None:
    assert model.label == LABELS[0]  # there is no prompt yet
    ready(qtbot, model)
    answer = model._answer
    assert [row.strong for row in model.rows[:3]] == [True, True, False]
    assert model.rows[0].name == "effusion"
    assert model.rows[1].name.startswith("All together")
    assert len(model.rows) == len(answer.variants) + len(answer.ensembles)
    assert all(len(row.cells) == len(COLUMNS[View.WORDINGS]) - 2 for row in model.rows)
    labelled, others = model.rows[0].spread.groups
    np.testing.assert_allclose(labelled[2], np.median(answer.typed.cosine[answer.true]))
    np.testing.assert_allclose(others[2], np.median(answer.typed.cosine[~answer.true]))
    assert f"{IMAGES} images, 8 of {IMAGES} labelled so" in model.headline
    model.set_view(View.DENIALS)
    assert [row.name for row in model.rows[:2]] == ["no effusion", "without effusion"]
    told = "is told apart" if answer.negations[0].told_apart else "is not told apart"
    assert model.headline.startswith(f"“no effusion” {told}: AUROC of the margin")
    assert bool(model.warning) == (not answer.negations[0].told_apart)
    model.set_view(View.WORDS)
    assert model.rows == ()
    assert "none to leave out" in model.headline


def test_that_a_row_is_searched_for_and_the_question_stays(
    qtbot: QtBot, model: WordingModel
) -> None:
    model._session.search("left effusion")
    model.set_label("")
    ready(qtbot, model)
    rows = model.rows
    model.set_view(View.WORDS)
    assert [row.name for row in model.rows] == ["“left”", "“effusion”"]
    model.open(0)
    assert model._session.query.text == "effusion"
    assert model.label == "left effusion"
    assert model.stage is Stage.READY
    model.set_view(View.WORDINGS)
    assert [row.name for row in model.rows] == [row.name for row in rows]
    model.open(1)  # an ensemble is no text
    assert model._session.query.text == "effusion"


def test_that_what_cannot_be_asked_is_said_and_scopes_are_heeded(
    qtbot: QtBot, model: WordingModel
) -> None:
    model._session.select([])
    model.set_scope(SELECTED)
    assert model.stage is Stage.WAITING
    assert "Select images" in model.message
    model._session.select([image_id(1), image_id(3)])
    ready(qtbot, model)
    assert model._answer.image_ids == (image_id(1), image_id(3))
    model.set_scope(SHOWN)
    ready(qtbot, model)
    assert len(model._answer.image_ids) == IMAGES
    model.set_scope(LABELLED)
    ready(qtbot, model)
    assert len(model._answer.image_ids) == IMAGES
    model._session.set_labels((), "raw", "single")
    model.set_label("")
    assert "Type a prompt" in model.message


def test_that_it_can_be_stopped_and_run_again(qtbot: QtBot, model: WordingModel) -> None:
    model.set_label(LABELS[1])
    assert model.stage is Stage.RUNNING
    model.stop()
    assert model.stopped
    qtbot.waitUntil(lambda: not model._session.runner.busy)
    assert model._answer is None or model._answer.typed.wording.text != LABELS[1]
    model._session.select([image_id(2)])
    assert model.stopped, "nothing else is asked about"
    model.run()
    ready(qtbot, model)
    assert model._answer.typed.wording.text == LABELS[1]
