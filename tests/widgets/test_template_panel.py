"""Template sets and deleted label sets in the label studio, by keys and clicks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from shell_collection import LABELS

from vlm_explorer.analysis.zero_shot import load_template_sets, template_set
from vlm_explorer.queries import label_shelf
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.strip import LABELS as TAB
from vlm_explorer.widgets.template_panel import TemplatePanel

pytestmark = pytest.mark.slow

Settle = Callable[[Session], None]
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def studio(opened: MainWindow, settle: Settle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The tab Labels of a window with a small collection and three labels."""
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path / "home"))
    opened.session.set_labels(LABELS, "raw", "multi")
    settle(opened.session)
    opened.workspace.strip.show_tab(TAB)
    return opened.workspace.strip.labels.choice


def panel_of(studio) -> TemplatePanel:
    return next(each for each in studio.templates.findChildren(TemplatePanel) if each.isVisible())


def open_by_keys(qtbot: QtBot, studio) -> TemplatePanel:
    box = studio.templates
    box.showPopup()
    view = box.view()
    qtbot.keyClick(view, Qt.Key.Key_End)
    qtbot.keyClick(view, Qt.Key.Key_Return)
    return panel_of(studio)


def test_that_a_set_is_copied_written_checked_saved_and_used(
    qtbot: QtBot, studio, settle: Settle
) -> None:
    session = studio._session
    before = session.label_state.answer.cosine
    panel = open_by_keys(qtbot, studio)
    assert studio.templates.currentData() == "raw", "opening the panel chooses no templates"
    assert panel.templates.isReadOnly()
    assert not panel.delete.isEnabled()
    assert "copy it to change it" in panel.note.text()
    qtbot.mouseClick(panel.copy, LEFT)
    settle(session)
    assert not panel.templates.isReadOnly()
    panel.title.selectAll()
    qtbot.keyClicks(panel.title, "Mine")
    panel.templates.selectAll()
    qtbot.keyClicks(panel.templates, "a head")
    assert "Line 1 has no {}" in panel.note.text()
    assert not panel.save.isEnabled()
    qtbot.keyClicks(panel.templates, " of {}")
    assert panel.save.isEnabled()
    qtbot.mouseClick(panel.save, LEFT)
    settle(session)
    assert template_set("mine").templates == ("a head of {}",)
    assert template_set("mine").negatives == ("no {}",)
    assert panel.note.text() == "Saved"
    panel.close()
    place = studio.templates.findData("mine")
    assert studio.templates.itemText(place) == "Mine · own"
    studio.templates.setCurrentIndex(place)
    studio.templates.activated.emit(place)
    settle(session)
    assert session.label_state.templates == "mine"
    assert (session.label_state.answer.cosine != before).any()


def test_that_what_is_whole_is_saved_when_the_panel_closes(
    qtbot: QtBot, studio, settle: Settle
) -> None:
    session = studio._session
    panel = open_by_keys(qtbot, studio)
    qtbot.mouseClick(panel.new, LEFT)
    qtbot.keyClicks(panel.templates, "{} again ")
    panel.close()
    settle(session)
    assert "new-template-set" not in load_template_sets(), "two {} in a line are no template"
    panel = open_by_keys(qtbot, studio)
    assert "has {} 2 times" in panel.note.text(), "what was written is still there"
    panel.templates.selectAll()
    qtbot.keyClicks(panel.templates, "{} again")
    panel.close()
    settle(session)
    assert template_set("new-template-set").templates == ("{} again",)


def test_that_templates_in_use_are_asked_anew_when_saved_and_come_back_after_deletion(
    qtbot: QtBot, studio, settle: Settle
) -> None:
    session = studio._session
    studio.own_templates.new()
    studio.own_templates.edit(title="Mine", templates="left {}")
    studio.own_templates.save()
    settle(session)
    chosen = session.label_state.chosen
    session.labelling.change(chosen=replace(chosen, templates="mine"))
    settle(session)
    before = session.label_state.answer.cosine
    panel = open_by_keys(qtbot, studio)
    assert panel.sets.currentData() == "mine"
    panel.templates.selectAll()
    qtbot.keyClicks(panel.templates, "head {}")
    qtbot.mouseClick(panel.save, LEFT)
    settle(session)
    assert (session.label_state.answer.cosine != before).any()
    offers = []
    session.messages.offered.connect(lambda *offer: offers.append(offer))
    qtbot.mouseClick(panel.delete, LEFT)
    settle(session)
    assert "mine" not in load_template_sets()
    assert session.label_state.templates == ""
    (text, button, undo), = offers  # fmt: skip
    assert (text, button) == ("The template set “Mine” is deleted.", "Undo")
    panel.close()
    undo()
    settle(session)
    assert template_set("mine").templates == ("head {}",)
    assert session.label_state.templates == "mine"
    assert studio.templates.currentData() == "mine"


def test_that_a_deleted_label_set_comes_back_by_the_message_and_by_the_menu(
    qtbot: QtBot, opened: MainWindow, studio, settle: Settle
) -> None:
    sets, session = studio.model, studio._session
    sets.rename("Mine")
    sets.save()
    settle(session)
    assert sets.is_own
    qtbot.mouseClick(opened.toast.close_button, LEFT)  # files that could not be read
    studio.menu.delete.trigger()
    settle(session)
    assert not sets.is_own
    toast = opened.toast
    assert toast.isVisible()
    assert "“Mine” is deleted" in toast.words.text()
    qtbot.mouseClick(toast.button, LEFT)
    settle(session)
    assert sets.is_own
    assert not sets.edited
    studio.menu.delete.trigger()
    settle(session)
    sets.use("modality")
    settle(session)
    studio.menu.entries.aboutToShow.emit()
    settle(session)
    (restore,) = studio.menu.deleted.actions()
    assert restore.text() == "Restore Mine · 3 labels"
    restore.trigger()
    settle(session)
    assert session.label_state.labels == LABELS
    assert sets.is_own
    assert label_shelf.deleted() == ()
    studio.menu.entries.aboutToShow.emit()
    settle(session)
    assert not studio.menu.deleted.menuAction().isEnabled()
