"""The tree of patients, studies and series, as far as the filter lets it through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)

from vlm_explorer.files.study_tree import PatientNode, SeriesNode
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.session import Session

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()

KIND = Qt.ItemDataRole.UserRole + 1  # "patient", "study" or "series"
IMAGE_IDS = Qt.ItemDataRole.UserRole + 2  # tuple[str, ...], in geometric order, shown ones only
DETAIL = Qt.ItemDataRole.UserRole + 3  # the second line of a row
KEY = Qt.ItemDataRole.UserRole + 5  # what stays the same when the tree is made anew
COVER = Qt.ItemDataRole.UserRole + 4  # the image id of the thumbnail


@dataclass(slots=True)
class Node:
    """A row of the tree; the tree itself is made once and then left alone."""

    kind: str
    key: str
    title: str
    detail: str = ""
    image_ids: tuple[str, ...] = ()
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    number: int = 0  # among all nodes; the root has 0
    row: int = 0  # among its siblings


class LibraryModel(QAbstractItemModel):
    """Patient > study > series of the open collection; the filter decides what is shown.

    Signals:
        filtered(): the filter let other images through.
    """

    filtered = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._filter = ""
        self._patients: tuple[PatientNode, ...] = ()
        self._words: np.ndarray = np.zeros(0, dtype=object)
        self._nodes: list[Node] = [Node("root", "", "")]
        self._series_of: dict[str, Node] = {}
        session.collection_changed.connect(self._rebuild)
        self._rebuild()

    # What the pane asks for

    @property
    def filter_text(self) -> str:
        """The filter as typed."""
        return self._filter

    def set_filter(self, text: str) -> None:
        """Show the images in which every word of `text` occurs, and none that begins with -.

        Looked through are modality, label, caption and the titles of the tree.
        """
        if text == self._filter:
            return
        self._filter = text
        self._session.kept.put("filter", text)
        self._apply()
        self.filtered.emit()

    def index_of_image(self, image_id: str) -> QModelIndex:
        """Return the series in which an image lies; invalid where it is not shown."""
        node = self._series_of.get(image_id)
        return QModelIndex() if node is None else self.createIndex(node.row, 0, node.number)

    @property
    def series_count(self) -> int:
        """How many series are shown."""
        return len({id(node) for node in self._series_of.values()})

    # From the session

    @Slot()
    def _rebuild(self) -> None:
        images = self._session.images
        self._patients = images.tree
        self._words = searchable_text(images, self._patients)
        if not len(images):
            self._filter = ""
        self._apply()

    def _apply(self) -> None:
        mask = filter_mask(self._words, self._filter)
        shown = set(self._session.images.ids[mask])
        self.beginResetModel()
        self._nodes = _numbered(_shown_tree(self._patients, shown))
        self._series_of = {
            image_id: node
            for node in self._nodes
            if node.kind == "series"
            for image_id in node.image_ids
        }
        self.endResetModel()
        self._session.set_shown(mask)

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
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return f"{node.title}, {node.detail}" if node.detail else node.title
        if role == COVER:
            return node.image_ids[len(node.image_ids) // 2] if node.image_ids else None
        known = {KIND: node.kind, KEY: node.key, IMAGE_IDS: node.image_ids, DETAIL: node.detail}
        return known.get(role)


def searchable_text(images: ImageTable, patients: tuple[PatientNode, ...]) -> np.ndarray:
    """Return, for each image, what the filter looks through; (N,) object array, lower case."""
    titles: dict[str, str] = {}
    for patient in patients:
        for study in patient.studies:
            for series in study.series:
                title = f"{patient.title} {study.title} {series.title}"
                titles.update(dict.fromkeys(series.image_ids, title))
    words = np.empty(len(images), dtype=object)
    words[:] = [
        " ".join((modality, label, caption, titles.get(image_id, ""))).casefold()
        for image_id, modality, label, caption in zip(
            images.ids, images.modality, images.label, images.caption, strict=True
        )
    ]
    return words


def filter_mask(words: np.ndarray, text: str) -> np.ndarray:
    """Return which texts hold every word of `text`, and none that begins with a minus.

    Args:
        words: (N,) object array of lower-case texts.

    Returns:
        bool (N,).
    """
    mask = np.ones(len(words), dtype=bool)
    for word in text.casefold().split():
        unwanted = word.startswith("-") and len(word) > 1
        sought = word[1:] if unwanted else word
        found = np.fromiter((sought in text for text in words), dtype=bool, count=len(words))
        mask &= ~found if unwanted else found
    return mask


def _shown_tree(patients: tuple[PatientNode, ...], shown: set[str]) -> Node:
    """Return the tree of the shown images, without empty branches.

    A patient with one study has the series right below, and one with one series is a row of its
    own: a tree of a thousand radiographs is a list of them.
    """
    root = Node("root", "", "")
    for patient in patients:
        series = [each for study in patient.studies for each in study.series]
        if len(series) == 1:
            _add_series(root, series[0], shown, patient.title)
            continue
        top = Node("patient", patient.key, patient.title, parent=root)
        for study in patient.studies:
            if len(patient.studies) == 1 or len(study.series) == 1:
                for each in study.series:
                    _add_series(top, each, shown, "" if len(patient.studies) == 1 else study.title)
                continue
            middle = Node("study", study.key, study.title, parent=top)
            for each in study.series:
                _add_series(middle, each, shown)
            _close(top, middle)
        _close(root, top)
    return root


def _add_series(parent: Node, series: SeriesNode, shown: set[str], above: str = "") -> None:
    """Hang the shown part of a series below `parent`.

    Args:
        above: title of the level that the series stands for; a folder's name says more.
    """
    ids = tuple(image_id for image_id in series.image_ids if image_id in shown)
    if not ids:
        return
    own, _, detail = series.title.partition(" · ")
    if len(ids) < len(series.image_ids):
        count = f"{len(ids):,} of {len(series.image_ids):,}"
        detail = f"{series.modality} · {count}" if series.modality else count
    title = above if above and own.startswith("Series ") else own
    parent.children.append(Node("series", series.key, title, detail, ids, parent))


def _numbered(root: Node) -> list[Node]:
    """Return all nodes, the root first, each knowing its place in the list and its row."""
    nodes = [root]
    for node in nodes:
        for row, child in enumerate(node.children):
            child.number, child.row = len(nodes), row
            nodes.append(child)
    return nodes


def _close(parent: Node, node: Node) -> None:
    """Hang `node` below `parent` unless nothing of it is shown; count its images."""
    if not node.children:
        return
    node.image_ids = tuple(key for child in node.children for key in child.image_ids)
    count = len(node.image_ids)
    node.detail = "1 image" if count == 1 else f"{count:,} images"
    parent.children.append(node)
