"""Fixtures of the view-models: a runner and a session whose threads must end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from open_session import session
from pytestqt.qtbot import QtBot
from shell_collection import FakeEncoder, build_collection

from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.job_runner import JobRunner
from vlm_explorer.viewmodels.session import Session

__all__ = ["session"]  # a fixture of this folder


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[JobRunner]:
    """A job runner that must be able to stop all its work in the end."""
    runner = JobRunner()
    yield runner
    assert runner.shutdown()
    runner.deleteLater()


@pytest.fixture
def quick_encoder(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    """The encoder `fake`, there without weights."""
    encoder = FakeEncoder()
    monkeypatch.setattr(background, "load_encoder", lambda collection, model, *, context: encoder)
    return encoder


@pytest.fixture
def shell_session(qtbot: QtBot, quick_encoder: FakeEncoder) -> Iterator[Session]:
    """A session with nothing open; its work must end with the test."""
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()
    session.deleteLater()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small collection."""
    return build_collection(tmp_path / "small.vlmx")


@pytest.fixture
def settle(qtbot: QtBot) -> Callable[[Session], None]:
    """Wait until nothing more is being worked on."""

    def wait(session: Session) -> None:
        qtbot.waitUntil(lambda: not session.runner.busy, timeout=30_000)

    return wait
