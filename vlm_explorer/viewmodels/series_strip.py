"""The series of the study on show, as a list model."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)

from vlm_explorer.files.study_tree import SeriesNode
from vlm_explorer.viewmodels.viewer_series import SeriesTracker

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()

COVER = Qt.ItemDataRole.UserRole + 1  # the image id of the thumbnail
DETAIL = Qt.ItemDataRole.UserRole + 2  # the second line: modality and number of images
WARNED = Qt.ItemDataRole.UserRole + 3  # whether there is something to know of the series


class SeriesStripModel(QAbstractListModel):
    """Lists the series of the study in which a pane's image lies.

    Signals:
        current_changed(): the pane shows another series, or another study is listed.
    """

    current_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tracker: SeriesTracker | None = None
        self._nodes: tuple[SeriesNode, ...] = ()
        self._current = -1

    def follow(self, tracker: SeriesTracker) -> None:
        """List the series of another pane."""
        if self._tracker is not None:
            self._tracker.changed.disconnect(self._take)
        self._tracker = tracker
        tracker.changed.connect(self._take)
        self._take()

    @property
    def current(self) -> int:
        """Row of the series on show, -1 where there is none."""
        return self._current

    def open(self, row: int) -> None:
        """Show the series in a row, where it was left."""
        if self._tracker is not None and 0 <= row < len(self._nodes):
            self._tracker.open_series(self._nodes[row].key)

    @Slot()
    def _take(self) -> None:
        tracker = self._tracker
        found = None if tracker is None else tracker.found
        if found is None and tracker is not None and tracker.image_id is not None:
            return  # on the way from one series to another: nothing jumps
        nodes = () if found is None else found.siblings
        keys = [node.key for node in nodes]
        current = -1 if found is None else keys.index(found.key)
        if nodes != self._nodes:
            self.beginResetModel()
            self._nodes = nodes
            self.endResetModel()
        elif current == self._current:
            return
        self._current = current
        self.current_changed.emit()

    # QAbstractListModel

    def rowCount(self, parent: Index = ROOT) -> int:
        """Return the number of series."""
        return 0 if parent.isValid() else len(self._nodes)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a series' title, detail or cover."""
        if not index.isValid():
            return None
        node = self._nodes[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _title(node)
        if role == DETAIL:
            return _detail(node)
        if role == COVER:
            return node.image_ids[len(node.image_ids) // 2]
        if role == WARNED:
            return bool(node.warnings)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return "\n".join((_title(node), _detail(node), *node.warnings))
        return None


def _title(node: SeriesNode) -> str:
    return " · ".join(part for part in (node.label, node.part) if part)


def _detail(node: SeriesNode) -> str:
    count = len(node.image_ids)
    images = "1 image" if count == 1 else f"{count:,} images"
    return f"{node.modality} · {images}" if node.modality else images
