"""The prompt bar with a real encoder behind it: what it read, and what it did not."""

from __future__ import annotations

from pathlib import Path

import pytest
from model_folders import build_own_vocabulary_folder, build_siglip_folder
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.prompt_bar import PromptBar
from vlm_explorer.widgets.theme import theme, themes


@pytest.fixture
def bar(session: Session, qtbot: QtBot, qapp: QApplication) -> PromptBar:
    themes.apply(qapp)
    bar = PromptBar(session)
    bar.resize(1000, bar.height())
    qtbot.addWidget(bar)
    bar.show()
    return bar


def give(session: Session, folder: Path) -> None:
    """Hand the session an encoder, as loading one in the background does."""
    session.encoder = load_encoder(folder, device="cpu", precision="fp32")
    session.encoder_changed.emit()


def type_into(bar: PromptBar, text: str) -> None:
    bar.field.setFocus()
    bar.field.end(False)
    QTest.keyClicks(bar.field, text)
    QApplication.processEvents()


def brightness(bar: PromptBar, word: int) -> float:
    """Return the brightest grey in the picture of a word of the field, 0 to 255."""
    field = bar.field
    field.deselect()
    start = sum(len(part) + 1 for part in field.text().split(" ")[:word])
    field.setCursorPosition(start)
    left = field.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle).toRectF().right()
    field.setCursorPosition(start + len(field.text().split(" ")[word]))
    right = field.inputMethodQuery(Qt.InputMethodQuery.ImCursorRectangle).toRectF().left()
    field.clearFocus()
    picture = field.grab().toImage()
    return max(
        picture.pixelColor(x, y).lightness()
        for x in range(int(left) + 1, int(right))
        for y in range(6, picture.height() - 6)
    )


def test_that_tokens_used_of_tokens_allowed_are_shown_while_one_types(
    session: Session, bar: PromptBar, qtbot: QtBot, tmp_path: Path
) -> None:
    assert bar.tokens.text() == ""
    type_into(bar, "left lung")
    give(session, build_own_vocabulary_folder(tmp_path / "own"))
    qtbot.waitUntil(lambda: bar.tokens.text() == "4 of 24 tokens", timeout=10_000)
    type_into(bar, " normal chest")
    qtbot.waitUntil(lambda: bar.tokens.text() == "6 of 24 tokens", timeout=10_000)
    assert bar.tokens.property("role") == "annotation"
    height = bar.height()
    type_into(bar, " left" * 22)
    qtbot.waitUntil(lambda: bar.tokens.text() == "24 of 24 tokens", timeout=10_000)
    assert bar.tokens.property("role") == "annotation-warning"
    assert bar.note.text().startswith("Too long for this encoder: it reads nothing from “left")
    assert bar.height() == height, "nothing jumps"
    bar.field.selectAll()
    QTest.keyClick(bar.field, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: bar.tokens.text() == "", timeout=10_000)


def test_that_words_beyond_the_window_are_greyed_and_equal_ones_before_it_are_not(
    session: Session, bar: PromptBar, qtbot: QtBot, tmp_path: Path
) -> None:
    give(session, build_own_vocabulary_folder(tmp_path / "own"))
    type_into(bar, "left " * 22)
    qtbot.waitUntil(lambda: bar.tokens.text() == "24 of 24 tokens", timeout=10_000)
    assert brightness(bar, 21) > theme().colour("disabled").lightness() + 30
    type_into(bar, "left left")
    qtbot.waitUntil(lambda: bool(bar.note.text().startswith("Too long")), timeout=10_000)
    assert brightness(bar, 21) > theme().colour("disabled").lightness() + 30
    for word in (22, 23):
        assert brightness(bar, word) <= theme().colour("disabled").lightness() + 5


def test_that_words_an_encoder_cannot_spell_are_named_and_greyed(
    session: Session, bar: PromptBar, qtbot: QtBot, tmp_path: Path
) -> None:
    give(session, build_siglip_folder(tmp_path / "siglip"))
    bar.field.setFocus()
    bar.field.insert("left ☃ lung")
    qtbot.waitUntil(lambda: "☃" in bar.note.text(), timeout=10_000)
    assert bar.note.text() == "This encoder never met: ☃. Try other words."
    assert bar.tokens.text().endswith("of 64 tokens")
    faint = theme().colour("disabled").lightness()
    assert brightness(bar, 0) > faint + 30
    assert brightness(bar, 1) <= faint + 5
