from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from vlm_explorer.viewmodels import labels as columns
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.label_cells import PromptLines
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.strip import LABELS

pytestmark = pytest.mark.slow

Settle = Callable[[Session], None]


def editor_of(window: MainWindow, qtbot: QtBot) -> PromptLines:
    """Begin to edit the positive prompts of the first label by its key."""
    table = window.workspace.strip.labels.table
    table.setFocus()
    table.setCurrentIndex(table.model().index(0, columns.POSITIVE))
    QTest.keyClick(table, Qt.Key.Key_F2)
    editor = QApplication.focusWidget()
    assert isinstance(editor, PromptLines)
    return editor


def test_that_prompts_are_written_one_a_line_by_keys_alone(
    opened: MainWindow, qtbot: QtBot, settle: Settle
) -> None:
    session, strip = opened.session, opened.workspace.strip
    strip.show_tab(LABELS)
    session.set_labels(["effusion", "normal"], "raw", "single")
    settle(session)
    editor = editor_of(opened, qtbot)
    assert opened.rect().contains(editor.geometry()), "the whole editor is to be seen"
    QTest.keyClicks(editor, "fluid in the chest")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QTest.keyClicks(editor, "an effusion")
    QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    written = ("fluid in the chest", "an effusion")
    assert session.label_state.chosen.labels[0].positive == written
    assert strip.labels.table.hasFocus()
    settle(session)
    editor = editor_of(opened, qtbot)
    assert editor.toPlainText().splitlines() == list(written)
    QTest.keyClicks(editor, "nothing of this")
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert session.label_state.chosen.labels[0].positive == written


def test_that_the_sliders_stand_where_the_labels_are(opened: MainWindow, settle: Settle) -> None:
    session, choice = opened.session, opened.workspace.strip.labels.choice
    session.set_labels(["effusion", "normal"], "raw", "single")
    settle(session)
    opened.workspace.strip.show_tab(LABELS)
    for slider in (choice.temperature, choice.margin):
        slider.setFocus()
        QTest.keyClick(slider, Qt.Key.Key_Right)
    settle(session)
    assert session.label_state.temperature > 1
    assert session.label_state.margin > 0
    assert choice.no_calls.text().startswith("no call: ")
    session.history.undo()
    session.history.undo()
    settle(session)
    assert (choice.temperature.value(), choice.margin.value()) == (0, 0)


def test_that_a_set_is_renamed_in_its_place(opened: MainWindow, settle: Settle) -> None:
    choice = opened.workspace.strip.labels.choice
    opened.workspace.strip.show_tab(LABELS)
    choice.rename()
    QTest.keyClicks(choice.name, "Mine")
    QTest.keyClick(choice.name, Qt.Key.Key_Return)
    settle(opened.session)
    assert opened.session.label_state.chosen.title == "Mine"
    assert choice.sets.isVisible()
    choice.rename()
    QTest.keyClicks(choice.name, "Other")
    QTest.keyClick(choice.name, Qt.Key.Key_Escape)
    assert opened.session.label_state.chosen.title == "Mine"
    assert choice.sets.isVisible()
