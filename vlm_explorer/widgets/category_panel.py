"""Filters the images by the categories of a column."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QListWidget, QListWidgetItem, QWidget

from vlm_explorer.viewmodels.category_choice import CategoryChoice
from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.controls import Words, text_button
from vlm_explorer.widgets.flyout import Flyout

_NAME = Qt.ItemDataRole.UserRole
_WIDTH, _HEIGHT = 300, 260


class CategoryPanel(Flyout):
    """A list to tick, searched by a field."""

    def __init__(self, owner: QWidget, session: Session, column: Column) -> None:
        super().__init__(owner, _WIDTH)
        self.choice = CategoryChoice(session, column, self)
        self._filling = False
        self.column.addWidget(Words(column.title[:1].upper() + column.title[1:], "heading"))
        self.field = QLineEdit(self)
        self.field.setPlaceholderText("Search")
        self.field.setAccessibleName(f"Search {column.title}")
        self.field.setClearButtonEnabled(True)
        self.list = QListWidget(self)
        self.list.setProperty("clear", True)
        self.list.setAccessibleName(f"Categories of {column.title}")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.summary = Words("", "secondary")
        self.only = text_button("Only these", "quiet", self)
        self.only.setToolTip("Show only the categories that the search found")
        self.clear = text_button("All", "quiet", self)
        self.clear.setToolTip("Filter by this column no longer")
        row = QHBoxLayout()
        row.addWidget(self.only)
        row.addStretch(1)
        row.addWidget(self.clear)
        self.column.addWidget(self.field)
        self.column.addWidget(self.list)
        self.column.addWidget(self.summary)
        self.column.addLayout(row)
        self.field.textChanged.connect(self._fill)
        self.list.itemChanged.connect(self._tick)
        self.only.clicked.connect(self._take_found)
        self.clear.clicked.connect(self.choice.clear)
        self.choice.changed.connect(self._refresh)
        self._fill("")
        rows = self.list.count() * self.list.sizeHintForRow(0) + 2 * self.list.frameWidth()
        self.list.setFixedHeight(min(rows, _HEIGHT))  # a search leaves it as high as it is

    def first_focus(self) -> QWidget:
        """The list has the focus: arrows and Space tick."""
        return self.list

    @Slot(str)
    def _fill(self, text: str) -> None:
        rows, count = self.choice.found(text)
        self._filling = True
        self.list.clear()
        for row in rows:
            item = QListWidgetItem(f"{row.title}   {row.count:,}")
            item.setData(_NAME, row.name)
            item.setToolTip(row.title)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
                          | Qt.ItemFlag.ItemIsUserCheckable)  # fmt: skip
            self.list.addItem(item)
        if count > len(rows):
            item = QListWidgetItem(f"and {count - len(rows):,} more: search for them")
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
        self._filling = False
        self.list.setCurrentRow(0)
        self.only.setEnabled(bool(text.strip()) and bool(rows))
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        self._filling = True
        for place in range(self.list.count()):
            item = self.list.item(place)
            if item.flags() & Qt.ItemFlag.ItemIsUserCheckable:
                ticked = self.choice.keeps(str(item.data(_NAME)))
                item.setCheckState(Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
        self._filling = False
        self.summary.setText(self.choice.summary)
        self.clear.setEnabled(self.choice.active)

    @Slot(QListWidgetItem)
    def _tick(self, item: QListWidgetItem) -> None:
        if not self._filling:
            self.choice.toggle(str(item.data(_NAME)))

    @Slot()
    def _take_found(self) -> None:
        self.choice.only(self.field.text())
