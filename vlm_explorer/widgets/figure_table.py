"""A table of figures: keys move through it, nothing can be changed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from vlm_explorer.viewmodels.evaluate_words import FigureRow
from vlm_explorer.widgets.theme import BODY, font

_ROW = 24  # px
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class FigureTable(QTableWidget):
    """A line a row; words to the left, figures to the right."""

    def __init__(
        self,
        name: str,
        columns: Sequence[tuple[str, str]],
        words: int = 1,
        parent: QWidget | None = None,
    ) -> None:
        """Begin without rows.

        Args:
            columns: title and tool tip of each.
            words: how many of them, from the left, hold words.
        """
        super().__init__(0, len(columns), parent)
        self._words = words
        for column, (title, tip) in enumerate(columns):
            item = QTableWidgetItem(title)
            item.setToolTip(tip)
            item.setTextAlignment(_LEFT if column < words else _RIGHT)
            self.setHorizontalHeaderItem(column, item)
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.verticalHeader().setVisible(False)
        self.verticalHeader().setDefaultSectionSize(_ROW)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(64)
        header.setHighlightSections(False)

    def set_titles(self, titles: Sequence[str]) -> None:
        """Call the columns otherwise."""
        for column, title in enumerate(titles):
            self.horizontalHeaderItem(column).setText(title)

    def show_rows(self, rows: Sequence[FigureRow], strong: int | None = None) -> None:
        """Show these lines, one of them in bold."""
        with QSignalBlocker(self):
            self.setRowCount(len(rows))
            for number, row in enumerate(rows):
                for column, words in enumerate(row.cells):
                    item = QTableWidgetItem(words)
                    item.setToolTip(row.tips[column])
                    item.setTextAlignment(_LEFT if column < self._words else _RIGHT)
                    if number == strong:
                        item.setFont(font(BODY, QFont.Weight.DemiBold))
                    self.setItem(number, column, item)
