"""Pins as one works with them: keys, clicks, menus."""

from __future__ import annotations

import numpy as np
import pytest
from map_session import fill, lay_out, search
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu

from vlm_explorer.viewmodels.map_stars import StarKind
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.map_view import MapView
from vlm_explorer.widgets.prompt_bar import PromptBar

COSINES = {"effusion": [0.9, 0.1, 0.2, 0.3, 0.4, 0.5], "nodule": [0.1, 0.8, 0.3, 0.2, 0.5, 0.1]}


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()


@pytest.fixture
def view(session, qtbot):
    view = MapView(session, Thumbnails(session))
    qtbot.addWidget(view)
    view.resize(900, 640)
    view.canvas.set_images(False)
    fill(session)
    lay_out(session, space="images")
    with qtbot.waitExposed(view):
        view.show()
    settle(view, qtbot)
    return view


def settle(view, qtbot):
    view.canvas.repaint()
    qtbot.waitUntil(lambda: not view.canvas.moving, timeout=20_000)
    view.canvas.repaint()


def pin(session, *texts):
    for text in texts:
        search(session, text, COSINES[text])
        session.pins.pin_prompt()
    session.clear_query()


def open_menu():
    return next(
        widget for widget in QApplication.topLevelWidgets()
        if isinstance(widget, QMenu) and widget.isVisible()
    )  # fmt: skip


def actions(menu):
    return {action.text(): action for action in menu.actions()}


def test_that_the_button_at_the_prompt_pins_it_once(session, view, qtbot):
    bar = PromptBar(session)
    qtbot.addWidget(bar)
    assert not bar.pin.isEnabled()
    search(session, "effusion", COSINES["effusion"])
    assert bar.pin.isEnabled()
    qtbot.mouseClick(bar.pin, Qt.MouseButton.LeftButton)
    assert [one.text for one in session.pins.items] == ["effusion"]
    assert not bar.pin.isEnabled()
    bar.close()


def test_that_the_list_is_there_with_the_pins_and_says_how_many_images_are_nearest(
    session, view, qtbot
):
    assert view.pins.isHidden()
    pin(session, "effusion", "nodule")
    assert view.pins.isVisible()
    assert [row.accessibleName() for row in view.pins.rows] == [
        "effusion, 3 images are nearest to it", "nodule, 3 images are nearest to it",
    ]  # fmt: skip
    for number in (2, 1):
        session.pins.remove(number)
    assert view.pins.isHidden()


def test_that_a_click_colours_and_f2_renames_and_delete_removes(session, view, qtbot):
    pin(session, "effusion", "nodule")
    row = view.pins.rows[0]
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert view.model.colour_by == row.pin.column
    assert row.chosen
    qtbot.keyClick(row, Qt.Key.Key_F2)
    row.edit.selectAll()
    qtbot.keyClicks(row.edit, "fluid")
    qtbot.keyClick(row.edit, Qt.Key.Key_Return)
    assert [one.name for one in session.pins.items] == ["fluid", "nodule"]
    qtbot.keyClick(view.pins.rows[1], Qt.Key.Key_Delete)
    assert [one.name for one in session.pins.items] == ["fluid"]


def test_that_escape_leaves_a_name_as_it_was(session, view, qtbot):
    pin(session, "effusion")
    row = view.pins.rows[0]
    qtbot.mouseDClick(row, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(row.edit, "something else")
    qtbot.keyClick(row.edit, Qt.Key.Key_Escape)
    assert row.edit.isHidden()
    assert [one.name for one in session.pins.items] == ["effusion"]


def test_that_the_list_can_be_folded(session, view, qtbot):
    pin(session, "effusion", "nodule")
    whole = view.pins.height()
    qtbot.mouseClick(view.pins.fold, Qt.MouseButton.LeftButton)
    assert view.pins.height() < whole / 2
    assert view.pins.fold.text() == "Pins (2)"
    qtbot.mouseClick(view.pins.fold, Qt.MouseButton.LeftButton)
    assert view.pins.height() == whole


def test_that_the_menu_colours_by_the_margin_over_another_pin(session, view, qtbot):
    pin(session, "effusion", "nodule")
    qtbot.mouseClick(view.pins.rows[0].more, Qt.MouseButton.LeftButton)
    menu = open_menu()
    actions(actions(menu)["Colour by margin over"].menu())["nodule"].trigger()
    menu.close()
    ramp = view.model.scene.ramp
    assert ramp.title == "margin of “effusion” over “nodule”"
    values = np.subtract(COSINES["effusion"], COSINES["nodule"])
    assert ramp.centre == 0
    assert (-ramp.low, ramp.high) == pytest.approx(2 * [np.abs(values).max()])


def test_that_the_menu_of_a_star_pins_the_prompt_and_removes_the_pin(session, view, qtbot):
    search(session, "effusion", COSINES["effusion"])
    settle(view, qtbot)

    def menu_of_star():
        star = next(s for s in view.model.scene.stars if s.words == "effusion")
        x, y = view.canvas.view.to_screen(np.array([star.x, star.y]))
        at = QPointF(x, y).toPoint()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.canvas.mapToGlobal(at))
        QApplication.sendEvent(view.canvas, event)
        return open_menu()

    menu = menu_of_star()
    actions(menu)["Pin the prompt"].trigger()
    menu.close()
    QApplication.sendPostedEvents()
    session.clear_query()
    settle(view, qtbot)
    assert [star.kind for star in view.model.scene.stars] == [StarKind.PIN]
    qtbot.waitUntil(lambda: not menu_is_open())
    menu = menu_of_star()
    actions(menu)["Remove"].trigger()
    menu.close()
    assert session.pins.items == ()


def menu_is_open():
    return any(
        isinstance(widget, QMenu) and widget.isVisible()
        for widget in QApplication.topLevelWidgets()
    )


@pytest.mark.parametrize("width", [420, 640, 1200])
def test_that_nothing_over_the_map_overlaps_with_pins(session, view, qtbot, width):
    view.resize(width, 640)
    pin(session, "effusion", "nodule")
    settle(view, qtbot)
    parts = [
        part for part in (view.tools, view.pins, view.legend, view.caption) if part.isVisible()
    ]
    for place, part in enumerate(parts):
        for other in parts[place + 1 :]:
            assert not part.geometry().intersects(other.geometry())
    assert view.rect().contains(view.pins.geometry())
    inner = view.pins.rows[0].mapTo(view, QPoint(0, 0))
    assert view.pins.geometry().contains(inner)


def test_that_a_name_being_typed_and_the_focus_survive_what_happens_to_other_pins(
    session, view, qtbot
):
    pin(session, "effusion", "nodule")
    row = view.pins.rows[0]
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_F2)
    qtbot.keyClicks(row.edit, "flu")
    session.pins.rename(2, "round")
    assert view.pins.rows[0] is row
    assert row.edit.isVisible()
    assert view.pins.rows[1].accessibleName().startswith("round,")
    qtbot.keyClicks(row.edit, "id")
    qtbot.keyClick(row.edit, Qt.Key.Key_Return)
    assert [one.name for one in session.pins.items] == ["fluid", "round"]


def test_that_the_list_leaves_the_legend_free_in_a_low_pane(session, view, qtbot):
    pin(session, "effusion", "nodule")
    both = view.pins.height()
    assert not view.pins.geometry().intersects(view.legend.geometry())
    view.resize(view.width(), view.legend.height() + view.pins.height() + 10)
    assert view.pins.height() < both
    assert not view.pins.geometry().intersects(view.legend.geometry())
    view.resize(900, 640)
    assert view.pins.height() == both
