"""The images are ranked while one types; whatever is typed on, the last text has the last word."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from shell_collection import FakeEncoder, image_id

from vlm_explorer.viewmodels.results import COSINE
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.main_window import MainWindow

Settle = Callable[[Session], None]


@pytest.fixture
def answers(opened: MainWindow) -> list[str]:
    """What was answered, in the order in which the window learnt it."""
    heard: list[str] = []

    def hear() -> None:
        query = opened.session.query
        if query.answer is not None and (not heard or heard[-1] != query.answer.query):
            heard.append(query.answer.query)

    opened.session.query_changed.connect(hear)
    return heard


class Gate:
    """Holds up the encoder at the first text until it is opened."""

    def __init__(self) -> None:
        self.reached, self.open = threading.Event(), threading.Event()


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    gate, encode = Gate(), FakeEncoder.encode_texts

    def slowly(self, texts, **options):
        gate.reached.set()
        assert gate.open.wait(30)
        return encode(self, texts, **options)

    monkeypatch.setattr(FakeEncoder, "encode_texts", slowly)
    yield gate
    gate.open.set()


def test_that_typing_ranks_without_enter(
    opened: MainWindow, answers: list[str], settle: Settle, qtbot: QtBot
) -> None:
    field = opened.workspace.prompt.field
    QTest.keyClicks(field, "nodule")
    qtbot.waitUntil(lambda: answers[-1:] == ["“nodule”"])
    settle(opened.session)
    grid = opened.workspace.strip.results.model
    assert opened.session.images.label[opened.session.images.row_of[grid.image_id(0)]] == "nodule"
    assert opened.workspace.map.model.scene.ramp is not None
    assert field.text() == "nodule"


def test_that_typing_quickly_ends_with_the_last_text_alone(
    opened: MainWindow, gate: Gate, answers: list[str], settle: Settle, qtbot: QtBot
) -> None:
    field = opened.workspace.prompt.field
    QTest.keyClicks(field, "le")
    qtbot.waitUntil(gate.reached.is_set)
    for text in ("ft", " pleural", " effusion"):  # each is asked for while the first is worked on
        QTest.keyClicks(field, text)
        wanted = field.text()
        qtbot.waitUntil(lambda wanted=wanted: opened.session.query.text == wanted)
    gate.open.set()
    settle(opened.session)
    assert answers == ["“left pleural effusion”"]
    assert field.text() == "left pleural effusion"


def test_that_an_answer_takes_nothing_away_from_what_was_typed_meanwhile(
    opened: MainWindow, gate: Gate, settle: Settle, qtbot: QtBot
) -> None:
    field = opened.workspace.prompt.field
    QTest.keyClicks(field, "head")
    qtbot.waitUntil(gate.reached.is_set)
    gate.open.set()
    QTest.keyClicks(field, "s")
    settle(opened.session)
    assert field.text() == "heads"
    qtbot.waitUntil(lambda: opened.session.query.text == "heads")
    settle(opened.session)


def test_that_the_grid_stays_ranked_while_the_next_answer_is_on_its_way(
    opened: MainWindow, answers: list[str], settle: Settle, qtbot: QtBot, request
) -> None:
    grid = opened.workspace.strip.results.model
    QTest.keyClicks(opened.workspace.prompt.field, "nodule")
    qtbot.waitUntil(lambda: bool(answers))
    settle(opened.session)
    before = [grid.image_id(row) for row in range(grid.rowCount())]
    gate: Gate = request.getfixturevalue("gate")
    QTest.keyClicks(opened.workspace.prompt.field, " head")
    qtbot.waitUntil(gate.reached.is_set)
    assert opened.session.query.pending
    assert [grid.image_id(row) for row in range(grid.rowCount())] == before
    assert grid.index(0).data(COSINE) is not None
    assert "ranking" in grid.summary
    gate.open.set()
    settle(opened.session)
    assert [grid.image_id(row) for row in range(grid.rowCount())] != before


def test_that_enter_after_the_answer_asks_nothing_again(
    opened: MainWindow, answers: list[str], settle: Settle, qtbot: QtBot
) -> None:
    field = opened.workspace.prompt.field
    QTest.keyClicks(field, "nodule")
    qtbot.waitUntil(lambda: bool(answers))
    settle(opened.session)
    answer = opened.session.query.answer
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert opened.session.query.answer is answer
    assert not opened.session.query.pending


def test_that_an_emptied_field_searches_for_nothing(
    opened: MainWindow, answers: list[str], settle: Settle, qtbot: QtBot
) -> None:
    field = opened.workspace.prompt.field
    QTest.keyClicks(field, "nodule")
    qtbot.waitUntil(lambda: bool(answers))
    settle(opened.session)
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Backspace)
    assert not opened.session.query.active
    assert opened.workspace.strip.results.model.image_id(0) == image_id(0)


def test_that_searching_by_image_empties_the_field_and_searches_on(
    opened: MainWindow, answers: list[str], settle: Settle, qtbot: QtBot
) -> None:
    field = opened.workspace.prompt.field
    QTest.keyClicks(field, "nodule")
    qtbot.waitUntil(lambda: bool(answers))
    settle(opened.session)
    opened.session.search_like(image_id(3))
    settle(opened.session)
    assert field.text() == ""
    assert opened.session.query.like == image_id(3)
    assert opened.session.query.answer is not None
