"""A query that was saved or asked before comes back whole, in one step that can be undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from shell_collection import image_id

from vlm_explorer.queries.ranking_choice import RankingChoice
from vlm_explorer.viewmodels.column_filters import CategoryFilter
from vlm_explorer.viewmodels.filters import TextFilter
from vlm_explorer.viewmodels.query_ranking import QueryRanking
from vlm_explorer.viewmodels.query_shelf import ASKED, SAVED
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.query_saved import SavedQueries

pytestmark = pytest.mark.slow

Settle = Callable[[Session], None]
RANKED = RankingChoice("csls", "series", "mean", diversity=0.4)


def enter(window: MainWindow, text: str) -> None:
    window.workspace.prompt.focus_field()
    window.workspace.prompt.field.clear()
    QTest.keyClicks(window.workspace.prompt.field, text)
    QTest.keyClick(window.workspace.prompt.field, Qt.Key.Key_Return)


def up(window: MainWindow) -> str:
    window.workspace.prompt.focus_field()
    QTest.keyClick(window.workspace.prompt.field, Qt.Key.Key_Up)
    return window.workspace.prompt.field.text()


def only(session: Session, value: str) -> CategoryFilter:
    column = session.columns.get("modality")
    assert column is not None
    return CategoryFilter(column, frozenset({value}))


@pytest.fixture
def asked(opened: MainWindow, settle: Settle) -> Session:
    """Weighed chips were searched for, ranked and filtered in a way of their own; then a text."""
    session = opened.session
    enter(opened, '2:"nodule" - "effusion"')
    ranking = QueryRanking(session, opened)
    for name in ("rank_by", "per", "reduce", "diversity"):
        ranking.choose(name, getattr(RANKED, name))
    session.set_filter(only(session, "CT"))
    settle(session)
    session.ask(QueryState())
    session.clear_filters()
    enter(opened, "left effusion")
    settle(session)
    return session


def is_back(session: Session) -> bool:
    terms = [(term.text, term.weight) for term in session.query.terms]
    return (
        terms == [("nodule", 2.0), ("effusion", -1.0)]
        and session.query.ranking == RANKED
        and [each.title for each in session.filters] == ["modality: CT"]
    )


def test_that_up_and_enter_bring_chips_weights_ranking_and_filters_back_and_undo_takes_them_away(
    opened: MainWindow, asked: Session, settle: Settle
) -> None:
    field, note = opened.workspace.prompt.field, opened.workspace.prompt.note
    assert up(opened) == "left effusion"
    assert up(opened) == '2:"nodule" - "effusion"'
    assert note.text().startswith("Enter searches for this as before, by CSLS")
    assert note.text().endswith("1 filter")
    QTest.keyClick(field, Qt.Key.Key_Return)
    settle(asked)
    assert is_back(asked)
    assert field.text() == ""
    assert asked.query.answer is not None
    asked.history.undo()
    settle(asked)
    assert (asked.query.text, asked.query.terms, asked.filters) == ("left effusion", (), ())
    assert asked.query.ranking.is_plain
    asked.history.redo()
    settle(asked)
    assert is_back(asked)


def test_that_a_click_on_what_was_asked_before_brings_all_of_it_back(
    opened: MainWindow, asked: Session, settle: Settle, qtbot: QtBot
) -> None:
    bar = opened.workspace.prompt
    qtbot.mouseClick(bar.save, Qt.MouseButton.LeftButton)
    panel = bar.save.findChild(SavedQueries)
    assert panel is not None
    rows = [b for b in panel.findChildren(QPushButton) if "CSLS" in b.accessibleName()]
    assert [row.text() for row in rows] == ["2 × “nodule” − “effusion”"]
    assert "1 filter" in rows[0].accessibleName()
    qtbot.mouseClick(rows[0], Qt.MouseButton.LeftButton)
    settle(asked)
    assert is_back(asked)


def test_that_a_saved_query_brings_its_filters_and_says_which_are_not_kept(
    opened: MainWindow, asked: Session, settle: Settle, qtbot: QtBot
) -> None:
    asked.shelf.bring_back(asked.shelf.asked[-2])
    asked.set_filter(TextFilter("doe"))
    settle(asked)
    bar = opened.workspace.prompt
    bar.open_saved()
    panel = bar.save.findChild(SavedQueries)
    assert panel is not None
    QTest.keyClicks(panel.field, "ranked")
    QTest.keyClick(panel.field, Qt.Key.Key_Return)
    assert "1 filter may name people" in panel.problem.text()
    assert panel.problem.isVisible()
    panel.close()
    assert "doe" not in str(asked.kept.values)
    kept = asked.kept.values[SAVED]["ranked"]["filters"]
    assert kept == [{"column": "modality", "names": ["CT"], "without": False}]
    asked.clear_filters()
    asked.clear_query()
    asked.shelf.recall("ranked")
    assert [each.title for each in asked.filters] == ["modality: CT", "“doe”"]
    asked.shelf._filters.clear()  # the program began anew
    asked.shelf.recall("ranked")
    settle(asked)
    assert is_back(asked)


def test_that_a_query_whose_weights_change_is_one_of_the_history_and_typing_is_none(
    opened: MainWindow, settle: Settle
) -> None:
    session = opened.session
    enter(opened, '"nodule" - "effusion"')
    settle(session)
    session.terms.weigh(0, 3.0)
    settle(session)
    QTest.keyClicks(opened.workspace.prompt.field, "left")
    settle(session)
    assert [each.query.words for each in session.shelf.asked] == ["3 × “nodule” − “effusion”"]
    session.search_like(image_id(2))
    settle(session)
    assert session.shelf.asked[-1].query.like == image_id(2)
    opened.workspace.prompt.field.clear()
    assert up(opened) == '3:"nodule" - "effusion"'  # images have no words


def test_that_history_is_kept_without_files_and_read_again(
    opened: MainWindow, asked: Session
) -> None:
    kept = asked.kept.values[ASKED]
    assert kept[-1] == "left effusion"
    assert kept[0]["terms"][0]["weight"] == 2.0
    before = asked.shelf.asked
    asked.shelf.asked = ()
    asked.collection_changed.emit()
    assert [each.query.terms for each in asked.shelf.asked] == [each.query.terms for each in before]
    assert asked.shelf.asked[0].query.ranking == RANKED
    assert [each.title for each in asked.shelf.asked[0].filters or ()] == ["modality: CT"]
