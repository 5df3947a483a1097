"""A quiet table of words and figures, whose lines can be chosen and not changed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

_ROW = 24  # px


def lay_out_table(
    page: QWidget, head: Sequence[QWidget], words: QWidget | QLayout, *below: QWidget
) -> None:
    """Lay out a page: controls and words in a line, and what stands below, one in place of another.

    Args:
        words: what was measured; they take the rest of the line.
    """
    line = QHBoxLayout()
    line.setContentsMargins(12, 2, 12, 4)
    line.setSpacing(8)
    for part in head:
        line.addWidget(part)
    if isinstance(words, QLayout):
        line.addLayout(words, 1)
    else:
        line.addWidget(words, 1)
    layout = QVBoxLayout(page)
    layout.setContentsMargins(0, 0, 0, 4)
    layout.setSpacing(0)
    layout.addLayout(line)
    for part in below:
        layout.addWidget(part, 1)


class FigureTable(QTableWidget):
    """Words stand to the left, figures to the right; keys move from line to line."""

    def __init__(
        self, name: str, columns: Sequence[tuple[str, str]], parent: QWidget, *, words: int = 1
    ) -> None:
        """Make an empty table.

        Args:
            name: what it is, for those who cannot see it.
            columns: their titles and tool tips.
            parent: of the widget.
            words: how many of the first columns hold words; the others hold figures.
        """
        super().__init__(0, len(columns), parent)
        self._words_in = words
        for column, (title, tip) in enumerate(columns):
            item = QTableWidgetItem(title)
            item.setToolTip(tip)
            item.setTextAlignment(self._side(column))
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
        header.setHighlightSections(False)

    def set_titles(self, titles: Sequence[str]) -> None:
        """Call the columns otherwise."""
        for column, title in enumerate(titles):
            self.model().setHeaderData(column, Qt.Orientation.Horizontal, title)

    def show_rows(self, cells: Sequence[Sequence[str]], tips: Sequence[Sequence[str]]) -> None:
        """Show these lines, each cell with its tool tip; the line that is chosen stays so."""
        with QSignalBlocker(self):
            self.setRowCount(len(cells))
            for row, (line, told) in enumerate(zip(cells, tips, strict=True)):
                for column, (words, tip) in enumerate(zip(line, told, strict=True)):
                    item = self.item(row, column)
                    if item is None:
                        item = QTableWidgetItem()
                        item.setTextAlignment(self._side(column))
                        self.setItem(row, column, item)
                    item.setText(words)
                    item.setToolTip(tip)

    def _side(self, column: int) -> Qt.AlignmentFlag:
        left = column < self._words_in
        side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
        return side | Qt.AlignmentFlag.AlignVCenter
