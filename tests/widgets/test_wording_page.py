from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from shell_collection import LABELS

from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.wording_model import WordingModel
from vlm_explorer.viewmodels.wording_rows import COLUMNS, View
from vlm_explorer.widgets.theme import theme, themes
from vlm_explorer.widgets.wording_page import WordingPage

pytestmark = pytest.mark.slow


def test_that_wordings_are_listed_searched_for_and_doubts_stand_out(
    qtbot: QtBot, shell_session: Session, small: Path, settle: Callable[[Session], None]
) -> None:
    shell_session.open(small)
    settle(shell_session)
    shell_session.set_labels(LABELS, "raw", "single")
    settle(shell_session)
    page = WordingPage(WordingModel(shell_session, shell_session))
    qtbot.addWidget(page)
    page.resize(1000, 160)
    page.show()
    model = page._model
    assert not page.table.isVisible()
    assert page.stop.isVisible()
    qtbot.waitUntil(lambda: model.stage is Stage.READY, timeout=60_000)
    assert page.prompt.currentText() == LABELS[0]
    assert page.table.rowCount() == len(model.rows)
    assert page.table.item(0, 0).text() == LABELS[0]
    assert "Median" in page.table.item(0, 1).data(Qt.ItemDataRole.AccessibleTextRole)
    place = len(model.rows) - 1
    wanted = model.rows[place].text
    assert wanted
    page.table.setCurrentCell(place, 0)
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    assert shell_session.query.text == wanted
    assert model.label == LABELS[0]
    QTest.mouseClick(page.views[View.DENIALS], Qt.MouseButton.LeftButton)
    assert page.table.horizontalHeaderItem(3).text() == COLUMNS[View.DENIALS][3][0]
    themes.set_theme("light")
    for number, row in enumerate(model.rows):
        shown = page.table.item(number, 0).foreground().color() == theme().colour("warning")
        assert shown == row.doubtful
    assert page.warning.isVisible() == bool(model.warning)
    for control in (page.prompt, page.scope, page.table):
        assert control.accessibleName()
