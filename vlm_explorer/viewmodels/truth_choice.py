"""Where the window finds what is true of the images, and what stands there for each label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.background import Opened

if TYPE_CHECKING:
    from vlm_explorer.queries.label_set import Label
    from vlm_explorer.viewmodels.session import Session

FINDINGS = "0/1"  # as `queries.truth_columns.FINDINGS`, which is imported only off this thread
_KEY = "evaluate columns"
# A label, what is called so in the truth, and what stands for it.
Standing = tuple[str, tuple[str, ...], tuple[str, ...]]
MOST_LISTED = 500  # values of a column, that are listed to choose from


@dataclass(frozen=True, slots=True)
class Known:
    """What a collection offers: columns that could say what is true, and other encoders.

    Attributes:
        values: of each column what it names; of `FINDINGS` the columns of 0 and 1.
        notes: what was left out of a table.
    """

    columns: tuple[str, ...]
    models: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class TruthChoice(QObject):
    """One for the window: *Evaluate* and *Wording* ask the same truth.

    Attributes:
        known: None until somebody has looked.
        table: a table beside the collection's own columns, or None.
        column: which column says what is true; "" for none.

    Signals:
        changed(): another column, table or correction, or more is known.
    """

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self.known: Known | None = None
        self.table: Path | None = None
        self.column = ""
        self._corrected: dict[str, tuple[str, ...]] = {}
        self._of: Path | None = None
        session.collection_changed.connect(self._follow)

    def look(self) -> None:
        """Find out what there is, unless that is known."""
        if self.known is None and self._session.content is not None:
            self._read(self.table)

    def read_table(self, path: Path) -> None:
        """Take what is true from a table whose rows name the images' files."""
        if self._session.content is not None:
            self._read(path)

    def forget_table(self) -> None:
        """Take it from the collection's own columns."""
        self.table, self.known = None, None
        self._corrected = {}
        self.look()
        self.changed.emit()

    def set_column(self, column: str) -> None:
        """Take what is true from another column."""
        if column != self.column:
            self.column, self._corrected = column, {}
            self.changed.emit()

    @property
    def usual(self) -> bool:
        """Whether the column is one of labels, not any that has values."""
        return self.column in ("label", FINDINGS)

    # What stands for the labels

    @property
    def values(self) -> tuple[str, ...]:
        """What the column names; of columns of 0 and 1 their names."""
        return () if self.known is None else self.known.values.get(self.column, ())

    @property
    def by_findings(self) -> bool:
        """Whether columns of 0 and 1, one a finding, say what is true."""
        return self.column == FINDINGS

    @property
    def listed(self) -> tuple[str, ...]:
        """The first of `values`, to choose from; labels are matched with all of them."""
        return self.values[:MOST_LISTED]

    def matched(self, labels: tuple[Label, ...]) -> dict[str, tuple[str, ...]]:
        """Return what is called as each label, or one of its synonyms."""
        from vlm_explorer.queries.truth_columns import match

        names = {label.name: label.synonyms for label in labels}
        return match(names, self.values, self.column)

    def stands(self, labels: tuple[Label, ...]) -> dict[str, tuple[str, ...]]:
        """Return what stands for each label, as it was found or corrected."""
        found = self.matched(labels)
        return {name: self._corrected.get(name, own) for name, own in found.items()}

    def standing(self, labels: tuple[Label, ...]) -> tuple[Standing, ...]:
        """Return each label, what is called so in the truth, and what stands for it."""
        stands = self.stands(labels)
        return tuple((name, own, stands[name]) for name, own in self.matched(labels).items())

    def standing_for(self, prompt: str, finding: str, labels: tuple[Label, ...]) -> tuple[str, ...]:
        """Return what stands for a prompt: a finding that was chosen, else as for its label."""
        from vlm_explorer.queries.label_set import Label

        if finding or not prompt:
            return (finding,) if finding else ()
        label = next((each for each in labels if each.name == prompt), Label(prompt))
        return self.stands((label,))[prompt]

    def correct(self, label: str, values: tuple[str, ...] | None) -> None:
        """Say what stands for a label; None: what is called so."""
        before = dict(self._corrected)
        if values is None:
            self._corrected.pop(label, None)
        else:
            self._corrected[label] = values
        if before != self._corrected:
            self.changed.emit()

    @property
    def corrections(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What was said to stand for labels."""
        return tuple(sorted(self._corrected.items()))

    # From the session

    def _read(self, table: Path | None) -> None:
        self._session.runner.start(
            look,
            self._session.content,
            table,
            title="Looking for labels",
            key=_KEY,
            lane="io",
            on_success=self._take,
            on_failure=self._session.messages.show_error,
        )

    @Slot(object)
    def _take(self, found: tuple[Path | None, Known]) -> None:
        table, self.known = found
        other = table != self.table
        self.table = table
        if other or self.column not in self.known.columns:
            self.column = next(iter(self.known.columns), "")
            self._corrected = {}
        self.changed.emit()

    @Slot()
    def _follow(self) -> None:
        """Look again at what is there; forget what was chosen for another collection."""
        content, self.known = self._session.content, None
        self._session.runner.cancel(_KEY)
        folder = None if content is None else content.collection.folder
        if folder != self._of:
            self._of, self.table, self.column, self._corrected = folder, None, "", {}
        self.changed.emit()


def look(content: Opened, table: Path | None, *, context: JobContext) -> tuple[Path | None, Known]:
    """Return what could say what is true of a collection's images (any thread).

    Raises:
        UsageError: the table cannot be read, or names none of the images.
    """
    from vlm_explorer.queries.truth_columns import finding_columns, parts, truth_columns
    from vlm_explorer.queries.truth_source import truth_source

    context.check()
    source = truth_source(content.collection, table or "")
    columns = truth_columns(source)
    values = {}
    for name in columns:
        context.check()
        if name == FINDINGS:
            values[name] = finding_columns(source)
        else:
            there = {part for cell in source.distinct(name) for part in parts(cell)}
            values[name] = tuple(sorted(there))
    return table, Known(columns, tuple(content.collection.models()), values, source.warnings)
