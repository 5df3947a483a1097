"""Tags and notes by key: in the grid, on the map and in quick look."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shell_collection import image_id

from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.tag_list import NoteEditor, TagList

pytestmark = pytest.mark.slow


def press(qtbot: QtBot, widget, key: Qt.Key, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    widget.setFocus()
    qtbot.waitUntil(widget.hasFocus)
    QTest.keyClick(widget, key, modifier)


@pytest.mark.parametrize("pane", ["grid", "map"])
def test_that_digits_tag_what_is_selected(opened: MainWindow, qtbot: QtBot, pane: str) -> None:
    session, panes = opened.session, opened.workspace
    widget = panes.strip.results.view if pane == "grid" else panes.map.canvas
    session.select([image_id(1), image_id(2)], image_id(1))
    press(qtbot, widget, Qt.Key.Key_3)
    assert session.tags.state.images == {3: {image_id(1), image_id(2)}}
    press(qtbot, widget, Qt.Key.Key_3)
    assert session.tags.state.images == {}
    press(qtbot, widget, Qt.Key.Key_2)
    press(qtbot, widget, Qt.Key.Key_0)
    assert session.tags.state.images == {}
    session.history.undo()
    assert set(session.tags.state.images) == {2}


def test_that_digits_in_the_viewer_stay_windows(opened: MainWindow, qtbot: QtBot) -> None:
    opened.session.select([image_id(1)])
    press(qtbot, opened.workspace.viewer.active.pane, Qt.Key.Key_3)
    assert opened.session.tags.state.images == {}


def test_that_the_keys_of_the_grid_lead_everywhere_and_the_viewer_follows(
    opened: MainWindow, qtbot: QtBot
) -> None:
    view, session = opened.workspace.strip.results.view, opened.session
    last = len(session.images) - 1
    opened.workspace.strip.results.enter()
    for key, row in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 1 + view.columns),
        (Qt.Key.Key_Left, view.columns),
        (Qt.Key.Key_End, last),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_PageDown, min(view.columns, last)),
        (Qt.Key.Key_PageUp, 0),
    ):
        press(qtbot, view, key)
        assert view.currentIndex().row() == row
        assert session.selection.current == image_id(row)
        assert opened.workspace.viewer.active.model.image_id == image_id(row)
    press(qtbot, view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not view.hasFocus())


def test_that_a_digit_in_quick_look_tags_the_image_that_is_seen(
    opened: MainWindow, qtbot: QtBot
) -> None:
    results, look = opened.workspace.strip.results, opened.workspace.quick_look
    results.enter()
    press(qtbot, results.view, Qt.Key.Key_Space)
    qtbot.waitUntil(look.isVisible)
    QTest.keyClick(look, Qt.Key.Key_5)
    assert opened.session.tags.state.images == {5: {image_id(0)}}
    assert look.caption.text().startswith("Tag 5")
    QTest.keyClick(look, Qt.Key.Key_Right)
    assert "Tag 5" not in look.caption.text()
    look.dismiss()


def test_that_tags_are_named_in_their_list_and_notes_are_kept_when_they_close(
    opened: MainWindow, qtbot: QtBot
) -> None:
    view, session = opened.workspace.strip.results.view, opened.session
    session.select([image_id(4)])
    press(qtbot, view, Qt.Key.Key_T)
    (tags,) = opened.findChildren(TagList)
    QTest.mouseClick(tags.boxes[2], Qt.MouseButton.LeftButton)
    QTest.keyClicks(tags.names[2], "doubt")
    QTest.keyClick(tags.names[2], Qt.Key.Key_Return)
    assert session.tags.state.words_of(image_id(4)) == "doubt"
    assert tags.counts[2].text() == "1"
    tags.close()
    press(qtbot, view, Qt.Key.Key_N)
    (note,) = opened.findChildren(NoteEditor)
    QTest.keyClicks(note.text, "compare with 2")
    note.close()
    QApplication.processEvents()
    assert session.tags.state.notes == {image_id(4): "compare with 2"}
    session.history.undo()
    assert session.tags.state.notes == {}
