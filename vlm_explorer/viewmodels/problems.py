"""The files that gave no image, as a table model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)

from vlm_explorer.viewmodels.session import Session

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()

COLUMNS = ("File", "Kind", "Reason")
# What is in the list without being a loss.
HARMLESS = frozenset({"captions", "duplicate", "not-an-image"})
WORDS = {
    "not-an-image": "No image",
    "unreadable": "Unreadable",
    "unsupported": "Unsupported",
    "duplicate": "Duplicate",
    "captions": "Captions",
}


class ProblemsModel(QAbstractTableModel):
    """File, kind and reason of each file that gave no image; losses first.

    Signals:
        changed(): other problems.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: list[tuple[str, str, str]] = []  # file, kind, reason
        session.collection_changed.connect(self._read)
        self._read()

    @property
    def losses(self) -> int:
        """How many files should have given an image and did not."""
        return sum(kind not in HARMLESS for _, kind, _ in self._rows)

    @property
    def sentence(self) -> str:
        """What happened, in one sentence; "" where nothing did."""
        if self.losses == 1:
            return "1 file could not be read."
        return f"{self.losses:,} files could not be read." if self.losses else ""

    def as_text(self, rows: list[int] | None = None) -> str:
        """Return rows (all, where none are given) as lines of tab-separated text."""
        chosen = range(len(self._rows)) if rows is None else rows
        return "\n".join("\t".join(self._rows[row]) for row in chosen)

    @Slot()
    def _read(self) -> None:
        self.beginResetModel()
        self._rows = sorted(
            self._session.problems, key=lambda row: (row[1] in HARMLESS, row[1], row[0])
        )
        self.endResetModel()
        self.changed.emit()

    # QAbstractTableModel

    def rowCount(self, parent: Index = ROOT) -> int:
        """Return the number of problems."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = ROOT) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return the name of a column."""
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return COLUMNS[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell; the file in full is in the tool tip."""
        if not index.isValid():
            return None
        file, kind, reason = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (Path(file).name, WORDS.get(kind, kind), reason)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return (file, WORDS.get(kind, kind), reason)[index.column()]
        return None
