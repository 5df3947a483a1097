"""The window reopens as it was left; where that cannot be, it says so in one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from shell_collection import FakeEncoder, build_collection, image_id

from vlm_explorer import app
from vlm_explorer.settings import load_settings
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.welcome import Welcome

Settle = Callable[[Session], None]


@pytest.fixture
def start(
    qtbot: QtBot, quick_encoder: FakeEncoder, settle: Settle
) -> Iterator[Callable[..., MainWindow]]:
    """Start the program as with `vlm-explorer [PATH]`; what ran before is closed first."""
    windows: list[MainWindow] = []

    def end() -> None:
        while windows:
            window = windows.pop()
            window.close()
            assert window.session.runner.shutdown()
            window.session.begin("")
            window.hide()

    def run(path: Path | None = None, *, demo: bool = False) -> MainWindow:
        end()
        session = Session()
        window = MainWindow(session, Thumbnails(session, session))
        qtbot.addWidget(window)
        window.restore_window()
        window.show()
        windows.append(window)
        app.begin(session, path, demo=demo)
        settle(session)
        return window

    yield run
    end()


def page(window: MainWindow) -> QWidget | None:
    return window.pages.currentWidget()


@pytest.mark.usefixtures("large_screen")
def test_that_everything_is_found_again_as_it_was_left(
    start: Callable[..., MainWindow], small: Path, settle: Settle
) -> None:
    window = start(small)
    session, panes = window.session, window.workspace
    session.select([image_id(4), image_id(5), image_id(7)], image_id(5))
    session.search("nodule")
    session.set_labels(["effusion", "normal"], "", "single")
    settle(session)
    branch = panes.library.model.index(1, 0)
    panes.library.tree.collapse(branch)
    panes.toggle_viewer()

    again = start()
    session, panes = again.session, again.workspace
    assert session.collection is not None
    assert session.collection.folder == small
    assert session.selection.ids == {image_id(4), image_id(5), image_id(7)}
    assert session.selection.current == image_id(5)
    assert session.query.text == panes.prompt.field.text() == "nodule"
    assert session.query.answer is not None
    assert session.label_state.labels == ("effusion", "normal")
    tree, model = panes.library.tree, panes.library.model
    assert [tree.isExpanded(model.index(row, 0)) for row in range(model.rowCount())] == [
        True, False, True, True,
    ]  # fmt: skip
    assert panes.viewer.isHidden()
    assert not panes.library.isHidden()


def test_that_a_search_for_more_like_an_image_is_found_again(
    start: Callable[..., MainWindow], small: Path, settle: Settle
) -> None:
    window = start(small)
    window.session.search_like(image_id(3))
    settle(window.session)
    again = start()
    assert again.session.query.like == image_id(3)
    assert again.session.query.answer is not None


def test_that_what_was_closed_stays_closed(start: Callable[..., MainWindow], small: Path) -> None:
    start(small).session.close()
    assert isinstance(page(start()), Welcome)


def test_that_reopening_can_be_switched_off(start: Callable[..., MainWindow], small: Path) -> None:
    window = start(small)
    switch = window.menu.actions["file.reopen"]
    assert switch.isChecked()
    switch.trigger()
    assert not switch.isChecked()
    again = start()
    assert isinstance(page(again), Welcome)
    again.menu.actions["file.reopen"].trigger()
    again.session.open(small)
    assert load_settings().reopen


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_that_what_cannot_be_opened_again_is_said_in_one_sentence(
    start: Callable[..., MainWindow], small: Path, damage: str, qtbot: QtBot,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    start(small)
    again = start()  # as a control: it opens
    assert again.session.collection is not None
    if damage == "gone":
        shutil.rmtree(small)
    else:
        (small / "collection.json").write_text("{")
    last = start()
    assert isinstance(page(last), Welcome)
    assert last.toast.isVisible()
    assert "cannot be opened again" in last.toast.words.text()
    assert small.name not in last.toast.words.text()
    caplog.clear()
    assert isinstance(page(start()), Welcome)  # and is not tried for ever


def test_that_a_start_indexes_nothing_anew(
    start: Callable[..., MainWindow], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder whose collection has gone is not indexed again without being asked for."""
    folder = tmp_path / "scans"
    folder.mkdir()
    window = start(build_collection(tmp_path / "a.vlmx"))
    window.session.recent.add(folder)
    again = start()
    assert isinstance(page(again), Welcome)
    assert not again.session.runner.busy
    caplog.clear()


def test_that_a_command_line_goes_before_what_was_open(
    start: Callable[..., MainWindow], small: Path, tmp_path: Path
) -> None:
    other = build_collection(tmp_path / "other.vlmx", images=6)
    start(small)
    again = start(other)
    assert again.session.collection is not None
    assert again.session.collection.folder == other
