"""The label set, editable, with the scores of what is selected."""

from __future__ import annotations

from dataclasses import replace
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

from vlm_explorer.queries.label_set import Label
from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.label_scores import LabelScores
from vlm_explorer.viewmodels.label_words import probability_of
from vlm_explorer.viewmodels.session import Session

Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()

LABEL, POSITIVE, NEGATIVE, SYNONYMS, COSINE, Z, PERCENTILE, PROBABILITY = range(8)
COLUMNS = (
    "Label", "Says it is there", "Says it is not", "Synonyms",
    "Cosine", "z", "Percentile", "Probability",
)  # fmt: skip
PROMPTS = {POSITIVE: "positive", NEGATIVE: "negative", SYNONYMS: "synonyms"}
NOTES = {
    LABEL: "What goes through the templates, unless the label has prompts of its own",
    POSITIVE: "Prompts instead of the templates, one a line; their ensemble stands for the label",
    NEGATIVE: "Prompts that deny the label, one a line, instead of the templates' own; "
    "only asked where each label is asked by itself",
    SYNONYMS: "Other names, one a line; they go through the templates as the label does",
    COSINE: "Between the image and the label's ensemble; encoders differ in what is high",
    Z: "How far the cosine lies above those of unrelated prompts with the same image, "
    "in standard deviations",
    PERCENTILE: "The share of unrelated prompts that score lower on the same image",
}
VALUE = Qt.ItemDataRole.UserRole + 1  # the number in a cell; None where there is none yet
BEST = Qt.ItemDataRole.UserRole + 2  # whether the row has the highest probability, and is called
DEFAULT = Qt.ItemDataRole.UserRole + 3  # whether the templates stand in for prompts
ADD_HERE = "Add a label"


