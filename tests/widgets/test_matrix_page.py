from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from shell_collection import image_id

from vlm_explorer.viewmodels.matrix_model import MatrixModel
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.matrix_page import MatrixPage
from vlm_explorer.widgets.theme import themes
from vlm_explorer.widgets.thumbnail_painter import ThumbnailPainter

pytestmark = pytest.mark.slow


@pytest.fixture
def page(
    qtbot: QtBot, shell_session: Session, small: Path, settle: Callable[[Session], None]
) -> MatrixPage:
    """The page, shown, with six images selected."""
    shell_session.open(small)
    settle(shell_session)
    shell_session.select([image_id(n) for n in range(6)], image_id(0))
    painter = ThumbnailPainter(shell_session, Thumbnails(shell_session, shell_session))
    page = MatrixPage(MatrixModel(shell_session, shell_session), painter)
    qtbot.addWidget(page)
    page.resize(1000, 160)
    page.show()
    qtbot.waitUntil(lambda: page._model.shown is not None, timeout=30_000)
    return page


def test_that_arrows_move_over_the_matrix_and_enter_opens_both(page: MatrixPage) -> None:
    model, matrix = page._model, page.matrix
    rows, columns = model.shown.cosine.shape
    QTest.keyClick(matrix, Qt.Key.Key_Right)
    QTest.keyClick(matrix, Qt.Key.Key_Down)
    assert model.cell == (1, 1)
    QTest.keyClick(matrix, Qt.Key.Key_End)
    QTest.keyClick(matrix, Qt.Key.Key_PageDown)
    assert model.cell == (rows - 1, columns - 1)
    words = matrix.accessibleDescription()
    assert model.shown.rows[-1].name in words
    assert model.shown.columns[-1].name in words
    assert "cosine" in words
    QTest.keyClick(matrix, Qt.Key.Key_Return)
    assert model._session.query.text == model.shown.columns[-1].name
    assert model._session.selection.current == model.shown.rows[-1].image_id


def test_that_the_pointer_looks_and_a_click_opens(qtbot: QtBot, page: MatrixPage) -> None:
    model, matrix = page._model, page.matrix
    place = matrix.rect_of(2, 1).center().toPoint()
    qtbot.mouseMove(matrix, place)
    assert model.cell == (2, 1)
    assert page.side.numbers.text() == model.cell_words
    assert model.shown.columns[1].name in page.side.second.text()
    qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=matrix.rect_of(3, 0).center().toPoint())
    assert model._session.selection.current == model.shown.rows[3].image_id
    qtbot.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=QPoint(2, 40))  # beside the cells
    assert model.cell == (3, 0)


def test_that_each_cell_has_the_colour_of_its_value(page: MatrixPage) -> None:
    matrix, shown = page.matrix, page._model.shown
    page._model.look_at(5, 5)
    picture = matrix.grab().toImage()
    wanted = shown.picture(themes.current.dark)
    for row, column in ((0, 0), (1, 2), (2, 0)):
        if shown.is_pair(row, column):
            continue
        found = picture.pixelColor(matrix.rect_of(row, column).center().toPoint())
        assert found.getRgb()[:3] == tuple(wanted[row, column])


def test_that_the_slider_is_heard_and_says_where_it_stands(page: MatrixPage) -> None:
    slider = page.side.slider.slider
    before = page._model.temperature, page.side.loss.text()
    QTest.keyClick(slider, Qt.Key.Key_Right)
    assert page._model.temperature > before[0]
    assert page.side.loss.text() != before[1]
    assert "the model's own 0.05" in slider.accessibleDescription()
    QTest.keyClick(slider, Qt.Key.Key_End)
    assert page._model.temperature == pytest.approx(2)


def test_that_texts_are_typed_and_every_control_is_named(qtbot: QtBot, page: MatrixPage) -> None:
    qtbot.keyClicks(page.typed, "head; chest")
    QTest.keyClick(page.typed, Qt.Key.Key_Return)
    assert page._model.typed == ("head", "chest")
    assert page.kinds["typed"].isChecked()
    page.view.setCurrentIndex(2)
    page.view.activated.emit(2)
    assert page._model.view == "texts"
    for control in (page.view, page.scale, page.typed, page.matrix, page.side.slider.slider):
        assert control.accessibleName()
    page.hide()
    page._model._session.select([])
    page.show()
    assert "Select images" in page._empty.text()
    assert not page.select.isHidden()
