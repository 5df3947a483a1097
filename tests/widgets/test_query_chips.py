"""A query of several terms under the prompt: typed, dragged, dropped, pasted, weighed, removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot
from shell_collection import FakeEncoder, image_id

from vlm_explorer.queries.examples import Picture, Region, Several
from vlm_explorer.viewmodels.query_shelf import SAVED
from vlm_explorer.viewmodels.query_terms import is_expression
from vlm_explorer.viewmodels.results import IMAGE_MIME
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.qimages import to_pixels, to_qimage
from vlm_explorer.widgets.scan_texts import ScanTextsPanel

pytestmark = pytest.mark.slow

Settle = Callable[[Session], None]


@pytest.fixture(autouse=True)
def sees(monkeypatch: pytest.MonkeyPatch) -> None:
    """The encoder of these tests finds every picture to be the same."""

    def encode_images(self: FakeEncoder, images: list[np.ndarray]) -> np.ndarray:
        return self.encode_texts(["nodule"] * len(images))

    monkeypatch.setattr(FakeEncoder, "encode_images", encode_images, raising=False)


def enter(window: MainWindow, text: str) -> None:
    field = window.workspace.prompt.field
    field.clear()
    window.workspace.prompt.focus_field()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def drop(window: MainWindow, data: QMimeData) -> None:
    bar, copy = window.workspace.prompt, Qt.DropAction.CopyAction
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enters = QDragEnterEvent(QPoint(20, 20), copy, data, left, none)
    bar.dragEnterEvent(enters)
    assert enters.isAccepted()
    assert bar.note.text().startswith("Drop to search")
    bar.dropEvent(QDropEvent(QPointF(20, 20), copy, data, left, none))


def test_that_an_expression_becomes_chips_that_rank_as_it_says(
    opened: MainWindow, settle: Settle
) -> None:
    session, bar = opened.session, opened.workspace.prompt
    enter(opened, '2:"nodule" - "effusion"')
    settle(session)
    assert [(term.text, term.weight) for term in session.query.terms] == [
        ("nodule", 2.0),
        ("effusion", -1.0),
    ]
    assert bar.field.text() == ""
    assert [chip.accessibleName() for chip in bar.chips.chips] == [
        "“nodule”, counts for, weight 2",
        "“effusion”, counts against, weight 1",
    ]
    one, other = FakeEncoder().encode_texts(["nodule", "effusion"]).astype(np.float64)
    query = (2 * one - other) / np.linalg.norm(2 * one - other)
    vectors = session.collection.vectors().astype(np.float64)
    np.testing.assert_allclose(session.query.answer.cosine, vectors @ query, atol=1e-5)
    session.history.undo()
    assert not session.query.terms
    assert bar.chips.isHidden()


def test_that_a_mistake_in_an_expression_is_told_with_its_place(opened: MainWindow) -> None:
    bar = opened.workspace.prompt
    enter(opened, '"nodule" + effusion')
    assert "character 12" in bar.note.text()
    assert bar.note.property("role") == "annotation-warning"
    assert not opened.session.query.active
    bar.field.setText('"nodule"')
    assert bar.note.text() == "Enter searches for this term"
    assert bar.note.property("role") == "annotation"


@pytest.mark.parametrize(
    ("text", "meant"),
    [('"a"', True), ('2:"a"', True), ('- "a"', True), (' .5 : "', True), ("a 2", False),
     ("2: a", False), ("say “a”", False)],
)  # fmt: skip
def test_that_expressions_begin_with_a_quotation_mark_or_a_weight(text: str, meant: bool) -> None:
    assert is_expression(text) == meant


def test_that_chips_are_weighed_turned_and_removed_by_keys(
    opened: MainWindow, settle: Settle
) -> None:
    session, chips = opened.session, opened.workspace.prompt.chips
    enter(opened, '"nodule" + "effusion"')
    chips.chips[0].setFocus()
    QTest.keyClick(chips.chips[0], Qt.Key.Key_Up)
    QTest.keyClick(chips.chips[0], Qt.Key.Key_Minus)
    assert [term.weight for term in session.query.terms] == [-2.0, 1.0]
    QTest.keyClick(chips.chips[0], Qt.Key.Key_Delete)
    assert [term.text for term in session.query.terms] == ["effusion"]
    QTest.keyClick(opened.workspace.prompt.field, Qt.Key.Key_Backspace)
    assert not session.query.active
    for _ in range(2):
        session.history.undo()
    settle(session)
    assert [term.weight for term in session.query.terms] == [-2.0, 1.0]


def test_that_tiles_files_and_pictures_are_dropped_and_pasted(
    opened: MainWindow, tmp_path: Path, settle: Settle, qtbot: QtBot
) -> None:
    session, bar = opened.session, opened.workspace.prompt
    tile, files = QMimeData(), QMimeData()
    tile.setData(IMAGE_MIME, image_id(2).encode())
    drop(opened, tile)
    Image.fromarray(np.full((40, 40), 90, np.uint8)).save(tmp_path / "Doe^Jane.png")
    files.setUrls([QUrl.fromLocalFile(str(tmp_path / "Doe^Jane.png"))])
    drop(opened, files)
    pixels = np.random.default_rng(1).integers(0, 256, (31, 33, 3), dtype=np.uint8)
    QGuiApplication.clipboard().setImage(to_qimage(pixels))
    QTest.keySequence(bar.field, "Ctrl+V")
    settle(session)
    first, second, third = session.query.terms
    assert first.text == image_id(2)
    assert second.text.endswith("Doe^Jane.png")
    assert third.example == Picture.of(pixels)
    np.testing.assert_array_equal(to_pixels(to_qimage(pixels)), pixels)
    assert session.query.answer is not None
    said = [chip.accessibleName() + chip.toolTip() for chip in bar.chips.chips]
    assert not any("Doe" in words for words in (*said, session.query.words))
    assert "Doe" not in str(session.kept.values)


def test_that_a_text_and_an_image_are_balanced_by_a_slider(
    opened: MainWindow, settle: Settle
) -> None:
    session, chips = opened.session, opened.workspace.prompt.chips
    assert chips.balance.isHidden()
    session.search("nodule")
    settle(session)
    session.terms.add_images([image_id(3)])
    assert chips.balance.value() == 50
    QTest.keyClick(chips.balance, Qt.Key.Key_PageUp)
    assert sorted(term.weight for term in session.query.terms) == [0.4, 0.6]
    assert opened.workspace.prompt.field.text() == ""
    settle(session)
    session.terms.add_images([image_id(4)])
    assert chips.balance.isHidden()


def test_that_the_selection_is_searched_for_as_its_mean(opened: MainWindow) -> None:
    session = opened.session
    session.select([image_id(1), image_id(2)])
    opened.menu.actions["edit.like"].trigger()
    (term,) = session.query.terms
    assert term.example == Several((image_id(1), image_id(2)))


def test_that_results_are_ranked_as_chosen_and_say_what_changed(
    opened: MainWindow, settle: Settle
) -> None:
    session, strip = opened.session, opened.workspace.strip
    session.search("nodule")
    settle(session)
    strip.ranking.choose("rank_by", "csls")
    strip.ranking.choose("per", "patient")
    settle(session)
    assert session.query.answer.ranking.per == "patient"
    assert strip.results.model.rowCount() == len(session.query.answer.hits)
    assert "by CSLS, best of each patient" in strip.summary.text()
    assert "top" in strip.ranking.words
    over = session.query.answer.ranked.over
    assert over.captions == over.all_captions > 0
    said = f"ubs counted over {over.captions:,} of {over.all_captions:,} captions"
    assert said in strip.summary.text()
    assert said in strip.ranking.words
    strip.open_options()
    session.history.undo()
    session.history.undo()
    settle(session)
    assert session.query.answer.ranked is None
    assert strip.ranking.is_plain


def test_that_queries_are_kept_by_name_only_when_saved(opened: MainWindow, settle: Settle) -> None:
    session = opened.session
    enter(opened, '2:"nodule" + "effusion"')
    assert SAVED not in session.kept.values
    session.shelf.save("both")
    asked = session.query.asked
    session.clear_query()
    session.shelf.recall("both")
    settle(session)
    assert session.query.asked == asked
    session.shelf.forget("both")
    assert session.shelf.saved == {}


def test_that_the_texts_that_describe_a_scan_are_listed_and_searched_for(
    opened: MainWindow, settle: Settle
) -> None:
    session = opened.session
    session.select([image_id(3)], image_id(3))
    session.search("effusion")
    settle(session)
    opened.menu.actions["edit.texts"].trigger()
    settle(session)
    panel = opened.findChild(ScanTextsPanel)
    rows = [row.findChild(QPushButton) for row in panel.findChildren(QWidget)]
    buttons = [button for button in rows if button is not None]
    named = {button.accessibleName().split(",")[0] for button in buttons}
    assert "effusion" in named
    assert "unrelated prompts with this scan" in panel.words.text()
    first = next(b for b in buttons if b.accessibleName().startswith("effusion,"))
    first.click()
    assert session.query.text == "effusion"


def test_that_the_marked_region_of_the_scan_is_searched_for(
    opened: MainWindow, settle: Settle
) -> None:
    session, viewer = opened.session, opened.workspace.viewer
    session.select([image_id(3)], image_id(3))
    settle(session)
    model = viewer.model
    model.search_region(None)
    assert not session.query.active
    model.search_region((2.0, 3.0, 30.4, 40.0))
    (term,) = session.query.terms
    assert term.example == Region(image_id(3), (2, 3, 30, 40))
    assert session.query.words == "region"
