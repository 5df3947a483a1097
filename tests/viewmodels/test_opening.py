"""Opening folders: indexing in a child process, coming back, cancelling; the demo's scene."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import lance
import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from scan_folder import IMAGES as SCANS
from shell_collection import IMAGES, FakeEncoder, build_collection, image_id

from vlm_explorer import paths
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.first_look import FirstLook
from vlm_explorer.pipeline.indexing import default_place, index
from vlm_explorer.viewmodels import background, early_work, questions
from vlm_explorer.viewmodels.compute_choice import ComputeChoice
from vlm_explorer.viewmodels.demo_scene import DemoScene
from vlm_explorer.viewmodels.encoder_switch import EncoderSwitch
from vlm_explorer.viewmodels.labels import LabelsModel
from vlm_explorer.viewmodels.map_colouring import ColourBy, colouring_of
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.status_line import StatusLine

Settle = Callable[[Session], None]
LONG = 120_000  # ms; a child process that loads torch, on a busy machine


@pytest.fixture
def installed(model_folder: Path) -> str:
    """A small encoder, on this machine as the user would import it."""
    shutil.copytree(model_folder, paths.models_folder() / "small-clip")
    return "small-clip"


@pytest.mark.slow
def test_that_a_folder_is_indexed_and_opened_and_found_again_when_it_has_grown(
    session: Session, installed: str, scans: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    said: list[str] = []
    session.messages.message.connect(lambda level, text, hint: said.append(text))
    session.model = installed
    session.layout = type(session.layout)(method="pca")
    session.open(scans)
    with qtbot.waitSignal(session.opened, timeout=LONG):
        pass
    assert len(session.images) == SCANS
    assert {kind for _, kind, _ in session.problems} >= {"duplicate", "captions", "not-an-image"}
    assert session.recent.places == [scans]
    session.set_layout(method="pca")
    qtbot.waitUntil(lambda: session.encoder is not None, timeout=LONG)
    assert session.encoder_note.startswith("small-clip · cpu")
    session.close()

    shutil.copy(scans / "b.png", scans / "d.png")
    (scans / "d.png").write_bytes((scans / "b.png").read_bytes() + b"\0")  # another content
    session.open(scans)
    with qtbot.waitSignal(session.opened, timeout=LONG):
        pass
    assert len(session.images) == SCANS, "what is known is shown at once"
    qtbot.waitUntil(lambda: len(session.images) == SCANS + 1, timeout=LONG)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert said == []


@pytest.mark.slow
def test_that_a_folder_is_in_the_library_and_can_be_browsed_before_it_is_indexed(
    session: Session, installed: str, scans: Path, qtbot: QtBot
) -> None:
    session.model = installed
    session.layout = type(session.layout)(method="pca")
    early: list[tuple[int, str | None]] = []

    def note() -> None:
        if session.opening and len(session.images):
            session.select([session.images.ids[0]])
            early.append((len(session.images), session.selection.current))

    session.collection_changed.connect(note)
    session.open(scans)
    with qtbot.waitSignal(session.opened, timeout=LONG):
        pass
    assert early
    assert early[0][0] == SCANS
    assert session.selection.current == early[0][1], "it is the same image when it is indexed"
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)


def test_that_cancelling_the_first_indexing_leads_back_to_nothing(
    session: Session, installed: str, scans: Path, qtbot: QtBot
) -> None:
    session.model = installed
    session.open(scans)
    qtbot.waitUntil(lambda: session.opening == "Indexing the folder", timeout=LONG)
    session.runner.cancel("open")
    qtbot.waitUntil(lambda: session.opening == "", timeout=LONG)
    assert session.collection is None


@pytest.mark.slow
def test_that_indexing_which_was_stopped_is_said_until_the_rest_is_indexed(
    session: Session, installed: str, scans: Path, qtbot: QtBot
) -> None:
    session.model = installed
    session.layout = type(session.layout)(method="pca")
    index([scans / "a.png"], to=default_place(scans), encoder=load_encoder(installed))
    line = StatusLine(session, ComputeChoice(session, EncoderSwitch(session)))
    qtbot.addWidget(line)
    line.resize(1280, 25)
    line.show()
    session.open(scans)
    qtbot.waitUntil(lambda: session.runner.running("update") is not None, timeout=LONG)
    assert line.rest.isHidden()
    session.runner.cancel("update")
    qtbot.waitUntil(lambda: session.cut_short, timeout=LONG)
    assert not line.rest.isHidden()
    assert len(session.images) < SCANS
    qtbot.mouseClick(line.rest, Qt.MouseButton.LeftButton)
    assert line.rest.isHidden()
    qtbot.waitUntil(lambda: len(session.images) == SCANS, timeout=LONG)
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert not session.cut_short


def test_that_what_was_stored_until_the_stop_is_shown(
    session: Session,
    installed: str,
    scans: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder = load_encoder(installed)
    index([scans / "a.png"], to=default_place(scans), encoder=encoder)

    def index_and_stop(path: Path, _model: str, *, context: JobContext) -> None:
        index([path], to=default_place(path), encoder=encoder, workers=1)
        context.cancel()
        context.check()

    monkeypatch.setattr("vlm_explorer.viewmodels.indexing_work.index_and_open", index_and_stop)
    session.model = installed
    session.layout = type(session.layout)(method="pca")
    session.open(scans)
    qtbot.waitUntil(lambda: len(session.images) == SCANS, timeout=LONG)
    assert session.cut_short
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)


@pytest.mark.slow
def test_that_a_folder_without_images_opens_and_lists_why(
    session: Session, installed: str, tmp_path: Path, qtbot: QtBot
) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "note.txt").write_text("not an image")
    session.model = installed
    session.open(tmp_path / "texts")
    with qtbot.waitSignal(session.opened, timeout=LONG):
        pass
    assert len(session.images) == 0
    assert [kind for _, kind, _ in session.problems] == ["not-an-image"]


def test_that_an_encoder_which_is_not_here_is_said(
    session: Session, scans: Path, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[tuple[str, str, str]] = []
    session.messages.message.connect(lambda *words: said.append(words))
    session.model = "biomedclip"
    session.open(scans)
    qtbot.waitUntil(lambda: bool(said), timeout=LONG)
    assert "BiomedCLIP" in said[0][1]
    assert said[0][2]
    assert session.opening == ""
    caplog.clear()


def test_that_a_collection_in_which_some_images_have_vectors_opens_and_is_searched(
    tmp_path: Path, shell_session: Session, settle: Settle, qtbot: QtBot
) -> None:
    folder = tmp_path / "some.vlmx"
    build_collection(folder)
    table = Collection(folder).table(f"vectors/{Collection(folder).encoder_entry().key}.images")
    lance.dataset(str(table.path)).delete(f"image_id in ('{image_id(0)}', '{image_id(3)}')")
    shell_session.open(folder)
    settle(shell_session)
    assert len(shell_session.images) == IMAGES
    shell_session.search("anything")
    settle(shell_session)
    answer = shell_session.query.answer
    assert answer is not None
    assert answer.searched == IMAGES - 2
    assert np.flatnonzero(np.isnan(answer.cosine)).tolist() == [0, 3]
    shell_session.set_labels(["mass", "effusion"], "raw", "single")
    settle(shell_session)
    labels = shell_session.label_state.answer
    assert labels is not None
    assert np.flatnonzero(labels.best == "").tolist() == [0, 3]
    by_label = colouring_of(ColourBy.ZERO_SHOT, shell_session)
    named = [category.key for category in by_label.categories]
    assert set(named[:-1]) <= {"mass", "effusion"}
    assert [named[code] for code in by_label.codes[[0, 3]]] == ["", ""]
    labels_model = LabelsModel(shell_session)
    shell_session.select([image_id(0), image_id(1)])
    assert labels_model.summary.endswith("1 without a vector")
    shell_session.select([image_id(0)])
    assert labels_model.summary == "No vector of fake yet"


def test_that_an_encoder_may_be_named_by_its_folder(model_folder: Path, tmp_path: Path) -> None:
    name = background.model_id(str(model_folder))
    collection = build_collection(tmp_path / "named.vlmx", images=3, model=name)
    opened = background.read_collection(collection, str(model_folder), context=JobContext())
    assert background.model_of(opened.collection, str(model_folder)) == str(model_folder)
    assert opened.vectors is not None


# The demo study, with a collection in its place that is there at once


@pytest.fixture
def demo(
    shell_session: Session, small: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Session, DemoScene]:
    def open_small(*, reset: bool, context: JobContext) -> background.Opened:
        opened = background.read_collection(small, context=context)
        return replace(opened, prompt="nodule")

    monkeypatch.setattr(background, "open_demo", open_small)
    shell_session.layout = type(shell_session.layout)(method="pca")
    return shell_session, DemoScene(shell_session, shell_session)


@pytest.fixture
def no_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    real = questions.lay_out

    def lay_out(
        opened: background.Opened, choices: dict[str, Any], *, context: JobContext
    ) -> object:
        # a seed of its own: the preview is kept in a file of its own
        seed = choices["seed"] + (choices["method"] == "umap")
        return real(opened, {**choices, "method": "pca", "seed": seed}, context=context)

    monkeypatch.setattr(questions, "lay_out", lay_out)


def test_that_the_demo_opens_on_a_search_with_its_first_hit_in_the_viewer(
    demo: tuple[Session, DemoScene], no_umap: None, qtbot: QtBot
) -> None:
    session, scene = demo
    session.open_demo()
    with qtbot.waitSignal(scene.overlay_wanted, timeout=LONG) as wanted:
        pass
    assert session.demo
    assert not session.foreign
    assert wanted.args == [session.query.text]
    assert session.query.answer is not None
    assert session.selection.current == session.query.answer.hits[0].image_id
    assert scene.played
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)


def test_that_the_demo_lets_the_user_go_elsewhere(
    demo: tuple[Session, DemoScene], no_umap: None, qtbot: QtBot
) -> None:
    session, scene = demo
    session.open_demo()
    with qtbot.waitSignal(session.opened, timeout=LONG):
        pass
    session.select([image_id(3)])
    with qtbot.assertNotEmitted(scene.overlay_wanted):
        qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert session.selection.current == image_id(3)


def test_that_the_demo_keeps_nothing(
    demo: tuple[Session, DemoScene], no_umap: None, small: Path, qtbot: QtBot
) -> None:
    session, _ = demo
    before = (small / "user" / "window.json").read_text()
    session.open_demo()
    with qtbot.waitSignal(session.opened, timeout=LONG):
        pass
    session.search("nodule")
    session.kept.write_now()
    session.close()
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)
    assert (small / "user" / "window.json").read_text() == before
    assert session.recent.places == []


def test_that_what_an_indexing_run_has_stored_so_far_can_be_looked_at(
    tmp_path: Path, small: Path
) -> None:
    scans = tmp_path / "scans"
    assert early_work.peek(tmp_path / "nothing", FirstLook(), context=JobContext()) is None
    from vlm_explorer.pipeline.indexing import default_place

    default_place(scans).parent.mkdir(parents=True)
    shutil.copytree(small, default_place(scans))
    part = early_work.peek(scans, FirstLook(), context=JobContext())
    assert part is not None
    assert len(part.images) == IMAGES
    assert FakeEncoder.id in part.collection.models()


def test_that_opening_imports_pydicom_before_the_jobs_that_share_it(tmp_path: Path) -> None:
    build_collection(tmp_path / "some.vlmx")
    code = (
        "import sys; from pathlib import Path; from vlm_explorer.jobs import JobContext\n"
        "from vlm_explorer.viewmodels import background\n"
        "background.read_collection(Path(sys.argv[1]), context=JobContext())\n"
        "assert 'pydicom' in sys.modules"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "some.vlmx")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run(command, check=True, env=environment)
