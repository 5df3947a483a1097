"""Fetching, removing and gated encoders, against a hub on this machine; no widgets."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hub_server import LocalHub
from local_encoders import CLIP, GATED, MemoryKeyring, hub, memory_keyring, published
from pytestqt.qtbot import QtBot

from vlm_explorer import paths
from vlm_explorer.viewmodels import model_shelf
from vlm_explorer.viewmodels.encoder_switch import EncoderSwitch
from vlm_explorer.viewmodels.model_offers import offers, perform, situation
from vlm_explorer.viewmodels.model_rows import ENTRY, ModelRows
from vlm_explorer.viewmodels.model_shelf import ModelShelf
from vlm_explorer.viewmodels.session import Session

__all__ = ["hub", "memory_keyring", "published"]  # fixtures of this module

LONG = 120_000  # ms; a child process on a busy machine


pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("memory_keyring")]


@pytest.fixture
def shelf(session: Session, qtbot: QtBot) -> ModelShelf:
    """The shelf of a session with nothing open, listed."""
    shelf = ModelShelf(session, EncoderSwitch(session, session), session)
    shelf.refresh()
    qtbot.waitUntil(lambda: bool(shelf.models), timeout=LONG)
    return shelf


def titles(shelf: ModelShelf, id_: str) -> list[str]:
    facts = shelf.facts(id_)
    assert facts is not None
    return [offer.title for offer in offers(shelf, facts)]


def until_idle(shelf: ModelShelf, id_: str, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not shelf.state(id_).kind, timeout=LONG)
    qtbot.waitUntil(lambda: not shelf.session.runner.busy, timeout=LONG)


def test_that_each_encoder_says_what_it_is_for_and_what_can_be_done(shelf: ModelShelf) -> None:
    facts = {model.id: model for model in shelf.models}
    assert facts["demo"].installed
    assert facts["demo"].bundled
    assert titles(shelf, "demo") == [], "nothing is open to use it for, and it cannot be removed"
    assert titles(shelf, "biomedclip") == [f"Fetch {facts['biomedclip'].size}"]
    assert all(model.purpose for model in shelf.models if model.fetchable)
    assert all(figure.source for model in shelf.models for figure in model.figures)
    assert facts[GATED].gated
    assert facts[GATED].address.startswith("https://huggingface.co/")
    assert facts["conch"].not_offered
    assert titles(shelf, "conch") == []
    assert situation(shelf, facts["conch"]) == facts["conch"].not_offered


@pytest.mark.slow
def test_that_fetching_tells_how_far_it_is_and_ends_on_this_machine(
    shelf: ModelShelf, hub: LocalHub, qtbot: QtBot
) -> None:
    hub.faults.pause = 0.002
    seen: list[tuple[float | None, str]] = []
    shelf.changed.connect(lambda id_: seen.append((shelf.state(id_).share, shelf.state(id_).words)))
    with qtbot.waitSignal(shelf.fetched, timeout=LONG) as fetched:
        shelf.fetch(CLIP)
        assert shelf.state(CLIP).kind == "fetching"
        assert titles(shelf, CLIP) == ["Cancel"]
        shelf.fetch(CLIP)  # asked for twice: fetched once
    assert fetched.args == [CLIP]
    until_idle(shelf, CLIP, qtbot)
    assert seen[0] == (None, "Waiting")
    shares = [share for share, _ in seen if share is not None]
    assert len(set(shares)) > 3
    assert max(shares) == 1.0
    assert any(" of " in words and "/s" in words and "left" in words for _, words in seen)
    facts = shelf.facts(CLIP)
    assert facts is not None
    assert facts.installed
    assert facts.disk > 0
    assert shelf.disk == facts.disk
    assert dict(facts.details)["Folder"] == str(paths.models_folder() / CLIP)
    assert len(dict(facts.details)["SHA-256"]) == 64
    assert titles(shelf, CLIP) == ["Remove"]


@pytest.mark.slow
def test_that_fetching_that_was_stopped_goes_on_where_it_was(
    shelf: ModelShelf, hub: LocalHub, qtbot: QtBot
) -> None:
    hub.faults.pause = 0.02
    shelf.fetch(CLIP)
    qtbot.waitUntil(lambda: (shelf.state(CLIP).share or 0) > 0.2, timeout=LONG)
    perform(shelf, "stop", CLIP)
    until_idle(shelf, CLIP, qtbot)
    facts = shelf.facts(CLIP)
    assert facts is not None
    assert not facts.installed
    assert facts.fetched > 0
    assert titles(shelf, CLIP)[0].startswith("Go on fetching (")
    hub.faults.pause = 0.0
    with qtbot.waitSignal(shelf.fetched, timeout=LONG):
        perform(shelf, "fetch", CLIP)
    until_idle(shelf, CLIP, qtbot)
    assert any(request.range for request in hub.requests), "the rest alone was asked for"


def test_that_a_fault_is_said_with_what_to_do_and_can_be_tried_again(
    shelf: ModelShelf, hub: LocalHub, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    hub.faults.altered.add("open_clip_pytorch_model.bin")
    shelf.fetch(CLIP)
    until_idle(shelf, CLIP, qtbot)
    state = shelf.state(CLIP)
    assert state.problem
    assert state.hint
    assert titles(shelf, CLIP) == ["Try again"]
    hub.faults.altered.clear()
    with qtbot.waitSignal(shelf.fetched, timeout=LONG):
        shelf.fetch(CLIP)
    until_idle(shelf, CLIP, qtbot)
    assert not shelf.state(CLIP).problem
    caplog.clear()


def test_that_a_token_is_kept_in_the_keyring_alone_and_can_be_forgotten(
    shelf: ModelShelf, memory_keyring: MemoryKeyring, own_home: Path, qtbot: QtBot
) -> None:
    token = "hf_" + "s3cret" * 5
    with qtbot.waitSignal(shelf.token_changed, timeout=LONG) as said:
        shelf.keep_token(token)
    assert said.args == ["", ""]
    qtbot.waitUntil(lambda: shelf.token == "keyring", timeout=LONG)
    assert list(memory_keyring.kept.values()) == [token]
    kept = [file for file in own_home.rglob("*") if file.is_file()]
    assert not any(token.encode() in file.read_bytes() for file in kept)
    shelf.forget_token()
    qtbot.waitUntil(lambda: shelf.token == "", timeout=LONG)
    assert memory_keyring.kept == {}
    qtbot.waitUntil(lambda: not shelf.session.runner.busy, timeout=LONG)


def test_that_what_is_no_token_is_said(
    shelf: ModelShelf, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    with qtbot.waitSignal(shelf.token_changed, timeout=LONG) as said:
        shelf.keep_token("two words")
    assert said.args[0]
    assert "two words" not in " ".join(said.args)
    caplog.clear()


def test_that_a_removal_can_be_undone(shelf: ModelShelf, published: Path, qtbot: QtBot) -> None:
    place = paths.models_folder() / CLIP
    shutil.copytree(published, place)
    shelf.refresh()
    qtbot.waitUntil(lambda: titles(shelf, CLIP) == ["Remove"], timeout=LONG)
    perform(shelf, "remove", CLIP)
    assert titles(shelf, CLIP) == ["Undo", "Remove now"]
    assert place.is_dir()
    perform(shelf, "keep", CLIP)
    assert titles(shelf, CLIP) == ["Remove"]
    perform(shelf, "remove", CLIP)
    perform(shelf, "remove_now", CLIP)
    until_idle(shelf, CLIP, qtbot)
    assert not place.exists()
    assert titles(shelf, CLIP)[0].startswith("Fetch")


def test_that_a_removal_is_carried_out_after_a_while(
    shelf: ModelShelf, published: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_shelf, "GRACE", 20)
    shutil.copytree(published, paths.models_folder() / "mine")
    shelf.refresh()
    qtbot.waitUntil(lambda: shelf.facts("mine") is not None, timeout=LONG)
    shelf.remove("mine")
    qtbot.waitUntil(lambda: shelf.facts("mine") is None, timeout=LONG)
    assert not (paths.models_folder() / "mine").exists()
    qtbot.waitUntil(lambda: not shelf.session.runner.busy, timeout=LONG)


def test_that_the_rows_are_grouped_and_found_by_their_words(shelf: ModelShelf) -> None:
    rows = ModelRows(shelf, shelf)
    headings = [rows.entry(row).title for row in range(rows.rowCount()) if not rows.id_at(row)]
    assert headings == ["On this machine", "To fetch", "Not on offer"]
    assert not rows.flags(rows.index(0))
    rows.set_filter("chest sig")
    assert [rows.id_at(row) for row in range(rows.rowCount())] == ["", GATED]
    assert rows.data(rows.index(1), ENTRY).facts.id == GATED
    rows.set_filter("nothing has these words")
    assert rows.rowCount() == 0
    assert rows.first == ""
