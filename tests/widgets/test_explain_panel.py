from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.explain_panel import ExplainPanel


@pytest.fixture
def panel(qtbot: QtBot, session: Session) -> ExplainPanel:
    panel = ExplainPanel(session)
    qtbot.addWidget(panel)
    for title in ("Heads", "Checks", "Words"):
        panel.add_page(title, QWidget(), tip=f"What {title} are for")
    panel.show()
    return panel


def test_that_pages_stand_in_their_order_whenever_they_are_added(panel: ExplainPanel) -> None:
    assert panel.titles == ("Checks", "Words", "Heads")
    buttons = [each for each in panel.findChildren(QPushButton) if each.isCheckable()]
    assert [each.text() for each in sorted(buttons, key=lambda each: each.x())] == [*panel.titles]
    assert all(each.toolTip() for each in buttons)


def test_that_one_page_alone_is_visible(panel: ExplainPanel) -> None:
    pages = {page.accessibleName(): page for page in panel.findChildren(QWidget)}
    for title in panel.titles:
        panel.show_page(title)
        assert [name for name in panel.titles if pages[name].isVisible()] == [title]


def test_that_arrow_keys_go_from_page_to_page(panel: ExplainPanel, qtbot: QtBot) -> None:
    first = next(each for each in panel.findChildren(QPushButton) if each.text() == "Checks")
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Right)
    shown = [each.text() for each in panel.findChildren(QPushButton) if each.isChecked()]
    assert shown == ["Words"]
