from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot
from viewer_scans import open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.check_model import CheckModel
from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.widgets.check_page import CheckPage
from vlm_explorer.widgets.controls import Words
from vlm_explorer.widgets.saliency_bar import SaliencyBar
from vlm_explorer.widgets.theme import theme, themes

pytestmark = pytest.mark.slow


@pytest.fixture
def overlay(
    qtbot: QtBot, session: Session, tmp_path: Path, encoder: Encoder
) -> tuple[ActiveSaliency, SaliencyModel]:
    noise = np.random.default_rng(0).integers(-200, 200, (48, 80))
    ids = open_files(session, [write_scan(tmp_path / "a.dcm", ramp(48, 80, -500) // 4 + noise)])
    session.put(encoder=encoder, query=QueryState(text="a bright lung"))
    comparison = Comparison(session, session)
    overlays = {
        each: SaliencyModel(each, session) for each in (comparison.first, comparison.second)
    }
    session.select(ids)
    qtbot.waitUntil(lambda: comparison.first.loaded is not None)
    return ActiveSaliency(comparison, overlays, session), overlays[comparison.first]


@pytest.fixture
def page(
    qtbot: QtBot, session: Session, overlay: tuple[ActiveSaliency, SaliencyModel]
) -> CheckPage:
    page = CheckPage(CheckModel(session, overlay[0], session))
    qtbot.addWidget(page)
    page.resize(1040, 140)
    page.show()
    return page


def words(page: CheckPage) -> list[str]:
    return [label.text() for label in page.findChildren(Words) if label.isVisible()]


def test_that_a_check_is_run_by_keyboard_and_its_curves_are_drawn(
    qtbot: QtBot, page: CheckPage, overlay: tuple[ActiveSaliency, SaliencyModel]
) -> None:
    overlay[1].set_method("decomp")
    line = page._lines["insertion_deletion"]
    qtbot.waitUntil(line.run.isVisible, timeout=60_000)
    qtbot.waitUntil(lambda: page.all.isVisible(), timeout=60_000)
    assert line.run.accessibleName() == "Check: insertion, deletion"
    assert "Not checked" in words(page)
    before = page.deletion.grab().toImage()
    line.run.setFocus()
    qtbot.keyClick(line.run, Qt.Key.Key_Space)
    assert page.stop.isVisible()
    qtbot.waitUntil(lambda: page._model.deletion is not None, timeout=60_000)
    assert "Deletion" in line.says.accessibleName()
    assert page.deletion.accessibleDescription().endswith("random orders' mean.")
    drawn = page.deletion.grab().toImage()
    assert drawn != before
    colours = {
        drawn.pixelColor(x, y).name() for x in range(drawn.width()) for y in range(drawn.height())
    }
    assert theme().category(0).name() in colours
    themes.set_theme("light")
    assert page.deletion.grab().toImage() != drawn


def test_that_nothing_is_clipped_and_lines_lie_apart(
    qtbot: QtBot, page: CheckPage, overlay: tuple[ActiveSaliency, SaliencyModel]
) -> None:
    assert "Show a map" in page._empty.text()
    overlay[1].set_method("attention")
    qtbot.waitUntil(lambda: page._stack.currentIndex() == 0, timeout=60_000)
    lines = [line.title.geometry() for line in page._lines.values()]
    assert all(above.bottom() < below.top() for above, below in pairwise(lines))
    for line in page._lines.values():
        assert page.rect().contains(line.says.geometry())


def test_that_the_same_words_stand_beside_the_map(
    qtbot: QtBot, page: CheckPage, overlay: tuple[ActiveSaliency, SaliencyModel]
) -> None:
    bar = SaliencyBar(overlay[1])
    qtbot.addWidget(bar)
    bar.resize(400, 120)
    bar.show()
    overlay[1].set_method("decomp")
    qtbot.waitUntil(lambda: overlay[1].explanation is not None, timeout=60_000)
    marked = bar._mark.isVisible()
    assert marked == bool(overlay[1].caption.warnings)
    overlay[1].set_doubts(("This map hardly depends on the prompt.",))
    assert bar._mark.isVisible()
    assert bar._warnings.text().startswith("This map hardly depends on the prompt.")
