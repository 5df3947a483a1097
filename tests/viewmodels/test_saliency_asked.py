"""The overlay explains what is searched for, chips included."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.analysis.similarity import combine
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.render import render
from vlm_explorer.queries.expression import Term
from vlm_explorer.queries.search_answer import SearchAnswer
from vlm_explorer.saliency.directions import Directed, Direction
from vlm_explorer.saliency.explain import explain
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.compare_maps import CompareMaps
from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.viewmodels.hide_work import HideTask, Labels, Partly, look_again
from vlm_explorer.viewmodels.saliency_model import SaliencyModel, Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.viewmodels.words_model import WordsModel

EFFUSION, PACEMAKER = Term("effusion", 2.0, "text"), Term("pacemaker", -1.0, "text")
DIFFERENCE = QueryState(terms=(EFFUSION, PACEMAKER), pending=True)
WORDS = "2 × “effusion” − “pacemaker”"


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
def active(qtbot: QtBot, session: Session, ids: list[str], encoder: Encoder) -> ActiveSaliency:
    """The first scan is shown; an encoder is there."""
    session.put(encoder=encoder)
    comparison = Comparison(session, session)
    both = comparison.first, comparison.second
    active = ActiveSaliency(
        comparison, {each: SaliencyModel(each, session) for each in both}, session
    )
    session.select([ids[0]])
    qtbot.waitUntil(lambda: comparison.first.loaded is not None)
    return active


@pytest.fixture
def vectors(encoder: Encoder, files: list[Path]) -> np.ndarray:
    return encoder.encode_images([render(file).pixels for file in files])


def answered(
    query: QueryState, encoder: Encoder, vector: np.ndarray, vectors: np.ndarray
) -> QueryState:
    """What is searched for, once it is answered."""
    answer = SearchAnswer(encoder.id, query.words, (), vectors @ vector, vector=vector)
    return replace(query, pending=False, answer=answer)


def difference(encoder: Encoder) -> np.ndarray:
    wanted, unwanted = (encoder.encode_texts([word]) for word in ("effusion", "pacemaker"))
    return combine(wanted, unwanted, [2.0, 1.0])


def settle(qtbot: QtBot, model: SaliencyModel) -> None:
    qtbot.waitUntil(lambda: model.stage is not Stage.RUNNING, timeout=60_000)


def test_that_chips_are_explained_by_the_querys_own_vector_and_the_caption_says_so(
    qtbot: QtBot,
    session: Session,
    active: ActiveSaliency,
    encoder: Encoder,
    files: list[Path],
    vectors: np.ndarray,
) -> None:
    model, vector = active.model, difference(encoder)
    model.set_method("decomp")
    session.put(query=DIFFERENCE)
    assert model.prompt == ""  # until its vector is known
    session.put(query=answered(DIFFERENCE, encoder, vector, vectors))
    settle(qtbot, model)
    assert model.explanation is not None
    assert model.prompt == WORDS
    expected = explain(
        Directed(encoder, Direction("q", vector, "q")), render(files[0]).pixels, ["q"], "decomp"
    )
    np.testing.assert_allclose(model.explanation.grid, expected.grid, atol=1e-6)
    cosine = float(vectors[0] @ vector)
    assert f"{WORDS}, cosine with the query {cosine:.3f}".replace("-", "−") in model.caption.title
    assert "““" not in model.caption.title


def test_that_the_map_of_a_query_stays_under_its_own_caption_until_the_next_is_known(
    qtbot: QtBot,
    session: Session,
    active: ActiveSaliency,
    encoder: Encoder,
    vectors: np.ndarray,
) -> None:
    model = active.model
    model.set_method("decomp")
    session.put(query=QueryState("nodule"))
    settle(qtbot, model)
    before = model.explanation
    session.put(query=DIFFERENCE)
    assert model.explanation is before
    assert "“nodule”" in model.caption.title
    session.put(query=replace(DIFFERENCE, pending=False))  # the search failed
    assert model.explanation is None
    assert "no vector of this encoder" in model.message
    session.put(query=answered(DIFFERENCE, encoder, difference(encoder), vectors))
    settle(qtbot, model)
    assert model.stage is Stage.READY


def test_that_more_like_this_is_explained_by_the_images_vector_or_refused_with_the_reason(
    qtbot: QtBot,
    session: Session,
    active: ActiveSaliency,
    encoder: Encoder,
    ids: list[str],
    vectors: np.ndarray,
) -> None:
    model, query = active.model, QueryState(like=ids[1])
    model.set_method("gradattn")
    session.put(query=answered(query, encoder, vectors[1], vectors))
    settle(qtbot, model)
    name = session.images.name_of(1)
    cosine = float(vectors[0] @ vectors[1])
    assert f"similarity to {name}, cosine with the query {cosine:.3f}" in model.caption.title
    assert model.explanation is not None
    assert model.explanation.target["prompts"] == ["similarity to image"]  # names no file
    session.select([ids[1]])
    qtbot.waitUntil(lambda: model.stage is Stage.FAILED, timeout=60_000)
    assert "the scan that is searched for" in model.message
    model.set_method("auto")
    settle(qtbot, model)
    assert model.method not in ("attention", "gradattn", "gradcam")
    assert model.stage is Stage.READY


def test_that_a_single_text_as_a_chip_is_explained_as_that_text(
    qtbot: QtBot, session: Session, active: ActiveSaliency
) -> None:
    session.put(query=QueryState(terms=(Term("nodule", 2.0, "text"),), pending=True))
    assert active.model.prompt == "nodule"
    assert active.model.asked.direction is None


def test_that_the_pages_take_the_query_too_or_say_why_not(
    qtbot: QtBot,
    session: Session,
    active: ActiveSaliency,
    encoder: Encoder,
    vectors: np.ndarray,
) -> None:
    session.put(query=answered(DIFFERENCE, encoder, difference(encoder), vectors))
    words = WordsModel(session, active, session)
    words.watch(True)
    assert words.stage is Stage.WAITING
    assert "more than that is searched for" in words.message
    maps = CompareMaps(session, active, session)
    maps.set_method("decomp")
    maps.watch(True)
    maps.add("nodule")
    qtbot.waitUntil(lambda: not maps.missing and len(maps.explanations) == 2, timeout=60_000)
    assert [tile.title for tile in maps.tiles] == [WORDS, "nodule"]
    assert maps.explanations[0].score[0] == pytest.approx(
        float(vectors[0] @ difference(encoder)), abs=1e-3
    )
    maps.watch(False)
    request = active.model.request
    assert request is not None
    task = HideTask(
        request.encoder, request.frame, request.source, request.ct_window,
        ((10.0, 10.0, 40.0, 30.0),), "blur", active.model.prompt, Labels(),
    )  # fmt: skip
    hidden = look_again(task, Partly(), context=JobContext())
    assert hidden.before[0] == pytest.approx(float(vectors[0] @ difference(encoder)), abs=1e-3)
    assert task.called == (WORDS,)
