from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.viewmodels.words_model import WordsModel
from vlm_explorer.viewmodels.words_rows import View
from vlm_explorer.widgets.words_page import WordsPage

pytestmark = pytest.mark.slow

TEXT = "left pleural effusion"


@pytest.fixture
def page(qtbot: QtBot, session: Session, encoder: Encoder, tmp_path: Path) -> WordsPage:
    """The page, shown for a scan and a prompt."""
    noise = np.random.default_rng(0).integers(-200, 200, (48, 80))
    file = write_scan(tmp_path / "a.dcm", ramp(48, 80, -500) // 4 + noise)
    (image_id,) = open_files(session, [file])
    session.put(encoder=encoder, query=QueryState(text=TEXT))
    comparison = Comparison(session, session)
    both = comparison.first, comparison.second
    active = ActiveSaliency(
        comparison, {each: SaliencyModel(each, session) for each in both}, session
    )
    session.select([image_id])
    qtbot.waitUntil(lambda: comparison.first.loaded is not None)
    page = WordsPage(WordsModel(session, active, session))
    qtbot.addWidget(page)
    page.resize(900, 132)
    page.show()
    return page


def ready(qtbot: QtBot, page: WordsPage) -> Any:
    qtbot.waitUntil(lambda: len(page.bars.words) > 0, timeout=60_000)
    return page._model


def test_that_words_are_chosen_by_mouse_and_keys(qtbot: QtBot, page: WordsPage) -> None:
    model = ready(qtbot, page)
    left, pleural, _ = page.bars.words
    assert [word.accessibleName() for word in page.bars.words] == TEXT.split()
    assert all("cosine drop" in word.accessibleDescription() for word in page.bars.words)
    qtbot.mouseClick(pleural, Qt.MouseButton.LeftButton)
    assert model.chosen == range(1, 2)
    assert pleural.isChecked()
    assert not left.isChecked()
    qtbot.mouseClick(left, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier)
    assert model.chosen == range(2)
    qtbot.waitUntil(lambda: not model.mapping, timeout=60_000)
    assert page.back.isVisible()
    QTest.keyClick(pleural, Qt.Key.Key_Escape)
    assert model.chosen is None
    assert not page.back.isVisible()
    page.activateWindow()
    pleural.setFocus()
    QTest.keyClick(pleural, Qt.Key.Key_Left)
    assert left.hasFocus()
    QTest.keyClick(left, Qt.Key.Key_Return)
    assert model.chosen == range(1)
    QTest.keyClick(pleural, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert model.chosen == range(2)
    qtbot.mouseClick(page.bars.phrases[-1], Qt.MouseButton.LeftButton)
    assert model.chosen == range(1, 3)
    qtbot.waitUntil(lambda: not model.mapping, timeout=60_000)


def test_that_bars_rise_from_the_line_of_zero_and_sink_below_it(
    qtbot: QtBot, page: WordsPage
) -> None:
    model = ready(qtbot, page)
    picture = page.bars.grab().toImage()
    for word, bar in zip(page.bars.words, model.bars, strict=True):
        middle = word.mapTo(page.bars, QPoint(word.width() // 2, 0)).x()
        away = 2 if bar.extent < 0 else -2
        at_bar = picture.pixelColor(middle, round(word.zero) + away)
        beside = picture.pixelColor(middle + 14, round(word.zero) + away)
        assert (at_bar != beside) == (abs(bar.extent) > 0.2)
        if bar.extent > 0.2:
            assert at_bar.red() > at_bar.blue()
        if bar.extent < -0.2:
            assert at_bar.blue() > at_bar.red()


def test_that_long_prompts_scroll_to_the_word_in_focus_and_grey_what_is_not_read(
    qtbot: QtBot, page: WordsPage, session: Session
) -> None:
    model = ready(qtbot, page)
    session.put(query=QueryState(text="pleural effusion " * 50))
    qtbot.waitUntil(lambda: len(page.bars.words) == 100, timeout=60_000)
    read = sum(word.read for word in model.scores.words)
    assert 0 < read < 100
    assert f"{read} of 100 words read" in page.summary.text()
    last = page.bars.words[-1]
    assert last.bar.faded
    assert "Not read" in last.accessibleDescription()
    page.activateWindow()
    last.setFocus()
    qtbot.waitUntil(lambda: page._scroll.horizontalScrollBar().value() > 0)
    assert not last.visibleRegion().isEmpty()
    page.view.setCurrentIndex(page.view.findData(View.RELEVANCE))
    page.view.activated.emit(page.view.currentIndex())
    assert model.view is View.RELEVANCE
    page.hide()
    session.put(query=QueryState(text=""))
    page.show()
    assert "Type a prompt" in page._empty.text()
