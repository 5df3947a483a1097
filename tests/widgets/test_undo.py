"""Undo and redo as one meets them: keys, menus, the prompt, the filter, wheel and drag."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from shell_collection import image_id

from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.main_window import MainWindow

pytestmark = pytest.mark.slow

Settle = Callable[[Session], None]
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def undo(window: MainWindow) -> None:
    QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Z, CTRL)


def redo(window: MainWindow) -> None:
    QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Z, CTRL | SHIFT)


def wheel(widget: QWidget, at: QPointF, turned: int) -> None:
    place = widget.mapToGlobal(at)
    none = Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        at, place, QPoint(), QPoint(0, turned), Qt.MouseButton.NoButton, none,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


@pytest.fixture
def active(opened: MainWindow, qtbot: QtBot) -> MainWindow:
    opened.activateWindow()
    qtbot.waitUntil(opened.isActiveWindow)
    return opened


def test_that_escape_clears_the_prompt_and_undo_brings_it_back(
    active: MainWindow, settle: Settle
) -> None:
    panes, session = active.workspace, active.session
    panes.prompt.focus_field()
    QTest.keyClicks(panes.prompt.field, "left effusion")
    QTest.keyClick(panes.prompt.field, Qt.Key.Key_Return)
    settle(session)
    QTest.keyClick(panes.prompt.field, Qt.Key.Key_Escape)
    assert panes.prompt.field.text() == ""
    assert not session.query.active
    undo(active)
    assert panes.prompt.field.text() == "left effusion"
    settle(session)
    assert session.query.answer is not None
    assert panes.map.model.scene.ramp is not None
    undo(active)
    settle(session)
    assert panes.prompt.field.text() == ""
    assert not session.query.active
    redo(active)
    settle(session)
    assert panes.prompt.field.text() == session.query.text == "left effusion"


def test_that_the_prompt_says_what_is_searched_for_after_undo(
    active: MainWindow, settle: Settle
) -> None:
    field, session = active.workspace.prompt.field, active.session
    session.search("nodule")
    session.clear_query()
    assert field.text() == "nodule", "what was typed is not lost"
    session.history.undo()
    assert field.text() == "nodule"
    session.history.undo()
    assert field.text() == ""
    settle(session)


def test_that_the_librarys_filter_is_undone_with_the_cursor_in_it(active: MainWindow) -> None:
    library = active.workspace.library
    library.focus_filter()
    QTest.keyClicks(library.filter, "ct")
    QTest.keyClick(library.filter, Qt.Key.Key_Return)
    assert active.session.shown.sum() == 9
    undo(active)
    assert library.filter.text() == ""
    assert active.session.shown.all()
    redo(active)
    assert library.filter.text() == "ct"
    assert active.session.shown.sum() == 9


def test_that_the_menu_names_what_would_be_undone(active: MainWindow) -> None:
    actions, session = active.menu.actions, active.session
    assert not actions["edit.undo"].isEnabled()
    session.select([image_id(1), image_id(2)])
    assert actions["edit.undo"].text() == "Undo: select 2 images"
    actions["edit.undo"].trigger()
    assert not session.selection.ids
    assert actions["edit.undo"].text() == "Undo"
    assert actions["edit.redo"].text() == "Redo: select 2 images"
    assert actions["edit.redo"].isEnabled()


def test_that_a_turn_of_the_wheel_is_one_step_and_so_is_a_drag(
    active: MainWindow, settle: Settle
) -> None:
    canvas = active.workspace.map.canvas
    canvas.setFocus()
    fitted = canvas.view
    for _ in range(5):
        wheel(canvas, QPointF(200, 150), 120)
    zoomed = canvas.view
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    for x in (310, 330, 350):
        QTest.mouseMove(canvas, QPoint(x, 200))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(350, 200))
    moved = canvas.view
    assert fitted != zoomed != moved
    undo(active)
    assert canvas.view == zoomed
    undo(active)
    assert canvas.view == fitted
    assert not active.session.history.can_undo
    redo(active)
    redo(active)
    assert canvas.view == moved
    settle(active.session)


def test_that_scrolling_through_a_series_is_one_step(active: MainWindow, settle: Settle) -> None:
    session, pane = active.session, active.workspace.viewer.active
    session.select([image_id(3)])
    settle(session)
    for _ in range(2):
        pane.model.series.step(1)
        settle(session)
    assert session.selection.current != image_id(3)
    session.history.undo()
    assert session.selection.current == image_id(3)
    settle(session)


def test_that_what_is_done_to_the_scan_goes_back_and_forth(
    active: MainWindow, settle: Settle
) -> None:
    session, pane = active.session, active.workspace.viewer.active
    model, canvas = pane.model, pane.pane
    session.select([image_id(3)])
    settle(session)
    canvas.setFocus()
    first = model.windows.current
    middle = canvas.rect().center()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
    for x in (10, 20, 40):
        QTest.mouseMove(canvas, middle + QPoint(x, 0))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(40, 0))
    dragged = model.windows.current
    assert dragged != first
    QTest.keyClick(canvas, Qt.Key.Key_R)
    turned = model.orientation
    canvas.zoom_by(2.0)
    zoomed = canvas.camera
    assert not zoomed.fitted
    assert session.history.undo_words == "zoom the image"
    undo(active)
    assert canvas.camera.fitted
    assert session.history.undo_words == "turn the image"
    undo(active)
    assert model.orientation != turned
    assert canvas.camera.orientation == model.orientation
    assert session.history.undo_words == "change the window"
    undo(active)
    assert model.windows.current == first
    assert session.history.undo_words == "select 1 image"
    for _ in range(3):
        redo(active)
    assert (model.windows.current, model.orientation) == (dragged, turned)
    assert canvas.camera == zoomed
    session.select([image_id(9)])  # another series is upright, under its own window
    settle(session)
    assert canvas.camera.fitted
    undo(active)
    settle(session)
    assert (model.windows.current, model.orientation) == (dragged, turned)
    assert canvas.camera == zoomed
