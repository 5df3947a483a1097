"""The tab of the review, by keys and pointer, in the real window."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from vlm_explorer.viewmodels.review import Stage
from vlm_explorer.viewmodels.review_checks import CAPTIONS, CHECKS, OUTLIERS, PAIRS
from vlm_explorer.viewmodels.review_list import IMAGE_IDS, VERDICT
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.review_panel import EMPTY, FAILED, LIST, ReviewPanel
from vlm_explorer.widgets.strip import REVIEW
from vlm_explorer.widgets.theme import themes

pytestmark = pytest.mark.slow

Settle = Callable[[Session], None]
Key = Qt.Key


@pytest.fixture
def panel(opened: MainWindow, settle: Settle) -> ReviewPanel:
    """The tab on the small collection, with pairs from a cosine of 0.9 on."""
    opened.workspace.strip.show_tab(REVIEW)
    settle(opened.session)
    panel = opened.workspace.strip.review
    panel.review.set_threshold(0.9)
    panel.view.setFocus()
    return panel


def press(panel: ReviewPanel, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
    QTest.keyClick(panel.view, key, modifier or Qt.KeyboardModifier.NoModifier)


def verdict(panel: ReviewPanel, row: int) -> object:
    return panel.model.index(row).data(VERDICT)


def page(panel: ReviewPanel) -> int:
    return panel._stack.currentIndex()


def test_that_enter_shows_a_pair_side_by_side(
    panel: ReviewPanel, opened: MainWindow, settle: Settle
) -> None:
    press(panel, Key.Key_Return)
    settle(opened.session)
    left, right = panel.model.image_ids(0)
    comparison = opened.workspace.viewer.comparison
    assert comparison.comparing
    assert (comparison.first.image_id, comparison.second.image_id) == (left, right)
    assert opened.session.selection.ids == {left, right}
    comparison.activate_other()
    press(panel, Key.Key_Right)
    press(panel, Key.Key_Return)
    settle(opened.session)
    pair = panel.model.image_ids(1)
    assert (comparison.first.image_id, comparison.second.image_id) == pair


def test_that_keys_mark_and_go_on(panel: ReviewPanel, opened: MainWindow, settle: Settle) -> None:
    count = panel.model.rowCount()
    assert count > 5
    press(panel, Key.Key_K)
    press(panel, Key.Key_D)
    press(panel, Key.Key_D, Qt.KeyboardModifier.ShiftModifier)
    press(panel, Key.Key_N)
    assert [verdict(panel, row) for row in range(5)] == [
        "keep", "drop", "drop first", "not sure", None,
    ]  # fmt: skip
    assert panel.row == 4
    assert panel.progress.text() == f"4 of {count:,} reviewed"
    press(panel, Key.Key_Backspace)
    assert verdict(panel, 3) is None
    assert panel.row == 3
    assert panel.progress.text() == f"3 of {count:,} reviewed"
    settle(opened.session)


def test_that_a_mark_opens_the_next_where_its_pair_was_open(
    panel: ReviewPanel, opened: MainWindow, settle: Settle
) -> None:
    press(panel, Key.Key_K)
    assert not opened.workspace.viewer.comparison.comparing
    press(panel, Key.Key_Return)
    press(panel, Key.Key_K)
    settle(opened.session)
    comparison = opened.workspace.viewer.comparison
    assert panel.row == 2
    assert (comparison.first.image_id, comparison.second.image_id) == panel.model.image_ids(2)


def test_that_the_slider_moves_the_limit_and_the_count(panel: ReviewPanel) -> None:
    slider = panel.choice.slider.slider
    found = panel.review.findings
    assert found is not None
    slider.setFocus()
    QTest.keyClick(slider, Key.Key_Home)
    assert panel.review.threshold == pytest.approx(found.least)
    assert panel.model.rowCount() == len(found.values)
    QTest.keyClick(slider, Key.Key_End)
    assert panel.review.threshold == pytest.approx(found.most)
    before = panel.review.threshold
    QTest.keyClick(slider, Key.Key_Left)
    assert panel.review.threshold < before
    assert panel.sentence.text().startswith(f"{panel.model.rowCount():,} pair")
    assert "at cosine" in slider.accessibleDescription()


def test_that_none_reaching_the_limit_is_said(panel: ReviewPanel) -> None:
    panel.review.set_threshold(1.0)
    assert panel.model.rowCount() == 0
    assert page(panel) == EMPTY
    assert "Move it to the left" in panel._empty.text()
    assert not panel._buttons["keep"].isEnabled()
    panel.review.set_threshold(0.9)
    assert page(panel) == LIST


@pytest.mark.parametrize("check", [OUTLIERS, CAPTIONS])
def test_that_a_single_image_is_opened_alone(
    panel: ReviewPanel, opened: MainWindow, settle: Settle, check: str
) -> None:
    QTest.mouseClick(panel.choice.checks[check], Qt.MouseButton.LeftButton)
    settle(opened.session)
    found = panel.review.findings
    assert found is not None
    panel.review.set_threshold(found.least)
    panel.view.setFocus()
    assert panel.view.selectionModel().isRowSelected(0)
    press(panel, Key.Key_Return)
    assert opened.session.selection.current == panel.model.image_ids(0)[0]
    press(panel, Key.Key_D, Qt.KeyboardModifier.ShiftModifier)
    assert verdict(panel, 0) == "drop"
    assert panel.choice.across.isVisible() == (check == OUTLIERS)
    settle(opened.session)


def test_that_select_all_listed_selects_them_on_the_map(
    panel: ReviewPanel, opened: MainWindow
) -> None:
    press(panel, Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    rows = range(panel.model.rowCount())
    listed = {key for row in rows for key in panel.model.index(row).data(IMAGE_IDS)}
    assert opened.session.selection.ids == listed


def test_that_marks_are_exported_where_the_user_says(
    panel: ReviewPanel,
    opened: MainWindow,
    settle: Settle,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not panel._buttons["export"].isEnabled()
    press(panel, Key.Key_K)
    place = tmp_path / "marks.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(place), ""))
    QTest.mouseClick(panel._buttons["export"], Qt.MouseButton.LeftButton)
    settle(opened.session)
    with place.open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["check"], row["mark"]) == (PAIRS, "keep")


def test_that_a_failure_is_said_with_a_way_on(
    panel: ReviewPanel, opened: MainWindow, settle: Settle, caplog: pytest.LogCaptureFixture
) -> None:
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.collection.writer import CollectionWriter

    content = opened.session.content
    assert content is not None
    folder = content.collection.folder
    with CollectionWriter(folder) as writer:
        writer.set_texts([])
    opened.session.close()
    opened.session.open(folder)
    settle(opened.session)
    assert Collection(folder).texts.num_rows == 0
    panel.review.choose(CAPTIONS)
    settle(opened.session)
    assert panel.review.stage is Stage.FAILED
    assert page(panel) == FAILED
    assert "has a caption" in panel._failed.words.text()
    QTest.mouseClick(panel._failed.again, Qt.MouseButton.LeftButton)
    settle(opened.session)
    assert page(panel) == FAILED
    caplog.clear()


def test_that_the_tab_is_empty_without_a_collection(window: MainWindow, settle: Settle) -> None:
    panel = window.workspace.strip.review
    assert page(panel) == EMPTY
    assert panel._empty.text() == "No images"
    assert not any(button.isEnabled() for button in panel._buttons.values())


def test_that_every_control_has_a_name(panel: ReviewPanel) -> None:
    for button in panel._buttons.values():
        assert button.accessibleName()
        assert button.toolTip()
    assert panel.view.accessibleName()
    assert panel.choice.slider.slider.accessibleName()
    assert {panel.choice.checks[check].text() for check in CHECKS} == {
        "Near-duplicates", "Outliers", "Mis-paired",
    }  # fmt: skip


def test_that_every_check_is_drawn_in_both_themes(
    panel: ReviewPanel, opened: MainWindow, settle: Settle
) -> None:
    press(panel, Key.Key_K)
    for check in CHECKS:
        panel.review.choose(check)
        settle(opened.session)
        found = panel.review.findings
        assert found is not None
        panel.review.set_threshold(found.least)
        pictures = []
        for name in ("dark", "light"):
            themes.set_theme(name)
            settle(opened.session)
            pictures.append(panel.grab().toImage())
        assert pictures[0] != pictures[1]
        assert page(panel) == LIST


def test_that_a_whole_line_of_tiles_fits_into_the_strip_as_it_is_at_first(
    panel: ReviewPanel, opened: MainWindow
) -> None:
    opened.resize(QSize(1280, 800))
    tile = panel.view.visualRect(panel.model.index(0))
    assert tile.top() == 0
    assert tile.bottom() < panel.view.viewport().height()
    assert panel.view.indexAt(QPoint(5, 5)).row() == 0
