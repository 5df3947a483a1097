from __future__ import annotations

import pytest
from PySide6.QtGui import QFontMetricsF
from pytestqt.qtbot import QtBot

from vlm_explorer.widgets.controls import Words, broken, choice_box
from vlm_explorer.widgets.theme import BODY, font

SENTENCE = "How well each patch alone fits the prompt"


@pytest.mark.parametrize("width", [60.0, 120.0, 240.0, 1000.0])
@pytest.mark.parametrize("most", [1, 2, 5])
def test_that_a_broken_text_fits_and_loses_nothing_while_it_has_lines(
    qtbot: QtBot, width: float, most: int
) -> None:
    metrics = QFontMetricsF(font(BODY))
    lines = broken(SENTENCE, metrics, width, most)
    assert 1 <= len(lines) <= most
    assert all(metrics.horizontalAdvance(line) <= width for line in lines)
    assert " ".join(lines) == SENTENCE or (len(lines) == most and lines[-1].endswith("…"))
    assert broken("", metrics, width, most) == []


def test_that_words_of_two_lines_elide_only_what_these_cannot_hold(qtbot: QtBot) -> None:
    metrics = QFontMetricsF(font(BODY))
    one, two = Words(SENTENCE), Words(SENTENCE, lines=2)
    for label in (one, two):
        qtbot.addWidget(label)
        label.setFont(font(BODY))
        label.resize(int(metrics.horizontalAdvance(SENTENCE) * 0.7), 40)
        label.show()
        label.grab()
    assert one.toolTip() == SENTENCE
    assert two.toolTip() == ""
    two.resize(60, 40)
    two.grab()
    assert two.toolTip() == SENTENCE


def test_that_a_box_elides_its_choice_and_tells_the_whole_in_its_tool_tip(qtbot: QtBot) -> None:
    box = choice_box("Templates", [("a", SENTENCE), ("b", "Short")])
    qtbot.addWidget(box)
    box.resize(120, 30)
    box.show()
    box.grab()
    assert box.toolTip() == SENTENCE
    box.setCurrentIndex(1)
    box.grab()
    assert box.toolTip() == ""
    box.setToolTip("What the owner says")
    box.setCurrentIndex(0)
    cut = box.grab().toImage()
    assert box.toolTip() == "What the owner says"
    box.setItemText(0, SENTENCE[:-1])
    assert box.grab().toImage() == cut, "what does not fit is not drawn"