class LabelsModel(QAbstractTableModel):
    """One row a label: its text and prompts, and its scores; the last row adds a label.

    The scores are those of the selected images (their mean), or of the image in the viewer.

    Signals:
        changed(): other labels, scores or settings.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows: tuple[Label, ...] = ()
        self._scores = LabelScores(session, self)
        self._scores.judged.connect(self._tell)
        session.labels_changed.connect(self._read)
        session.selection_changed.connect(self._score)
        self._read()

    # What the pane asks for

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in order."""
        return tuple(label.name for label in self._rows)

    @property
    def summary(self) -> str:
        """What the scores say, and about what; one or two sentences."""
        return self._scores.summary

    def watch(self, watched: bool) -> None:
        """Compare with unrelated prompts only while somebody looks."""
        self._scores.watch(watched)

    def set_templates(self, name: str) -> None:
        """Score with another template set."""
        self._change(templates=name)

    def set_task(self, task: str) -> None:
        """Choose among the labels ("single"), or ask for each by itself ("multi")."""
        self._change(task=task)

    def remove(self, rows: list[int]) -> None:
        """Take labels out."""
        kept = tuple(label for row, label in enumerate(self._rows) if row not in rows)
        if len(kept) < len(self._rows):
            self._change(labels=kept)

    def _change(self, **parts: Any) -> None:
        chosen = self._session.label_state.chosen
        self._session.labelling.change(chosen=replace(chosen, **parts))

    # From the session

    @Slot()
    def _read(self) -> None:
        """Take the labels; rows that stay keep whatever is being edited in them."""
        self._replace_rows(self._session.label_state.chosen.labels)
        self._score()

    def _replace_rows(self, labels: tuple[Label, ...]) -> None:
        """Take out and put in the rows between those that both sets begin and end with."""
        old = self._rows
        if [each.name for each in old] == [each.name for each in labels]:
            self._rows = labels
            return
        least = min(len(old), len(labels))
        first = next((row for row in range(least) if old[row] != labels[row]), least)
        last = next(
            (n for n in range(least - first) if old[-1 - n] != labels[-1 - n]), least - first
        )
        self._scores.clear()
        if first < len(old) - last:
            self.beginRemoveRows(ROOT, first, len(old) - last - 1)
            self._rows = old[:first] + old[len(old) - last :]
            self.endRemoveRows()
        if first < len(labels) - last:
            self.beginInsertRows(ROOT, first, len(labels) - last - 1)
            self._rows = labels
            self.endInsertRows()

    @Slot()
    def _score(self) -> None:
        """The same labels, other scores: the rows stay where they are."""
        self._scores.take()
        self._tell()
        self._scores.judge()

    @Slot()
    def _tell(self) -> None:
        if self._rows:
            last = self.index(len(self._rows) - 1, PROBABILITY)
            self.dataChanged.emit(self.index(0, LABEL), last)
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, PROBABILITY, PROBABILITY)
        self.changed.emit()

    # QAbstractTableModel

    def rowCount(self, parent: Index = ROOT) -> int:
        """Return the number of labels, and one row to add another."""
        return 0 if parent.isValid() else len(self._rows) + 1

    def columnCount(self, parent: Index = ROOT) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        """Return the name of a column, and what it means."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            numeric = section in (COSINE, Z, PERCENTILE)
            side = Qt.AlignmentFlag.AlignRight if numeric else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        of_what = probability_of(self._session.label_state)
        if role == Qt.ItemDataRole.DisplayRole:
            return of_what[0] if section == PROBABILITY else COLUMNS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return of_what[1] if section == PROBABILITY else NOTES[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Labels and their prompts can be edited in place."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        words = index.column() == LABEL or (
            index.column() in PROMPTS and index.row() < len(self._rows)
        )
        return flags | Qt.ItemFlag.ItemIsEditable if words else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return words, a score in digits, or the number itself."""
        if not index.isValid():
            return None
        row, column = index.row(), index.column()
        if row == len(self._rows):
            return ADD_HERE if column == LABEL and role == Qt.ItemDataRole.DisplayRole else None
        if column == LABEL:
            if role == BEST:
                return self.index(row, PROBABILITY).data(BEST)
            shown = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole)
            return self._rows[row].name if role in shown else None
        if column in PROMPTS:
            return self._prompts(self._rows[row], column, role)
        values = self._scores.of.get(_SCORES[column])
        value = None if values is None else float(values[row])
        if role == VALUE:
            return value
        if role == BEST:
            return self._scores.called and row == self._scores.best
        if role == Qt.ItemDataRole.DisplayRole and value is not None:
            return _DIGITS[column](value)
        return None

    def _prompts(self, label: Label, column: int, role: int) -> Any:
        """Return prompts in a line to be shown, or one a line to be edited."""
        prompts: tuple[str, ...] = getattr(label, PROMPTS[column])
        if role == Qt.ItemDataRole.EditRole:
            return "\n".join(prompts)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(prompts) or NOTES[column]
        if role == DEFAULT:
            return not prompts
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if column == NEGATIVE and self._session.label_state.task == "single" and not prompts:
            return "not asked"
        return " · ".join(prompts) or ("" if column == SYNONYMS else "templates")

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Rename, add (in the last row) or, with an empty text, remove a label; or set prompts."""
        row, column = index.row(), index.column()
        if role != Qt.ItemDataRole.EditRole or not (column == LABEL or column in PROMPTS):
            return False
        if column in PROMPTS:
            lines = (" ".join(line.split()) for line in str(value).splitlines())
            prompts = tuple(dict.fromkeys(filter(None, lines)))
            if row == len(self._rows) or getattr(self._rows[row], PROMPTS[column]) == prompts:
                return False
            side: dict[str, Any] = {PROMPTS[column]: prompts}
            changed = replace(self._rows[row], **side)
            self._change(labels=(*self._rows[:row], changed, *self._rows[row + 1 :]))
            return True
        return self._name(row, " ".join(str(value).split()))

    def _name(self, row: int, text: str) -> bool:
        others = [label.name for place, label in enumerate(self._rows) if place != row]
        if text in others or (row < len(self._rows) and self._rows[row].name == text):
            return False
        if row < len(self._rows):
            new = (replace(self._rows[row], name=text),) if text else ()
            changed = (*self._rows[:row], *new, *self._rows[row + 1 :])
            if text:  # in place, so that the editor still belongs to its row
                self._rows = changed
            self._change(labels=changed)
        elif text:
            self._change(labels=(*self._rows, Label(text)))
        return bool(text)


_SCORES = {COSINE: "cosine", Z: "z", PERCENTILE: "percentile", PROBABILITY: "probability"}
_DIGITS = {
    COSINE: numbers.cosine,
    Z: lambda value: f"{value:+.1f}".replace("-", "−"),
    PERCENTILE: numbers.percent,
    PROBABILITY: numbers.percent,
}
