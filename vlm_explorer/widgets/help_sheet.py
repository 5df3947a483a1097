"""The help sheet: every key, by pane, from the table of actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement, groupby, pairwise

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from vlm_explorer.widgets.actions import ActionRow
from vlm_explorer.widgets.controls import IconButton, Words
from vlm_explorer.widgets.sheets import Sheet

COLUMNS = 3


KEYS = 96  # px, width of the column of keys
FOLDED = 4  # so many actions of one family ("Window: lung") become one line


def key_cap(row: ActionRow) -> str:
    """Return the first shortcut of an action as the user's system spells it."""
    native = QKeySequence.SequenceFormat.NativeText
    return row.sequences[0].toString(native) if row.sequences else ""


def key_lines(rows: Sequence[ActionRow]) -> list[tuple[str, str]]:
    """Return keys and titles; neighbours of one family are folded: "0 … 9", "Window: …"."""
    lines: list[tuple[str, str]] = []
    keyed = [row for row in rows if row.shortcut]
    for family, members in groupby(keyed, lambda row: row.title.partition(": ")[0]):
        found = list(members)
        if len(found) >= FOLDED:
            titles = ", ".join(row.title.partition(": ")[2] for row in found)
            lines.append((f"{key_cap(found[0])} … {key_cap(found[-1])}", f"{family}: {titles}"))
        else:
            lines += [(key_cap(row), row.title) for row in found]
    return lines


class HelpSheet(Sheet):
    """Keys by pane, in columns."""

    def __init__(self, host: QWidget, panes: Mapping[str, Sequence[ActionRow]]) -> None:
        super().__init__(host, 1040)
        close = IconButton("ph.x", "Close the help", "Esc", parent=self.panel)
        close.clicked.connect(self.dismiss)
        head = QHBoxLayout()
        head.addWidget(Words("Keys", "title", parent=self.panel), 1)
        head.addWidget(close)
        self.column.addLayout(head)
        columns = QHBoxLayout()
        columns.setSpacing(40)
        for part in _spread(panes, COLUMNS):
            column = QVBoxLayout()
            column.setSpacing(16)
            for name, lines in part:
                column.addLayout(self._pane(name, lines))
            column.addStretch(1)
            columns.addLayout(column, 1)
        content = QWidget()
        content.setLayout(columns)
        columns.setContentsMargins(0, 0, 8, 0)
        area = QScrollArea(self.panel)
        area.setWidget(content)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for each in (area, area.viewport(), content):
            each.setProperty("clear", True)
            each.setAutoFillBackground(False)
        self._height = content.sizeHint().height() + 96
        self.column.addWidget(area, 1)

    def _pane(self, name: str, lines: Sequence[tuple[str, str]]) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(Words(name, "heading", parent=self.panel))
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        grid.setColumnMinimumWidth(0, KEYS)
        for place, (keys, title) in enumerate(lines):
            cap = QLabel(keys, self.panel)
            cap.setProperty("key", True)
            grid.addWidget(cap, place, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(Words(title, parent=self.panel), place, 1)
        column.addLayout(grid)
        return column


Part = list[tuple[str, list[tuple[str, str]]]]


def _spread(panes: Mapping[str, Sequence[ActionRow]], columns: int) -> list[Part]:
    """Deal the panes with keys out to columns, in order, so that the longest is shortest."""
    keyed = [(name, lines) for name, rows in panes.items() if (lines := key_lines(rows))]

    def longest(cuts: tuple[int, ...]) -> int:
        return max(
            sum(len(lines) + 2 for _, lines in keyed[start:end])
            for start, end in pairwise((0, *cuts, len(keyed)))
        )

    cuts = min(combinations_with_replacement(range(len(keyed) + 1), columns - 1), key=longest)
    return [keyed[start:end] for start, end in pairwise((0, *cuts, len(keyed)))]
