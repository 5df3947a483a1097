"""The table of wordings: a line each, with the distribution of its scores and figures."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSignalBlocker,
    Qt,
)
from PySide6.QtGui import QFont, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from vlm_explorer.viewmodels.wording_rows import COLUMNS, Row, Spread, View
from vlm_explorer.widgets.theme import BODY, font, theme

_ROW = 24  # px
_PLOT_WIDTH = 188  # px
_PLOT, _FIGURE = 1, 2  # the column of the distribution, and the first of figures
_SPREAD = Qt.ItemDataRole.UserRole + 1


class WordingTable(QTableWidget):
    """A line a wording; keys move through it, Enter searches."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(0, len(COLUMNS[View.WORDINGS]), parent)
        self.setAccessibleName("What other wordings score")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.setItemDelegateForColumn(_PLOT, _SpreadDelegate(self))
        self.verticalHeader().setVisible(False)
        self.verticalHeader().setDefaultSectionSize(_ROW)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_PLOT, QHeaderView.ResizeMode.Fixed)
        header.resizeSection(_PLOT, _PLOT_WIDTH)

    def show_rows(self, view: View, rows: tuple[Row, ...]) -> None:
        """Show these lines; figures stand to the right."""
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        with QSignalBlocker(self):
            for column, (title, tip) in enumerate(COLUMNS[view]):
                item = QTableWidgetItem(title)
                item.setToolTip(tip)
                item.setTextAlignment(right if column >= _FIGURE else left)
                self.setHorizontalHeaderItem(column, item)
            self.setRowCount(len(rows))
            for number, row in enumerate(rows):
                self._show_row(number, row, right)

    def _show_row(self, number: int, row: Row, right: Qt.AlignmentFlag) -> None:
        name = QTableWidgetItem(row.name)
        name.setToolTip(f"{row.name} ({row.note})")
        if row.strong:
            name.setFont(font(BODY, QFont.Weight.DemiBold))
        if row.doubtful:
            name.setForeground(theme().colour("warning"))
        self.setItem(number, 0, name)
        plot = QTableWidgetItem()
        plot.setData(_SPREAD, row.spread)
        plot.setData(Qt.ItemDataRole.AccessibleTextRole, row.spread.words)
        plot.setToolTip(row.spread.words)
        self.setItem(number, _PLOT, plot)
        for column, words in enumerate(row.cells, _FIGURE):
            item = QTableWidgetItem(words)
            item.setTextAlignment(right)
            self.setItem(number, column, item)


class _SpreadDelegate(QStyledItemDelegate):
    """Draws a distribution: a line, a box, a dot for the median; images labelled so in accent."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Draw a cell."""
        super().paint(painter, option, index)
        spread = index.data(_SPREAD)
        if not isinstance(spread, Spread):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(option.rect).adjusted(8, 3, -8, -3)
        span = max(spread.high - spread.low, 1e-9)
        if spread.zero:
            painter.setPen(QPen(theme().colour("line"), 1))
            x = area.left() - spread.low / span * area.width()
            painter.drawLine(QPointF(x, option.rect.top()), QPointF(x, option.rect.bottom()))
        high = area.height() / len(spread.groups)
        for place, group in enumerate(spread.groups):
            role = "accent" if len(spread.groups) > 1 and place == 0 else "secondary"
            at = [area.left() + (value - spread.low) / span * area.width() for value in group]
            _box(painter, at, area.top() + (place + 0.5) * high, min(high - 2, 8), role)
        painter.restore()


def _box(painter: QPainter, at: list[float], y: float, high: float, role: str) -> None:
    colour = theme().colour(role)
    painter.setPen(QPen(colour, 1))
    painter.drawLine(QPointF(at[0], y), QPointF(at[4], y))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme().colour(role, 0.6))
    painter.drawRect(QRectF(at[1], y - high / 2, max(1.0, at[3] - at[1]), high))
    painter.setBrush(theme().colour("text"))
    painter.drawEllipse(QPointF(at[2], y), 2, 2)
