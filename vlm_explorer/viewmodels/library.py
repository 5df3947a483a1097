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
from vlm_explorer.viewmodels.library_tree import Node, ShownTree
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
_ROLES = {
    KIND: "kind",
    KEY: "key",
    IMAGE_IDS: "image_ids",
    DETAIL: "detail",
    COVER: "cover",
    WARNINGS: "warnings",
}
PAGE = 500  # rows at the top that the view is told of at a time: it asks for each one's height
_MOST_BELOW = 1 << 24  # rows below one at the top, in the number of an index


class LibraryModel(QAbstractItemModel):
    """Patient > study > series of the open collection, as far as filters let them through."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown: np.ndarray | None = None  # the mask that the tree was made by
        self._tree = ShownTree(session.images.stacks, np.zeros(len(session.images), np.bool_))
        self._fetched = 0  # rows at the top that the view knows of
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
        row = self._session.images.row_of.get(image_id)
        node = None if row is None else self._tree.find_image(row)
        return QModelIndex() if node is None else self._index(node)

    def index_of_branch(self, key: str) -> QModelIndex:
        """Return the branch with that key; invalid where it is not shown."""
        node = self._tree.find(key)
        return QModelIndex() if node is None else self._index(node)

    def branch_keys(self) -> list[str]:
        """Return the keys of all branches; for trees that are not large."""
        tops = range(len(self._tree))
        return [node.key for row in tops for node in self._tree.nodes(row) if node.children]

    def read_patient(self, index: QModelIndex) -> None:
        """Read who the images of a row are of, for its tool tip, where the user wants to see it."""
        self.patient.show(self._node(index).cover)

    @property
    def series_count(self) -> int:
        """How many series are shown."""
        return self._tree.series_count

    # From the session

    @Slot()
    def _rebuild(self) -> None:
        """Make the tree anew, unless it is of these images already."""
        images, mask = self._session.images, self._session.shown
        if mask is self._shown:
            return
        self._shown = mask
        fitting = mask if len(mask) == len(images) else np.ones(len(images), np.bool_)
        self.beginResetModel()
        self._tree = ShownTree(images.stacks, fitting)
        self._fetched = min(PAGE, len(self._tree))
        self.endResetModel()

    # QAbstractItemModel

    def _node(self, index: Index) -> Node:
        top, number = divmod(index.internalId(), _MOST_BELOW)
        return self._tree.nodes(top)[number]

    def _index(self, node: Node) -> QModelIndex:
        top = node
        while top.parent is not None:
            top = top.parent
        self._fetch(top.row + 1)
        return self.createIndex(node.row, 0, top.row * _MOST_BELOW + node.number)

    def _fetch(self, count: int) -> None:
        """Have so many rows at the top, at least."""
        if count > self._fetched:
            last = min(-(-count // PAGE) * PAGE, len(self._tree)) - 1
            self.beginInsertRows(ROOT, self._fetched, last)
            self._fetched = last + 1
            self.endInsertRows()

    def show_more(self) -> None:
        """Tell the view of another page of rows at the top; a view that may fetch takes all."""
        self._fetch(min(self._fetched + 1, len(self._tree)))

    def index(self, row: int, column: int, parent: Index = ROOT) -> QModelIndex:
        """Return the index of a child."""
        if column != 0 or row < 0:
            return QModelIndex()
        if not parent.isValid():
            known = row < self._fetched
            return self.createIndex(row, 0, row * _MOST_BELOW) if known else QModelIndex()
        children = self._node(parent).children
        if row >= len(children):
            return QModelIndex()
        top = parent.internalId() // _MOST_BELOW
        return self.createIndex(row, 0, top * _MOST_BELOW + children[row].number)

    def parent(self, index: Index = ROOT) -> QModelIndex:  # type: ignore[override]
        """Return the index of the parent."""
        if not index.isValid() or index.internalId() % _MOST_BELOW == 0:
            return QModelIndex()
        above = self._node(index).parent
        assert above is not None
        top = index.internalId() // _MOST_BELOW
        return self.createIndex(above.row, 0, top * _MOST_BELOW + above.number)

    def hasChildren(self, parent: Index = ROOT) -> bool:
        """Whether a row is a branch; of those at the top without making it."""
        if not parent.isValid():
            return len(self._tree) > 0
        at = parent.internalId()
        if at % _MOST_BELOW == 0:
            return not self._tree.is_single(at // _MOST_BELOW)
        return bool(self._node(parent).children)

    def rowCount(self, parent: Index = ROOT) -> int:
        """Return the number of children."""
        return len(self._node(parent).children) if parent.isValid() else self._fetched

    def columnCount(self, parent: Index = ROOT) -> int:
        """Return 1."""
        return 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a row says."""
        if not index.isValid():
            return None
        if role == KIND and index.internalId() % _MOST_BELOW == 0:  # asked of every row, for height
            single = self._tree.is_single(index.internalId() // _MOST_BELOW)
            return "series" if single else "patient"
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
        name = _ROLES.get(role)
        return None if name is None else getattr(node, name)
