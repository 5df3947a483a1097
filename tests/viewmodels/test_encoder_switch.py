"""Several encoders on one collection: the window follows at once, or when the vectors are made."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from model_folders import build_clip_vit_folder
from pytestqt.qtbot import QtBot

from vlm_explorer import paths
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.indexing import index
from vlm_explorer.viewmodels.background import read_collection
from vlm_explorer.viewmodels.encoder_switch import EncoderSwitch
from vlm_explorer.viewmodels.encoder_work import count_encoded, read_with
from vlm_explorer.viewmodels.session import Session

pytestmark = pytest.mark.slow

LONG = 120_000  # ms; a child process that loads torch, on a busy machine
FIRST, SECOND = "first-clip", "second-clip"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two small model folders with other weights."""
    root = tmp_path_factory.mktemp("two")
    names = enumerate((FIRST, SECOND))
    return {name: build_clip_vit_folder(root / name, seed=seed) for seed, name in names}


@pytest.fixture
def collection(folders: dict[str, Path], scans: Path, tmp_path: Path) -> Path:
    """A collection with vectors of the first of two encoders on this machine."""
    for name, folder in folders.items():
        shutil.copytree(folder, paths.models_folder() / name)
    place = tmp_path / "two.vlmx"
    index([scans], to=place, encoder=load_encoder(FIRST, device="cpu"), workers=1)
    Collection(place).set_user_state("window", {"layout": ["pca", "raw", 42]})
    return place


@pytest.fixture
def both(collection: Path, scans: Path) -> Path:
    """The same with vectors of both, the second used last."""
    index([scans], to=collection, encoder=load_encoder(SECOND, device="cpu"), workers=1)
    return collection


def open_in(session: Session, place: Path, qtbot: QtBot) -> EncoderSwitch:
    switch = EncoderSwitch(session, session)
    session.open(place)
    qtbot.waitUntil(lambda: session.encoder is not None, timeout=LONG)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    return switch


def wait_for(session: Session, model: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: getattr(session.encoder, "id", "") == model, timeout=LONG)


def test_that_map_ranking_and_labels_follow_and_what_the_user_had_stays(
    session: Session, both: Path, qtbot: QtBot
) -> None:
    switch = open_in(session, both, qtbot)
    assert (switch.current, session.encoder_id) == (SECOND, SECOND)
    session.select([session.images.ids[1], session.images.ids[2]], session.images.ids[2])
    session.search("left effusion")
    session.set_labels(["effusion", "nodule"], "raw", "single")
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    before = session.selection, session.query.answer, session.label_state.answer
    layout, images = session.layout.answer, session.images
    assert layout is not None

    with (
        qtbot.assertNotEmitted(session.collection_changed),
        qtbot.assertNotEmitted(session.selection_changed),
    ):
        switch.use(FIRST)
        qtbot.waitUntil(lambda: switch.current == FIRST, timeout=LONG)
        qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)

    assert session.selection == before[0]
    assert session.images is images
    assert session.query.text == "left effusion"
    answer, labels = session.query.answer, session.label_state.answer
    assert labels is not None
    assert answer is not None
    assert before[1] is not None
    assert answer.model == FIRST
    assert not np.allclose(answer.cosine, before[1].cosine)
    expected = (
        Collection(both).vectors(FIRST) @ load_encoder(FIRST).encode_texts(["left effusion"])[0]
    )
    np.testing.assert_allclose(answer.cosine, expected, atol=1e-5)
    assert session.layout.answer is not None
    assert session.layout.answer.model == FIRST
    assert not np.allclose(session.layout.answer.xy, layout.xy)


def test_that_the_way_back_needs_no_loading(session: Session, both: Path, qtbot: QtBot) -> None:
    switch = open_in(session, both, qtbot)
    first = session.encoder
    switch.use(FIRST)
    qtbot.waitUntil(
        lambda: session.encoder is not None and session.encoder.id == FIRST, timeout=LONG
    )
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    titles: list[str] = []
    session.runner.job_started.connect(lambda job: titles.append(job.title))
    switch.use(SECOND)
    qtbot.waitUntil(lambda: switch.current == SECOND, timeout=LONG)
    assert session.encoder is first
    assert not any(title.startswith("Loading") for title in titles)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)


