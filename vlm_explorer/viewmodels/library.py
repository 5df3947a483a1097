"""The tree of patients, studies and series, as far as the filter lets it through."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Slot,
)

from vlm_explorer.viewmodels.filters import TEXT, TextFilter, text_of
from vlm_explorer.viewmodels.library_tree import Node, numbered, shown_tree
from vlm_explorer.viewmodels.patient_details import PatientDetailsReader
from vlm_explorer.viewmodels.session import Session

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()

KIND = Qt.ItemDataRole.UserRole + 1  # "patient", "study" or "series"
IMAGE_IDS = Qt.ItemDataRole.UserRole + 2  # tuple[str, ...], in geometric order, shown ones only
DETAIL = Qt.ItemDataRole.UserRole + 3  # the second line of a row
KEY = Qt.ItemDataRole.UserRole + 5  # what stays the same when the tree is made anew
COVER = Qt.ItemDataRole.UserRole + 4  # the image id of the thumbnail
WARNINGS = Qt.ItemDataRole.UserRole + 6  # tuple[str, ...], what is irregular about a series


class LibraryModel(QAbstractItemModel):
    """Patient > study > series of the open collection, as far as filters let them through."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown: np.ndarray | None = None  # the mask that the tree was made by
        self._nodes: list[Node] = [Node("root", "", "")]
        self._series_of: dict[str, Node] = {}
        self.patient = PatientDetailsReader(session, "library", self)
        session.collection_changed.connect(self._rebuild)
        session.shown_changed.connect(self._rebuild)
        self._rebuild()

    # What the pane asks for

    @property
    def filter_text(self) -> str:
        """The words that are filtered by, as typed."""
        return text_of(self._session.filters)

    def set_filter(self, text: str) -> None:
        """Show the images in which every word of `text` occurs, and none that begins with -.

        Looked through are modality, label, caption, and the titles and descriptions of the tree.
        """
        if text.strip():
            self._session.set_filter(TextFilter(text))
        else:
            self._session.remove_filter(TEXT)

    def index_of_image(self, image_id: str) -> QModelIndex:
        """Return the series in which an image lies; invalid where it is not shown."""
        node = self._series_of.get(image_id)
        return QModelIndex() if node is None else self.createIndex(node.row, 0, node.number)

    def read_patient(self, index: QModelIndex) -> None:
        """Read who the images of a row are of, for its tool tip, where the user wants to see it."""
        self.patient.show(self._node(index).cover)

    @property
    def series_count(self) -> int:
        """How many series are shown."""
        return len({id(node) for node in self._series_of.values()})

    # From the session

    @Slot()
    def _rebuild(self) -> None:
        """Make the tree anew, unless it is of these images already."""
        images, mask = self._session.images, self._session.shown
        if mask is self._shown:
            return
        self._shown = mask
        shown = set(images.ids[mask])
        self.beginResetModel()
        self._nodes = numbered(shown_tree(images.tree, shown))
        self._series_of = {
            image_id: node
            for node in self._nodes
            if node.kind == "series"
            for image_id in node.image_ids
        }
        self.endResetModel()

    # QAbstractItemModel

    def _node(self, index: Index) -> Node:
        return self._nodes[index.internalId() if index.isValid() else 0]

    def index(self, row: int, column: int, parent: Index = ROOT) -> QModelIndex:
        """Return the index of a child."""
        children = self._node(parent).children
        if column == 0 and 0 <= row < len(children):
            return self.createIndex(row, 0, children[row].number)
        return QModelIndex()

    def parent(self, index: Index = ROOT) -> QModelIndex:  # type: ignore[override]
        """Return the index of the parent."""
        above = self._node(index).parent if index.isValid() else None
        if above is None or above.number == 0:
            return QModelIndex()
        return self.createIndex(above.row, 0, above.number)

    def rowCount(self, parent: Index = ROOT) -> int:
        """Return the number of children."""
        return len(self._node(parent).children)

    def columnCount(self, parent: Index = ROOT) -> int:
        """Return 1."""
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a row says."""
        if not index.isValid():
            return None
        node = self._node(index)
        if role == Qt.ItemDataRole.DisplayRole:
            return node.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return " ".join((node.sentence, *node.warnings))
        if role == Qt.ItemDataRole.ToolTipRole:
            of_node = self.patient.image_id == node.cover
            return "\n".join(
                (node.sentence, *node.warnings, *(self.patient.lines if of_node else ()))
            )
        known = {
            KIND: node.kind,
            KEY: node.key,
            IMAGE_IDS: node.image_ids,
            DETAIL: node.detail,
            COVER: node.cover,
            WARNINGS: node.warnings,
        }
        return known.get(role)
