"""The rows of the list of models: three headings, and the encoders below them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Slot

from vlm_explorer.viewmodels.model_facts import ModelFacts
from vlm_explorer.viewmodels.model_shelf import IDLE, ModelShelf, ModelState

ENTRY = Qt.ItemDataRole.UserRole

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: a heading (no `facts`), or an encoder.

    Attributes:
        title, detail: its two lines.
        state: what is going on with it.
        in_use: whether the open collection is looked at with it.
    """

    title: str
    detail: str = ""
    facts: ModelFacts | None = None
    state: ModelState = IDLE
    in_use: bool = False

    @property
    def spoken(self) -> str:
        """The row for those who cannot see it."""
        if self.facts is None:
            return self.title
        place = "on this machine" if self.facts.installed else "not on this machine"
        parts = [self.title, "in use" if self.in_use else place, self.detail, self.facts.size]
        return ", ".join(part for part in parts if part)


class ModelRows(QAbstractListModel):
    """Lists the encoders of a shelf that contain every word of a filter."""

    def __init__(self, shelf: ModelShelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._filter = ""
        self._ids: list[str] = []  # "" for a heading
        self._headings: list[str] = []
        shelf.listed.connect(self._read)
        shelf.changed.connect(self._tell)
        self._read()

    def set_filter(self, text: str) -> None:
        """List only the encoders whose words hold all of `text`."""
        self._filter = text.casefold()
        self._read()

    def row_of(self, id_: str) -> int:
        """Return the row of an encoder; -1 where it is not listed."""
        return self._ids.index(id_) if id_ and id_ in self._ids else -1

    def id_at(self, row: int) -> str:
        """Return the encoder in a row; "" for a heading or no row."""
        return self._ids[row] if 0 <= row < len(self._ids) else ""

    @property
    def first(self) -> str:
        """The first encoder listed; "" for none."""
        return next((id_ for id_ in self._ids if id_), "")

    @Slot()
    def _read(self) -> None:
        groups: dict[str, list[str]] = {"On this machine": [], "To fetch": [], "Not on offer": []}
        for facts in self._shelf.models:
            if not self._passes(facts):
                continue
            if facts.installed:
                groups["On this machine"].append(facts.id)
            else:
                groups["To fetch" if facts.fetchable else "Not on offer"].append(facts.id)
        ids: list[str] = []
        headings: list[str] = []
        for heading, members in groups.items():
            if members:
                ids += ["", *members]
                headings += [heading, *("" for _ in members)]
        if ids == self._ids:
            self._headings = headings
            self.dataChanged.emit(self.index(0), self.index(max(0, len(ids) - 1)))
            return
        self.beginResetModel()
        self._ids, self._headings = ids, headings
        self.endResetModel()

    def _passes(self, facts: ModelFacts) -> bool:
        text = f"{facts.id} {facts.name} {facts.subject} {facts.purpose}".casefold()
        return all(word in text for word in self._filter.split())

    @Slot(str)
    def _tell(self, id_: str) -> None:
        if (row := self.row_of(id_)) >= 0:
            self.dataChanged.emit(self.index(row), self.index(row))

    def entry(self, row: int) -> Entry:
        """Return what a row shows."""
        facts = self._shelf.facts(self._ids[row])
        if facts is None:
            return Entry(self._headings[row])
        state = self._shelf.state(facts.id)
        in_use = facts.id == self._shelf.switch.current and facts.installed
        return Entry(facts.name, _detail(facts, state), facts, state, in_use)

    # QAbstractListModel

    def rowCount(self, parent: Index = ROOT) -> int:
        """Return the number of rows, headings included."""
        return 0 if parent.isValid() else len(self._ids)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a row's title, words for those who cannot see it, or all of it."""
        if not index.isValid():
            return None
        entry = self.entry(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return entry.spoken
        return entry if role == ENTRY else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """A heading cannot be chosen."""
        return super().flags(index) if self.id_at(index.row()) else Qt.ItemFlag.NoItemFlags


def _detail(facts: ModelFacts, state: ModelState) -> str:
    """Return the second line of an encoder: what goes on, else what it knows."""
    if state.problem:
        return state.problem
    if state.kind:
        return state.words
    if facts.installed and 0 < facts.encoded < facts.images:
        return f"{facts.encoded:,} of {facts.images:,} images encoded"
    return facts.not_offered or facts.subject or ("Your own" if facts.own else "")
