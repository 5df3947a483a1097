"""Where the window finds what is true of the images, and what stands there for each label."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels.truth_look import FINDINGS, Known, Stamp, look

if TYPE_CHECKING:
    from vlm_explorer.queries.label_set import Label
    from vlm_explorer.viewmodels.session import Session

LEFT_OUT = "left-out"  # as `queries.truth_counting.LEFT_OUT`
_KEY = "evaluate columns"
_KEPT = "truth"
# A label, what is called so in the truth, and what stands for it.
Standing = tuple[str, tuple[str, ...], tuple[str, ...]]
MOST_LISTED = 500  # values of a column, that are listed to choose from


class TruthChoice(QObject):
    """One for the window: *Evaluate* and *Wording* ask the same truth.

    What was chosen is remembered with the collection: where the table lies and what stands for the
    labels, nothing of what it says.

    Attributes:
        known: None until somebody has looked.
        table: a table beside the collection's own columns, or None.
        column: which column says what is true; "" for none.
        blank, uncertain: what blanks and -1 count as in columns of 0 and 1, as of
            `queries.truth_counting.Counting`.

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
        self.blank = self.uncertain = LEFT_OUT
        self._corrected: dict[str, tuple[str, ...]] = {}
        self._stamp: Stamp | None = None  # of the table when it was read last
        self._of: Path | None = None
        session.collection_changed.connect(self._follow)

    def look(self) -> None:
        """Find out what there is, unless that is known."""
        if self.known is None and self._session.content is not None:
            self._read(self.table, self._stamp or (0, 0))

    def read_table(self, path: Path) -> None:
        """Take what is true from a table whose rows name the images' files."""
        if self._session.content is not None:
            self._read(path)

    def forget_table(self) -> None:
        """Take it from the collection's own columns."""
        self.table, self.known, self._stamp = None, None, None
        self._corrected = {}
        self._keep()
        self.look()
        self.changed.emit()

    def set_column(self, column: str) -> None:
        """Take what is true from another column."""
        if column != self.column:
            self.column, self._corrected = column, {}
            self._keep()
            self.changed.emit()

    def count(self, *, blank: str = "", uncertain: str = "") -> None:
        """Say what blanks, or -1, count as."""
        before = self.counting
        self.blank, self.uncertain = blank or self.blank, uncertain or self.uncertain
        if before != self.counting:
            self._keep()
            self.changed.emit()

    @property
    def counting(self) -> tuple[str, str]:
        """What blanks and -1 count as; left out where the column has no such cells."""
        return (self.blank, self.uncertain) if self.by_findings else (LEFT_OUT, LEFT_OUT)

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
            self._keep()
            self.changed.emit()

    @property
    def corrections(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What was said to stand for labels."""
        return tuple(sorted(self._corrected.items()))

    # From the session

    def _read(self, table: Path | None, remembered: Stamp | None = None) -> None:
        self._session.runner.start(
            look,
            self._session.content,
            table,
            remembered,
            title="Looking for labels",
            key=_KEY,
            lane="io",
            on_success=self._take if remembered else self._take_chosen,
            on_failure=self._session.messages.show_error,
        )

    @Slot(object)
    def _take_chosen(self, found: tuple[Path | None, Known]) -> None:
        self._take(found)
        self._keep()

    @Slot(object)
    def _take(self, found: tuple[Path | None, Known]) -> None:
        table, self.known = found
        other = table != self.table
        self.table, self._stamp = table, self.known.stamp
        if other or self.column not in self.known.columns:
            self.column = next(iter(self.known.columns), "")
            self._corrected = {}
        there = set(self.values)
        self._corrected = {
            label: own for label, own in self._corrected.items() if there.issuperset(own)
        }
        if self.known.told:
            self._session.messages.show_information(self.known.told)
        self.changed.emit()

    @Slot()
    def _follow(self) -> None:
        """Look again at what is there; forget what was chosen for another collection."""
        content, self.known = self._session.content, None
        self._session.runner.cancel(_KEY)
        folder = None if content is None else content.collection.folder
        if folder != self._of:
            self._of = folder
            self._recall()
        self.changed.emit()

    # What is remembered

    def _keep(self) -> None:
        kept = {
            "table": str(self.table or ""),
            "stamp": list(self._stamp or ()),
            "column": self.column,
            "stands": {label: list(own) for label, own in self._corrected.items()},
            "blank": self.blank,
            "uncertain": self.uncertain,
        }
        self._session.kept.put(_KEPT, kept)

    def _recall(self) -> None:
        """Take what was chosen for this collection; what is damaged counts as not chosen."""
        kept = self._session.kept.get(_KEPT, dict, {})
        words = {name: kept.get(name) for name in ("table", "column", "blank", "uncertain")}
        said = {name: value if isinstance(value, str) else "" for name, value in words.items()}
        self.table = Path(said["table"]) if said["table"] else None
        self.column = said["column"]
        self.blank = said["blank"] or LEFT_OUT
        self.uncertain = said["uncertain"] or LEFT_OUT
        stands, stamp = kept.get("stands"), kept.get("stamp")
        self._corrected = {
            label: tuple(map(str, own))
            for label, own in (stands.items() if isinstance(stands, dict) else ())
            if isinstance(own, list)
        }
        whole = isinstance(stamp, list) and [type(each) for each in stamp] == [int, int]
        self._stamp = (stamp[0], stamp[1]) if whole else None
