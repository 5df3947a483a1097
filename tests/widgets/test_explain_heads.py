from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QComboBox, QWidget
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.viewmodels.heads_model import HeadsModel
from vlm_explorer.viewmodels.hide_model import HideModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.heads_page import HeadsPage
from vlm_explorer.widgets.hide_page import HidePage
from vlm_explorer.widgets.viewer import Viewer

pytestmark = pytest.mark.slow  # whole panes, and encoders that look

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def viewer(qtbot: QtBot, session: Session, tmp_path: Path, encoder: Encoder) -> Viewer:
    """A viewer with a scan, and an encoder."""
    noise = np.random.default_rng(0).integers(-200, 200, (48, 64))
    (image_id,) = open_files(session, [write_scan(tmp_path / "a.dcm", ramp(48, 64, -500) + noise)])
    session.put(encoder=encoder)
    viewer = Viewer(session, Thumbnails(session, session))
    show(qtbot, viewer, 420, 560)
    session.select([image_id])
    settle(qtbot, session)
    return viewer


def show(qtbot: QtBot, widget: QWidget, width: int, height: int) -> None:
    qtbot.addWidget(widget)
    widget.resize(width, height)
    widget.show()
    qtbot.waitExposed(widget)
    widget.activateWindow()


def settle(qtbot: QtBot, session: Session) -> None:
    qtbot.wait(300)  # pauses before work begins
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=60_000)


@pytest.fixture
def heads(qtbot: QtBot, session: Session, viewer: Viewer) -> HeadsPage:
    page = HeadsPage(HeadsModel(session, viewer.active_saliency, session))
    show(qtbot, page, 600, 132)
    settle(qtbot, session)
    return page


@pytest.fixture
def hide(qtbot: QtBot, session: Session, viewer: Viewer) -> HidePage:
    page = HidePage(HideModel(session, viewer.active_saliency, session))
    show(qtbot, page, 900, 132)
    return page


def test_that_a_click_on_a_head_lays_it_over_the_scan_and_arrows_go_on(
    qtbot: QtBot, session: Session, viewer: Viewer, heads: HeadsPage
) -> None:
    table = heads.table
    bare = viewer.pane.grab().toImage()
    place = table.visualRect(table.model().index(table.model().rowCount() - 1, 2)).center()
    qtbot.mouseClick(table.viewport(), LEFT, pos=place)
    settle(qtbot, session)
    choice, last = viewer.saliency.choice, table.model().rowCount() - 1
    assert (choice.method, choice.layer, choice.head) == ("attention", last, 0)
    assert viewer.pane.grab().toImage() != bare
    qtbot.keyClick(table, Qt.Key.Key_Right)
    settle(qtbot, session)
    assert viewer.saliency.choice.head == 1
    qtbot.keyClick(table, Qt.Key.Key_Up)
    settle(qtbot, session)
    assert viewer.saliency.choice.layer == last - 1
    assert heads.layer.value() == last - 1
    qtbot.keyClick(heads.layer, Qt.Key.Key_Left)
    settle(qtbot, session)
    assert viewer.saliency.choice.layer == last - 2
    assert table.currentIndex().row() == last - 2
    assert table.viewport().rect().contains(table.visualRect(table.currentIndex()).center())


def test_that_a_head_chosen_in_the_bar_is_marked_in_the_table(
    qtbot: QtBot, session: Session, viewer: Viewer, heads: HeadsPage
) -> None:
    viewer.saliency.set_method("attention")
    settle(qtbot, session)
    viewer.saliency.set_layer(1)
    viewer.saliency.set_head("max")
    settle(qtbot, session)
    current = heads.table.currentIndex()
    assert (current.row(), current.column()) == (1, 1)


def test_that_a_rectangle_drawn_on_the_scan_is_hidden_and_the_answer_told(
    qtbot: QtBot, session: Session, viewer: Viewer, hide: HidePage
) -> None:
    session.put(query=QueryState(text="effusion"))
    qtbot.mouseClick(hide.draw, LEFT)
    pane = viewer.pane
    start, end = (QPointF(*pane.camera.to_screen(x, y)).toPoint() for x, y in ((20, 10), (44, 30)))
    qtbot.mousePress(pane, LEFT, pos=start)
    qtbot.mouseMove(pane, QPoint(start.x() + 10, start.y() + 10))
    qtbot.mouseMove(pane, end)
    qtbot.mouseRelease(pane, LEFT, pos=end)
    settle(qtbot, session)
    assert hide.table.rowCount() == 1
    cells = [hide.table.item(0, column) for column in range(hide.table.columnCount())]
    words = [cell.text() for cell in cells if cell is not None]
    assert words[0] == "effusion"
    assert words[5].endswith("of 20")
    pane.setFocus()
    qtbot.keyClick(pane, Qt.Key.Key_Delete)
    settle(qtbot, session)
    assert not hide.table.isVisible()
    session.history.undo()
    settle(qtbot, session)
    assert hide.table.isVisible()


def test_that_borders_are_hidden_by_one_click_and_follow_the_slider(
    qtbot: QtBot, session: Session, viewer: Viewer, hide: HidePage
) -> None:
    session.put(query=QueryState(text="effusion"))
    qtbot.mouseClick(hide.border, LEFT)
    settle(qtbot, session)
    assert hide.border.isChecked()
    assert hide.table.isVisible()
    hide.share.setFocus()
    qtbot.keyClick(hide.share, Qt.Key.Key_PageUp)
    settle(qtbot, session)
    assert hide.border.isChecked()
    assert hide.share.value() == 15
    qtbot.mouseClick(hide.clear, LEFT)
    assert not hide.border.isChecked()
    assert not hide.clear.isEnabled()


def test_that_every_control_has_a_name_and_a_hint(heads: HeadsPage, hide: HidePage) -> None:
    for page in (heads, hide):
        for kind in (QAbstractButton, QComboBox, QAbstractSlider):
            for control in page.findChildren(kind):
                if control.isVisible() and control.parent() is page:
                    assert control.accessibleName() or getattr(control, "text", str)()
                    assert control.toolTip()
