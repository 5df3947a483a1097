"""The help sheet: every key, by pane, from the table of actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from vlm_explorer.widgets.actions import ActionRow
from vlm_explorer.widgets.controls import IconButton, Words
from vlm_explorer.widgets.sheets import Sheet

COLUMNS = 3
HEADING = 2  # lines, with the space above it
FEWEST = 3  # lines of a pane that may stand alone in a column


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
        super().__init__(host, 1160)
        close = IconButton("ph.x", "Close the help", "Esc", parent=self.panel)
        close.clicked.connect(self.dismiss)
        head = QHBoxLayout()
        head.addWidget(Words("Keys", "title", parent=self.panel), 1)
        head.addWidget(close)
        self.column.addLayout(head)
        columns = QHBoxLayout()
        columns.setSpacing(40)
        for part in spread(panes, COLUMNS):
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


def spread(panes: Mapping[str, Sequence[ActionRow]], columns: int) -> list[Part]:
    """Deal the panes with keys out to columns, in order, so that the longest is shortest.

    A pane that is longer than what is left of a column goes on in the next.
    """
    keyed = [(name, lines) for name, rows in panes.items() if (lines := key_lines(rows))]
    height = 1
    while len(parts := _fill(keyed, height)) > columns:
        height += 1
    return parts


def _fill(panes: Part, height: int) -> list[Part]:
    """Fill columns of `height` lines one after the other; a heading is as high as `HEADING`."""
    parts: list[Part] = [[]]
    used = 0
    for name, lines in panes:
        title, rest = name, lines
        while rest:
            room = height - used - HEADING
            taken = len(rest) if len(rest) <= room else min(room, len(rest) - FEWEST)
            if parts[-1] and taken < min(FEWEST, len(rest)):
                parts.append([])
                used = 0
                continue
            taken = max(taken, 1)
            parts[-1].append((title, rest[:taken]))
            used += taken + HEADING
            title, rest = f"{name}, continued", rest[taken:]
    return parts
