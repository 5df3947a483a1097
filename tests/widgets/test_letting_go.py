"""What is closed is let go of without the garbage collector, which never looks at collections."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from shell_collection import FakeEncoder, build_collection

from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.main_window import MainWindow


@pytest.fixture
def no_collections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    gc.collect()
    gc.disable()
    monkeypatch.setattr(gc, "collect", lambda *_: 0)
    yield
    gc.enable()


def test_that_a_collection_goes_when_another_is_opened(
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    qtbot: QtBot,
    no_collections: None,
) -> None:
    monkeypatch.setattr(background, "load_encoder", lambda *_, **__: FakeEncoder())
    window = MainWindow(session, Thumbnails(session))
    qtbot.addWidget(window)
    window.show()

    def open_(name: str) -> None:
        session.open(build_collection(tmp_path / name))
        qtbot.waitUntil(lambda: not session.runner.busy, timeout=30_000)

    open_("first.vlmx")
    session.search("effusion")
    qtbot.waitUntil(lambda: session.query.answer is not None, timeout=30_000)
    session.select([session.images.ids[0]])
    assert session.content is not None
    content = session.content
    held: list[Callable[[], object]] = [
        weakref.ref(part)
        for part in (content.collection, content.images, content.images.ids, content.vectors)
    ]
    del content
    open_("second.vlmx")
    assert [each() for each in held] == [None] * 4
