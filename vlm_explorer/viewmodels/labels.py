"""The label set, editable, with the scores of what is selected."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
    Slot,
)

from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.label_sets import LabelSet, label_set, load_label_sets
from vlm_explorer.viewmodels.session import Session

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()

LABEL, COSINE, PROBABILITY = range(3)
COLUMNS = ("Label", "Cosine", "Probability")
VALUE = Qt.ItemDataRole.UserRole + 1  # the number in a cell; None where there is none yet
BEST = Qt.ItemDataRole.UserRole + 2  # whether the row has the highest probability
ADD_HERE = "Add a label"


class LabelsModel(QAbstractTableModel):
    """One row a label: its text, the cosine and the probability; the last row adds a label.

    The scores are those of the selected images (their mean), or of the image in the viewer.

    Signals:
        changed(): other labels, scores or settings.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._labels: tuple[str, ...] = ()
        self._cosine: np.ndarray | None = None
        self._probability: np.ndarray | None = None
        self._summary = ""
        session.labels_changed.connect(self._read)
        session.selection_changed.connect(self._score)
        session.encoder_changed.connect(self._begin)
        self._read()

    # What the pane asks for

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in order."""
        return self._labels

    @property
    def summary(self) -> str:
        """What the scores say, and about what; one or two sentences."""
        return self._summary

    def use_set(self, chosen: LabelSet) -> None:
        """Take a ready-made label set in place of the present one."""
        self._session.set_labels(chosen.names, chosen.templates, chosen.task)

    def set_templates(self, name: str) -> None:
        """Score with another template set."""
        self._session.set_labels(self._labels, name, self._session.label_state.task)

    def set_task(self, task: str) -> None:
        """Choose among the labels ("single"), or ask for each by itself ("multi")."""
        self._session.set_labels(self._labels, self._session.label_state.templates, task)

    def remove(self, rows: list[int]) -> None:
        """Take labels out."""
        kept = [label for row, label in enumerate(self._labels) if row not in rows]
        if len(kept) < len(self._labels):
            self._set(kept)

    def _set(self, labels: list[str]) -> None:
        state = self._session.label_state
        self._session.set_labels(labels, state.templates, state.task)

    # From the session

    @Slot()
    def _begin(self) -> None:
        """With an encoder and no labels yet: ask for what fits the collection."""
        session = self._session
        if session.encoder is not None and not session.label_state.labels:
            with session.history.unrecorded():
                self.use_set(label_set("demo-findings" if session.demo else "modality"))

    @Slot()
    def _read(self) -> None:
        """Take the labels; rows that stay keep whatever is being edited in them."""
        labels = self._session.label_state.labels
        self._replace_rows(labels)
        self._score()

    def _replace_rows(self, labels: tuple[str, ...]) -> None:
        """Take out and put in the rows between those that both sets begin and end with."""
        old = self._labels
        least = min(len(old), len(labels))
        first = next((row for row in range(least) if old[row] != labels[row]), least)
        last = next(
            (n for n in range(least - first) if old[-1 - n] != labels[-1 - n]), least - first
        )
        if first < len(old) - last:
            self.beginRemoveRows(ROOT, first, len(old) - last - 1)
            self._cosine = self._probability = None
            self._labels = old[:first] + old[len(old) - last :]
            self.endRemoveRows()
        if first < len(labels) - last:
            self.beginInsertRows(ROOT, first, len(labels) - last - 1)
            self._cosine = self._probability = None
            self._labels = labels
            self.endInsertRows()

    @Slot()
    def _score(self) -> None:
        """The same labels, other scores: the rows stay where they are."""
        self._take_scores()
        if self._labels:
            last = self.index(len(self._labels) - 1, PROBABILITY)
            self.dataChanged.emit(self.index(0, LABEL), last)
        self.changed.emit()

    def _take_scores(self) -> None:
        session = self._session
        self._cosine = self._probability = None
        self._summary = ""
        answer = session.label_state.answer
        chosen = session.selection
        ids = chosen.ids or frozenset([chosen.current] if chosen.current else [])
        rows = session.images.rows_of(ids)
        fits = answer is not None and answer.cosine.shape == (
            len(session.images),
            len(self._labels),
        )
        if answer is None or not len(rows) or not fits:
            return
        chosen_count, rows = len(rows), rows[answer.known[rows]]
        if not len(rows):
            self._summary = f"No vector of {answer.model} yet"
            return
        self._cosine = answer.cosine[rows].mean(axis=0)
        self._probability = answer.probability[rows].mean(axis=0)
        self._summary = self._describe(answer.probability[rows], answer.task)
        if len(rows) < chosen_count:
            self._summary += f" · {chosen_count - len(rows):,} without a vector"

    def _describe(self, probability: np.ndarray, task: str) -> str:
        """Return the best label with what its probability is a share of."""
        mean = probability.mean(axis=0)
        best = int(mean.argmax())
        count = len(self._labels)
        among = f"among these {count} labels" if task == "single" else "against its absence"
        if len(probability) == 1:
            return f"{self._labels[best]}: {numbers.percent(mean[best])} {among}"
        if task == "single":
            first = Counter(self._labels[column] for column in probability.argmax(axis=1))
            names = ", ".join(f"{number:,} {label}" for label, number in first.most_common(3))
            return f"{len(probability):,} images: {names} (the likeliest {among})"
        share = numbers.percent(mean[best])
        return f"Mean of {len(probability):,} images: {self._labels[best]} {share}"

    # QAbstractTableModel

    def rowCount(self, parent: Index = ROOT) -> int:
        """Return the number of labels, and one row to add another."""
        return 0 if parent.isValid() else len(self._labels) + 1

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
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Labels can be edited in place."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == LABEL else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a label, a score in digits, or the number itself."""
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        if row == len(self._labels):
            return ADD_HERE if column == LABEL and role == Qt.ItemDataRole.DisplayRole else None
        if column == LABEL:
            shown = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole)
            return self._labels[row] if role in shown else None
        values = self._cosine if column == COSINE else self._probability
        value = None if values is None else float(values[row])
        if role == VALUE:
            return value
        if role == BEST:
            return self._probability is not None and row == int(self._probability.argmax())
        if role == Qt.ItemDataRole.DisplayRole and value is not None:
            return numbers.cosine(value) if column == COSINE else numbers.percent(value)
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Rename, add (in the last row) or, with an empty text, remove a label."""
        text = " ".join(str(value).split())
        row = index.row()
        if role != Qt.ItemDataRole.EditRole or index.column() != LABEL:
            return False
        others = [label for place, label in enumerate(self._labels) if place != row]
        if text in others or (row < len(self._labels) and self._labels[row] == text):
            return False
        if row < len(self._labels):
            changed = [*self._labels[:row], *([text] if text else []), *self._labels[row + 1 :]]
            if text:  # in place, so that the editor still belongs to its row
                self._labels = tuple(changed)
            self._set(changed)
        elif text:
            self._set([*self._labels, text])
        return bool(text)


def template_choices() -> list[tuple[str, str, str]]:
    """Return name, title and note of each template set; the first leaves it to the task."""
    from vlm_explorer.analysis.zero_shot import load_template_sets

    sets = [(each.name, each.title, each.note) for each in load_template_sets().values()]
    return [("", "Templates of the task", "Chosen by the task."), *sets]


def set_choices() -> list[tuple[str, str]]:
    """Return name and title of each ready-made label set."""
    return [(each.name, each.title) for each in load_label_sets()]


def set_name(labels: tuple[str, ...]) -> str | None:
    """Return the name of the ready-made set that has exactly these labels, or None."""
    return next((each.name for each in load_label_sets() if each.names == labels), None)