def test_that_the_choice_is_found_again_when_the_collection_is_opened_again(
    session: Session, both: Path, qtbot: QtBot
) -> None:
    switch = open_in(session, both, qtbot)
    switch.use(FIRST)
    qtbot.waitUntil(
        lambda: session.encoder is not None and session.encoder.id == FIRST, timeout=LONG
    )
    session.close()
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert read_collection(both, context=JobContext()).model == FIRST
    assert Collection(both).models()[0] == SECOND, "what was written last is another matter"


@pytest.mark.slow
def test_that_vectors_that_are_missing_are_made_in_the_background(
    session: Session, collection: Path, qtbot: QtBot
) -> None:
    switch = open_in(session, collection, qtbot)
    session.search("effusion")
    session.select([session.images.ids[1]])
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    selection = session.selection
    used: list[str] = []
    switch.progressed.connect(lambda: used.append(session.encoder_id))

    switch.use(SECOND)
    assert switch.wanted == SECOND
    qtbot.waitUntil(lambda: switch.encoding == SECOND, timeout=LONG)
    assert switch.current == FIRST
    assert session.encoder is not None, "the encoder in use stays usable meanwhile"
    qtbot.waitUntil(lambda: switch.current == SECOND, timeout=LONG)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert set(used) == {FIRST}
    assert switch.wanted == switch.encoding == ""
    assert session.selection == selection
    assert session.query.answer is not None
    assert session.query.answer.model == SECOND
    assert set(Collection(collection).models()) == {FIRST, SECOND}


@pytest.mark.slow
def test_that_encoding_that_is_stopped_keeps_what_was_in_use(
    session: Session, collection: Path, qtbot: QtBot
) -> None:
    switch = open_in(session, collection, qtbot)
    said: list[str] = []
    session.messages.message.connect(lambda level, text, hint: said.append(text))
    switch.use(SECOND)
    qtbot.waitUntil(lambda: switch.encoding == SECOND, timeout=LONG)
    with qtbot.waitSignal(switch.ended, timeout=LONG):
        switch.stop()
    assert (switch.current, switch.wanted, switch.encoding) == (FIRST, "", "")
    assert said == [f"Encoding with {SECOND} was stopped."]
    assert session.encoder is not None
    switch.use(SECOND)
    qtbot.waitUntil(lambda: switch.current == SECOND, timeout=LONG)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)


def test_that_an_encoder_that_cannot_be_loaded_gives_way_to_the_one_before(
    session: Session, both: Path, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    switch = open_in(session, both, qtbot)
    session.search("nodule")
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    shutil.rmtree(paths.models_folder() / FIRST)
    before = session.encoder
    with qtbot.waitSignal(session.messages.message, timeout=LONG) as said:
        switch.use(FIRST)
    assert "not on this machine" in f"{said.args}" or "no encoder" in f"{said.args}"
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert switch.current == SECOND
    assert session.encoder is before
    assert session.query.answer is not None
    assert session.query.answer.model == SECOND
    caplog.clear()


def test_that_an_encoder_that_has_left_this_machine_gives_way_when_a_collection_is_opened(
    session: Session, both: Path, qtbot: QtBot
) -> None:
    shutil.rmtree(paths.models_folder() / SECOND)
    switch = open_in(session, both, qtbot)
    assert Collection(both).models()[0] == SECOND
    assert switch.current == FIRST


def test_that_images_without_a_vector_are_counted_and_do_not_keep_the_rest_from_opening(
    session: Session, both: Path, scans: Path, qtbot: QtBot
) -> None:
    (scans / "new.png").write_bytes((scans / "b.png").read_bytes() + b"\0")
    index([scans], to=both, encoder=load_encoder(FIRST, device="cpu"), workers=1)
    opened = read_collection(both, SECOND, context=JobContext())
    total = len(opened.images)
    assert opened.model == FIRST, "the one asked for lacks an image"
    assert read_with(opened, SECOND, context=JobContext()) is None
    assert count_encoded(Collection(both)) == {FIRST: total, SECOND: total - 1}


@pytest.mark.slow
def test_that_switching_is_undone_and_done_again(
    session: Session, both: Path, qtbot: QtBot
) -> None:
    switch = open_in(session, both, qtbot)
    start = switch.current
    other = FIRST if start == SECOND else SECOND

    def rest() -> None:
        qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)

    switch.use(other)
    rest()
    assert switch.current == other
    assert session.history.undo_words == f"look with {other}"
    session.history.undo()
    rest()
    assert (switch.current, switch.wanted) == (start, "")
    assert session.history.can_redo
    session.history.redo()
    rest()
    assert switch.current == other
    assert not session.history.can_redo
