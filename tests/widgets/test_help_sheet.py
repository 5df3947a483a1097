"""The help sheet: its columns are filled evenly, and lose no key."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from vlm_explorer.widgets.actions import ActionRow
from vlm_explorer.widgets.help_sheet import COLUMNS, FEWEST, HelpSheet, spread


def pane(name: str, keys: int) -> list[ActionRow]:
    return [ActionRow(f"{name}.{n}", f"{name} {n}", "F1", lambda: None) for n in range(keys)]


def columns_of(host: QWidget, qtbot: QtBot) -> dict[int, list[str]]:
    """Return the titles in each column, by where it begins, from the top down."""
    columns: dict[int, list[str]] = {}
    labels = [each for each in host.findChildren(QLabel) if "Act " in each.text()]
    places = {label: label.mapTo(host, label.rect().topLeft()) for label in labels}
    for label in sorted(labels, key=lambda each: places[each].y()):
        columns.setdefault(places[label].x(), []).append(label.text())
    return dict(sorted(columns.items()))


@pytest.mark.parametrize("size", [(1280, 800), (1600, 1000)])
def test_that_one_long_pane_leaves_no_column_empty(qtbot: QtBot, size: tuple[int, int]) -> None:
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(*size)
    panes = {"A": pane("Act a", 6), "B": pane("Act b", 45), "C": pane("Act c", 4)}
    sheet = HelpSheet(host, panes)
    with qtbot.waitExposed(host):
        host.show()
    sheet.open()
    columns = columns_of(host, qtbot)
    lengths = [len(titles) for titles in columns.values()]
    assert len(lengths) == COLUMNS
    assert max(lengths) - min(lengths) <= FEWEST + 1
    order = [title for titles in columns.values() for title in titles]
    assert order == [row.title for rows in panes.values() for row in rows]
    assert any(each.text() == "B, continued" for each in host.findChildren(QLabel))


@given(sizes=st.lists(st.integers(0, 60), max_size=6))
def test_that_every_line_has_its_place_in_order(sizes: list[int]) -> None:
    panes = {f"pane {n}": pane(f"pane {n}", keys) for n, keys in enumerate(sizes)}
    parts = spread(panes, COLUMNS)
    assert len(parts) <= COLUMNS
    dealt = [title for part in parts for _, lines in part for _, title in lines]
    assert dealt == [row.title for rows in panes.values() for row in rows]
    assert all(lines for part in parts for _, lines in part)
