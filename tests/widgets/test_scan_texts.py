"""The texts that describe a scan come from sources that are named, counted and chosen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from shell_collection import image_id

from vlm_explorer.queries.expression import Term
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.scan_texts import ScanTextsPanel

pytestmark = pytest.mark.slow

Settle = Callable[[Session], None]
DIFFERENCE = (Term("nodule", 2.0, "text"), Term("effusion", -1.0, "text"))


@pytest.fixture
def panel(opened: MainWindow, settle: Settle) -> ScanTextsPanel:
    """A scan is open; there are saved queries, history, labels and a pin."""
    session = opened.session
    session.select([image_id(3)], image_id(3))
    session.ask(QueryState(terms=DIFFERENCE))
    settle(session)
    session.shelf.save("mine")
    session.ask(QueryState(terms=(Term(image_id(1), 1.0, "image"),)))
    settle(session)
    session.shelf.save("images")
    session.set_labels(["scar", "mass"], "clip-7", "single")
    session.search("left effusion")
    settle(session)
    opened.menu.actions["edit.texts"].trigger()
    settle(session)
    found = opened.findChild(ScanTextsPanel)
    assert found is not None
    return found


def rows(panel: ScanTextsPanel) -> dict[str, str]:
    named = [b.accessibleName() for b in panel.findChildren(QPushButton) if not b.isHidden()]
    return dict(name.rsplit(", ", 1) for name in named if ", " in name)


def test_that_every_source_is_named_with_its_count_and_each_text_with_its_source(
    panel: ScanTextsPanel,
) -> None:
    titles = [box.text() for box in panel.sources.values()]
    assert titles[:3] == ["This search (1)", "Saved queries (1)", "Asked before (1)"]
    assert titles[4].startswith("Labels: ")
    assert titles[4].endswith("(2)")
    panel.sources["stored"].setFocus()
    QTest.keyClick(panel.sources["stored"], Qt.Key.Key_Space)
    assert not panel.sources["stored"].isChecked()


def test_that_only_texts_of_the_chosen_sources_are_ranked(
    panel: ScanTextsPanel, opened: MainWindow, settle: Settle
) -> None:
    session = opened.session
    QTest.keyClick(panel.sources["stored"], Qt.Key.Key_Space)
    settle(session)
    found = rows(panel)
    assert set(found) == {
        "left effusion",
        "mine: 2 × “nodule” − “effusion”",
        "scar",
        "mass",
    }
    assert found["scar"].startswith("label · ")
    assert found["left effusion"].startswith("this search · ")
    assert found["mine: 2 × “nodule” − “effusion”"].startswith("saved · ")
    assert panel.words.text().startswith("4 of 4 texts shown")
    assert "1 saved with images not compared" in panel.words.text()
    for key in ("now", "saved", "asked"):
        QTest.keyClick(panel.sources[key], Qt.Key.Key_Space)
    settle(session)
    assert set(rows(panel)) == {"scar", "mass"}
    QTest.keyClick(panel.sources["labels"], Qt.Key.Key_Space)
    settle(session)
    assert "no text" in panel.words.text()
    panel.close()
    opened.menu.actions["edit.texts"].trigger()
    again = opened.findChildren(ScanTextsPanel)[-1]
    assert not again.sources["labels"].isChecked()


def test_that_a_saved_query_of_the_list_comes_back_whole(
    panel: ScanTextsPanel, opened: MainWindow, settle: Settle
) -> None:
    session = opened.session
    QTest.keyClick(panel.sources["stored"], Qt.Key.Key_Space)
    settle(session)
    button = next(
        b for b in panel.findChildren(QPushButton) if b.accessibleName().startswith("mine: ")
    )
    button.click()
    settle(session)
    assert [(term.text, term.weight) for term in session.query.terms] == [
        (term.text, term.weight) for term in DIFFERENCE
    ]
    session.history.undo()
    assert session.query.text == "left effusion"
