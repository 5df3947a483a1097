"""A list as a grid of equal tiles, whose places are reckoned and never laid out.

`QListView` asks for every item when it lays out, at each reset of its model: 0.8 s for 100,000
images. Here only the tiles that are seen are ever asked for, so that a million of them cost no more
than a hundred.
"""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QCursor, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyleOptionViewItem,
    QWidget,
)

Index = QModelIndex | QPersistentModelIndex
Move = QAbstractItemView.CursorAction
Hint = QAbstractItemView.ScrollHint
_MOST_HIGH = 2**31 - 1  # pixels that a scroll bar can count


class TileView(QListView):
    """A grid of tiles of one size, from left to right and from top to bottom."""

    def __init__(self, tile: QSize, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tile = tile
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def set_tile(self, tile: QSize) -> None:
        """Give the tiles another size."""
        if tile != self._tile:
            self._tile = tile
            self.doItemsLayout()

    @property
    def columns(self) -> int:
        """How many tiles lie side by side."""
        return max(1, self.viewport().width() // self._tile.width())

    # Where tiles lie

    def _count(self) -> int:
        model = self.model()
        return 0 if model is None else model.rowCount()

    def visualRect(self, index: Index) -> QRect:
        """Return where a tile is in the viewport, seen or not."""
        if not index.isValid():
            return QRect()
        line, column = divmod(index.row(), self.columns)
        at = QPoint(column * self._tile.width(), line * self._tile.height() - self._scrolled())
        return QRect(at, self._tile)

    def indexAt(self, point: QPoint) -> QModelIndex:
        """Return the tile at a point of the viewport, or no index."""
        column = point.x() // self._tile.width()
        row = (point.y() + self._scrolled()) // self._tile.height() * self.columns + column
        inside = 0 <= column < self.columns and 0 <= row < self._count()
        return self.model().index(row, 0) if inside else QModelIndex()

    def _scrolled(self) -> int:
        return self.verticalScrollBar().value()

    def _rows_seen(self, area: QRect) -> range:
        """Return the rows of whole lines that reach into a part of the viewport."""
        first = (area.top() + self._scrolled()) // self._tile.height()
        last = (area.bottom() + self._scrolled()) // self._tile.height()
        return range(max(0, first * self.columns), min(self._count(), (last + 1) * self.columns))

    # What QListView would lay out

    def doItemsLayout(self) -> None:
        """Take the number of tiles as it is now."""
        self.updateGeometries()
        self.viewport().update()

    def updateGeometries(self) -> None:
        """Have the scroll bar reach to the last line."""
        bar, height = self.verticalScrollBar(), self.viewport().height()
        lines = -(-self._count() // self.columns)
        bar.setRange(0, min(max(0, lines * self._tile.height() - height), _MOST_HIGH))
        bar.setPageStep(height)
        bar.setSingleStep(self._tile.height() // 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the first line that was seen in sight."""
        before = max(1, event.oldSize().width() // self._tile.width())
        seen = self._scrolled() // self._tile.height() * before
        QWidget.resizeEvent(self, event)
        self.updateGeometries()
        if self.columns != before and event.oldSize().isValid():
            self.verticalScrollBar().setValue(seen // self.columns * self._tile.height())

    def scrollTo(self, index: Index, hint: Hint = Hint.EnsureVisible) -> None:
        """Bring a tile into sight, by as little as need be."""
        if not index.isValid():
            return
        self.updateGeometries()
        tile, bar = self.visualRect(index), self.verticalScrollBar()
        height = self.viewport().height()
        if hint == Hint.PositionAtCenter:
            bar.setValue(bar.value() + tile.center().y() - height // 2)
        elif tile.top() < 0 or hint == Hint.PositionAtTop:
            bar.setValue(bar.value() + tile.top())
        elif tile.bottom() >= height or hint == Hint.PositionAtBottom:
            bar.setValue(bar.value() + tile.bottom() + 1 - height)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the tiles that are seen."""
        painter = QPainter(self.viewport())
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        plain = option.state & ~(QStyle.StateFlag.State_MouseOver | QStyle.StateFlag.State_HasFocus)
        at = self.viewport().mapFromGlobal(QCursor.pos())
        hovered = self.indexAt(at) if self.viewport().underMouse() else QModelIndex()
        current, selection = self.currentIndex(), self.selectionModel()
        for row in self._rows_seen(event.rect()):
            index = self.model().index(row, 0)
            option.rect = self.visualRect(index)
            option.state = plain
            if selection.isSelected(index):
                option.state |= QStyle.StateFlag.State_Selected
            if index == hovered:
                option.state |= QStyle.StateFlag.State_MouseOver
            if index == current and self.hasFocus():
                option.state |= QStyle.StateFlag.State_HasFocus
            self.itemDelegate().paint(painter, option, index)
        painter.end()

    # Keys and selection

    def moveCursor(self, action: Move, _modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """Return the tile that a key leads to."""
        count, columns, row = self._count(), self.columns, self.currentIndex().row()
        if not count:
            return QModelIndex()
        page = max(1, self.viewport().height() // self._tile.height()) * columns
        steps = {
            Move.MoveLeft: -1,
            Move.MovePrevious: -1,
            Move.MoveRight: 1,
            Move.MoveNext: 1,
            Move.MoveUp: -columns,
            Move.MoveDown: columns,
            Move.MovePageUp: -page,
            Move.MovePageDown: page,
        }
        if row < 0 or action == Move.MoveHome:
            return self.model().index(0, 0)
        if action == Move.MoveEnd:
            return self.model().index(count - 1, 0)
        wanted = row + steps[action]
        if action in (Move.MovePageUp, Move.MovePageDown):
            wanted = min(max(wanted, row % columns), count - 1)
        return self.model().index(wanted if 0 <= wanted < count else row, 0)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """Select the tiles that a rectangle in the viewport touches."""
        area, chosen = rect.normalized(), QItemSelection()
        first = max(0, area.left() // self._tile.width())
        last = min(self.columns - 1, area.right() // self._tile.width())
        for start in self._rows_seen(area)[:: self.columns] if first <= last else ():
            end = min(start + last, self._count() - 1)
            if start + first <= end:
                model = self.model()
                chosen.select(model.index(start + first, 0), model.index(end, 0))
        self.selectionModel().select(chosen, command)

    def visualRegionForSelection(self, _selection: QItemSelection) -> QRegion:
        """Return what is drawn anew when the selection changes."""
        return QRegion(self.viewport().rect())
