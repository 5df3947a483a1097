"""The grid of tiles: places that are reckoned, keys, selection, and no look at what is not seen."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPoint, QRect, QSize, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from vlm_explorer.widgets.tile_view import TileView

TILE = QSize(50, 40)
COLUMNS, LINES = 6, 5  # that are seen
LEFT = Qt.MouseButton.LeftButton


class Numbers(QAbstractListModel):
    """Numbers from 0; notes which were asked for."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.asked: set[int] = set()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:
        return 0 if parent.isValid() else self.count

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        self.asked.add(index.row())
        return str(index.row()) if role == Qt.ItemDataRole.DisplayRole else None

    def become(self, count: int) -> None:
        self.beginResetModel()
        self.count = count
        self.endResetModel()


@pytest.fixture
def numbers() -> Numbers:
    return Numbers(100)


@pytest.fixture
def view(qtbot: QtBot, numbers: Numbers) -> TileView:
    view = TileView(TILE)
    view.setModel(numbers)
    view.setSelectionMode(TileView.SelectionMode.ExtendedSelection)
    qtbot.addWidget(view)
    view.show()
    view.resize(view.size() + QSize(COLUMNS * 50 + 10, LINES * 40) - view.viewport().size())
    qtbot.waitExposed(view)
    assert view.columns == COLUMNS
    return view


def chosen(view: TileView) -> list[int]:
    return sorted(index.row() for index in view.selectionModel().selectedIndexes())


def click(view: TileView, row: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier(0)) -> None:
    at = view.visualRect(view.model().index(row, 0)).center()
    QTest.mouseClick(view.viewport(), LEFT, keys, at)


def test_that_tiles_lie_in_lines_and_are_found_where_they_lie(view: TileView) -> None:
    assert view.visualRect(view.model().index(8, 0)) == QRect(QPoint(100, 40), TILE)
    for row in range(COLUMNS * LINES):
        rect = view.visualRect(view.model().index(row, 0))
        assert view.indexAt(rect.topLeft()).row() == view.indexAt(rect.bottomRight()).row() == row
    assert not view.indexAt(QPoint(COLUMNS * 50 + 5, 10)).isValid()
    view.scrollToBottom()
    assert view.visualRect(view.model().index(99, 0)).bottom() == view.viewport().height() - 1
    assert not view.indexAt(QPoint(4 * 50 + 1, view.viewport().height() - 1)).isValid()


def test_that_only_tiles_that_are_seen_are_asked_for(qtbot: QtBot, view: TileView) -> None:
    model = view.model()
    assert isinstance(model, Numbers)
    model.asked.clear()
    model.become(3_000_000)
    view.viewport().repaint()
    assert model.asked <= set(range(COLUMNS * (LINES + 1)))
    view.scrollTo(model.index(2_000_000, 0))
    model.asked.clear()
    view.viewport().repaint()
    assert 2_000_000 in model.asked
    assert len(model.asked) <= COLUMNS * (LINES + 1)


@pytest.mark.parametrize(
    ("key", "start", "end"),
    [
        (Qt.Key.Key_Right, 5, 6),
        (Qt.Key.Key_Left, 6, 5),
        (Qt.Key.Key_Left, 0, 0),
        (Qt.Key.Key_Down, 5, 11),
        (Qt.Key.Key_Down, 98, 98),
        (Qt.Key.Key_Up, 11, 5),
        (Qt.Key.Key_Up, 3, 3),
        (Qt.Key.Key_PageDown, 2, 2 + COLUMNS * LINES),
        (Qt.Key.Key_PageDown, 90, 99),
        (Qt.Key.Key_PageUp, 7, 1),
        (Qt.Key.Key_Home, 50, 0),
        (Qt.Key.Key_End, 50, 99),
    ],
)
def test_that_keys_lead_to_the_neighbour_and_into_sight(
    view: TileView, key: Qt.Key, start: int, end: int
) -> None:
    view.setCurrentIndex(view.model().index(start, 0))
    QTest.keyClick(view, key)
    assert view.currentIndex().row() == end
    assert chosen(view) == [end]
    assert view.viewport().rect().contains(view.visualRect(view.currentIndex()))


def test_that_clicks_select_one_add_one_and_select_a_rectangle(view: TileView) -> None:
    click(view, 7)
    assert chosen(view) == [7]
    click(view, 9, Qt.KeyboardModifier.ControlModifier)
    assert chosen(view) == [7, 9]
    click(view, 7)
    click(view, 14, Qt.KeyboardModifier.ShiftModifier)
    assert chosen(view) == [7, 8, 13, 14]
    QTest.mouseClick(view.viewport(), LEFT, pos=QPoint(COLUMNS * 50 + 5, 10))
    assert chosen(view) == []


def test_that_fewer_tiles_leave_no_empty_screen(view: TileView) -> None:
    view.scrollToBottom()
    model = view.model()
    assert isinstance(model, Numbers)
    model.become(3)
    view.doItemsLayout()
    assert view.verticalScrollBar().maximum() == 0
    assert view.visualRect(model.index(0, 0)).top() == 0


def test_that_the_first_line_stays_in_sight_when_the_width_changes(view: TileView) -> None:
    view.verticalScrollBar().setValue(10 * 40)
    first = view.indexAt(QPoint(1, 1)).row()
    view.resize(view.width() - 3 * 50, view.height())
    assert view.columns == COLUMNS - 3
    seen = view.visualRect(view.model().index(first, 0))
    assert view.viewport().rect().contains(seen)
