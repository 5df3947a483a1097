from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from shell_collection import IMAGES, FakeEncoder, build_collection, image_id

from vlm_explorer.analysis.infonce import info_nce
from vlm_explorer.viewmodels.matrix_model import CAPTIONS, LABELS, PINNED, MatrixModel
from vlm_explorer.viewmodels.matrix_shown import View
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session

pytestmark = pytest.mark.slow

Settle = Callable[[Session], None]


@pytest.fixture
def model(shell_session: Session, small: Path, settle: Settle) -> MatrixModel:
    """The model, looked at, with nothing selected."""
    shell_session.open(small)
    settle(shell_session)
    model = MatrixModel(shell_session, shell_session)
    shell_session.select([])
    model.watch(True)
    return model


def select(qtbot: QtBot, model: MatrixModel, count: int) -> None:
    model._session.select([image_id(n) for n in range(count)], image_id(0))
    qtbot.waitUntil(lambda: model.stage is not Stage.RUNNING, timeout=30_000)


def test_that_the_matrix_follows_the_selection_and_its_cells_are_cosines(
    qtbot: QtBot, model: MatrixModel
) -> None:
    assert model.shown is None
    assert "Select images" in model.message
    select(qtbot, model, 8)
    shown = model.shown
    assert shown is not None
    collection = model._session.collection
    vectors = dict(zip([image_id(n) for n in range(8)], collection.vectors("fake"), strict=False))
    texts = FakeEncoder().encode_texts([item.name for item in shown.columns])
    for row, item in enumerate(shown.rows):
        vector = vectors[item.image_id] / np.linalg.norm(vectors[item.image_id])
        np.testing.assert_allclose(shown.cosine[row], texts @ vector, atol=2e-3)
    captions = model._session.images.caption
    for row, column in shown.pairs:
        own = captions[model._session.images.row_of[shown.rows[row].image_id]]
        assert shown.columns[column].name == own
    assert len(shown.pairs) == 8
    model.set_seriated(False)
    assert [item.image_id for item in model.shown.rows] == [image_id(n) for n in range(8)]
    assert model.summary == f"8 images · {len(set(captions[:8]))} texts · 8 pairs"


def test_that_a_matrix_of_what_was_selected_before_is_never_taken_for_the_present_one(
    qtbot: QtBot, model: MatrixModel
) -> None:
    select(qtbot, model, 8)
    model._session.select([image_id(n) for n in range(3)])
    model.set_scale("row")
    assert model.stage is Stage.RUNNING
    model.watch(False)
    model.watch(True)
    qtbot.waitUntil(lambda: model.stage is not Stage.RUNNING, timeout=30_000)
    assert {item.image_id for item in model.shown.rows} == {image_id(n) for n in range(3)}


def test_that_the_loss_is_live_and_begins_at_the_model_s_own_temperature(
    qtbot: QtBot, model: MatrixModel
) -> None:
    select(qtbot, model, 8)
    assert model.temperature == pytest.approx(1 / FakeEncoder.logit_scale)
    matrix = model._matrix.answer
    assert model.loss == info_nce(matrix.pair_cosine, model.temperature)
    with qtbot.waitSignal(model.cell_changed):
        model.set_temperature(0.5)
    assert model.loss == info_nce(matrix.pair_cosine, 0.5)
    assert f"Loss {model.loss.loss:.2f} (chance" in model.loss_words[0]
    assert "the model's own 0.05" in model.temperature_words
    shares = model.shown.shares(2, 0.5)
    assert shares.sum() == pytest.approx(1)
    select(qtbot, model, 1)
    assert model.loss is None
    assert "two images" in model.loss_words[0]
    model.set_kind(CAPTIONS, False)
    model.set_kind(LABELS, True)
    qtbot.waitUntil(lambda: model.stage is not Stage.RUNNING)
    assert "own captions" in model.loss_words[0]


def test_that_a_chosen_cell_opens_both_and_leaves_the_matrix_as_it_is(
    qtbot: QtBot, model: MatrixModel
) -> None:
    select(qtbot, model, 6)
    shown = model.shown
    model.look_at(99, -5)
    assert model.cell == (5, 0)
    model.choose()
    session = model._session
    assert session.selection.current == shown.rows[5].image_id
    assert len(session.selection.ids) == 6
    assert session.query.text == shown.columns[0].name
    qtbot.waitUntil(lambda: not session.runner.busy)
    assert model.shown is shown


def test_that_texts_are_switched_typed_and_pinned(qtbot: QtBot, model: MatrixModel) -> None:
    select(qtbot, model, 4)
    model.set_kind(CAPTIONS, False)
    qtbot.waitUntil(lambda: model.stage is not Stage.RUNNING)
    assert model.shown is None
    assert "Switch on labels" in model.message
    model.set_typed(" head ; chest;head;")
    qtbot.waitUntil(lambda: model.shown is not None)
    assert sorted(item.name for item in model.shown.columns) == ["chest", "head"]
    model.set_view(View.TEXTS)
    np.testing.assert_allclose(np.diag(model.shown.cosine), 1, atol=1e-6)
    model.set_view(View.IMAGES)
    assert {item.image_id for item in model.shown.columns} == {image_id(n) for n in range(4)}
    assert len(model.shown.pairs) == 0
    model._session.search("left effusion")
    model._session.pins.pin_prompt()
    model.set_view(View.BOTH)
    model.set_kind(PINNED, True)
    qtbot.waitUntil(lambda: len(model.shown.columns) == 3, timeout=30_000)


def test_that_colours_are_even_about_zero_for_z_and_told(qtbot: QtBot, model: MatrixModel) -> None:
    select(qtbot, model, 8)
    model.set_scale("row")
    assert model.shown.unit == "z within each row"
    assert model.shown.limits.low == -model.shown.limits.high
    np.testing.assert_allclose(model.shown.values.mean(axis=1), 0, atol=1e-9)
    assert model.shown.picture(dark=True).shape == (*model.shown.cosine.shape, 3)
    assert "z " in model.cell_words


def test_that_nothing_is_compared_while_nobody_looks(
    qtbot: QtBot, model: MatrixModel, settle: Settle
) -> None:
    model.watch(False)
    model._session.select([image_id(1)])
    settle(model._session)
    assert model.shown is None
    model._session.select([])
    model.watch(True)
    model.select_shown()
    qtbot.waitUntil(lambda: model.shown is not None, timeout=30_000)
    assert len(model.shown.rows) == IMAGES


def test_that_more_than_two_hundred_images_are_said(
    qtbot: QtBot, shell_session: Session, tmp_path: Path, settle: Settle
) -> None:
    shell_session.open(build_collection(tmp_path / "large.vlmx", images=210))
    settle(shell_session)
    model = MatrixModel(shell_session, shell_session)
    model.watch(True)
    model.select_shown()
    qtbot.waitUntil(lambda: model.shown is not None, timeout=30_000)
    assert "200 of 210 images" in model.summary
