"""What is true of a collection's images: from a column of theirs to cases and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.case_groups import groups_of, tuning_cases, whose
from vlm_explorer.queries.truth_columns import (
    BLANK,
    FINDINGS,
    LABEL,
    NO,
    UNCERTAIN,
    YES,
    finding_columns,
    match,
    may_tell,
    others,
    parts,
    plain,
    states,
    truth_columns,
)
from vlm_explorer.queries.truth_counting import ABSENT, Counting
from vlm_explorer.queries.truth_source import CollectionColumns, TruthSource

__all__ = ["FINDINGS", "LABEL", "Cases", "column_of", "find_cases", "truth_columns"]


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """The n images of which something is known, with what is true of them.

    Attributes:
        rows: intp (n,), in the collection.
        truth: bool (n, L).
        known: bool (n, L), of which labels it is known whether they are true.
        groups: intp (n,), the patient of each; an image of nobody is its own.
        by: "patient", "image", or "patient where known", for the intervals and the split.
        tuning: bool (n,), the half that thresholds and calibration are fitted on.
        split: how that half was chosen, in words.
        left_out: how many images take no part, by reason.
        other_values: values of the column that stand for none of the labels, the commonest first.
        stands: of each label, the values or the columns that stand for it.
        unsure: of each label with columns of 0 and 1, how many of the images that were asked about
            are uncertain, and of how many nothing is said; where that counts as absent, of how
            many that are listed.
        counting: what those count as.
    """

    rows: np.ndarray
    truth: np.ndarray
    known: np.ndarray
    groups: np.ndarray
    by: str
    tuning: np.ndarray
    split: str
    left_out: dict[str, int]
    other_values: dict[str, int]
    stands: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unsure: dict[str, tuple[int, int]] = field(default_factory=dict)
    counting: Counting = Counting()

    @property
    def patients(self) -> int:
        """How many groups there are."""
        return len(np.unique(self.groups))


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """What a column, or columns of 0 and 1, say of the N images.

    Attributes:
        state: int8 (N, L), of `truth_columns.YES` and so on.
        stands, unsure, other_values: as of `Cases`.
    """

    state: NDArray[np.int8]
    stands: dict[str, tuple[str, ...]]
    other_values: dict[str, int]
    unsure: dict[str, tuple[int, int]] = field(default_factory=dict)


def find_cases(
    collection: Collection,
    labels: Sequence[str],
    task: str,
    *,
    column: str = LABEL,
    values: Mapping[str, Sequence[str]] | None = None,
    stands: Mapping[str, Sequence[str]] | None = None,
    source: TruthSource | None = None,
    counting: Counting = Counting(),
    wanted: np.ndarray | None = None,
    split: str = "",
    seed: int = 0,
) -> Cases:
    """Return the images of which a column says what is true of them.

    A cell holds findings joined by ";" or "|". Labels are compared with them without regard to
    case. With `FINDINGS` each label has a column of its own: 1 where it is true, 0 where not; -1
    and blanks say nothing, and leave the image out for that label, unless they are counted.

    Args:
        labels: L labels.
        task: `single` takes only images of which exactly one label is true, and none uncertain.
        column: its name, or `FINDINGS`; empty: see `column_of`.
        values: for a label, further values of the column, or columns, that stand for it.
        stands: for a label, exactly those that do, whatever it is called.
        source: the table with the column; None: the collection itself.
        counting: what -1 and blanks count as.
        wanted: bool (N,), which images are asked about; None: all.
        split: a column of the collection that names the parts; empty: half of the patients, drawn
            by `seed`.

    Raises:
        UsageError: no such column, or no image is left, or there is nothing to be counted so.
    """
    source = source or CollectionColumns(collection)
    column = column_of(source, column)
    counting.check(column)
    _check_columns(collection, source, column, split)
    asked = np.ones(len(collection.images), bool) if wanted is None else wanted
    names = {label: tuple((values or {}).get(label, ())) for label in labels}
    told = _told(source, column, names, stands or {}, asked, counting)
    kept, left_out = _kept(told.state, asked, task)
    rows = np.flatnonzero(kept)
    if not len(rows):
        raise _nothing(collection, column, labels, bool((told.state[asked] > BLANK).any()))
    groups, by = groups_of(collection, rows)
    return Cases(
        rows=rows,
        truth=told.state[rows] == YES,
        known=told.state[rows] >= NO
        if task == "multi"
        else np.ones((len(rows), len(labels)), bool),
        groups=groups,
        by=by,
        tuning=tuning_cases(collection, rows, groups, split, seed),
        split=f"the column {split}" if split else f"half of the {whose(by)}, drawn by seed {seed}",
        left_out={reason: count for reason, count in left_out.items() if count},
        other_values=told.other_values,
        stands=told.stands,
        unsure=told.unsure,
        counting=counting,
    )


def column_of(source: TruthSource, name: str) -> str:
    """Return a column as it is written; for no name that of labels, or those of 0 and 1."""
    if not name:
        there = truth_columns(source)
        usual = [each for each in there if each in (LABEL, FINDINGS)]
        return next(iter(usual or (() if LABEL in source.names else there)), LABEL)
    return next((each for each in source.names if each.casefold() == name.casefold()), name)


def _check_columns(collection: Collection, source: TruthSource, column: str, split: str) -> None:
    missing = [] if column == FINDINGS else [column]
    missing = [name for name in missing if name not in source.names or not may_tell(name)]
    missing += [split] if split and split not in collection.images.column_names else []
    if missing:
        there = ", ".join(truth_columns(source)) or "none"
        raise UsageError(
            f"No column “{missing[0]}” of “{collection.name}” says what is true of its images.",
            f"Columns that could: {there}. A captions.csv beside the images brings more.",
        )


def _told(
    source: TruthSource,
    column: str,
    names: Mapping[str, tuple[str, ...]],
    exactly: Mapping[str, Sequence[str]],
    asked: np.ndarray,
    counting: Counting,
) -> _Told:
    if column == FINDINGS:
        return _of_columns(source, names, exactly, asked, counting)
    cells = [parts(cell) for cell in source.cells(column)]
    there = sorted({part for cell in cells for part in cell})
    stands = _standing(match(names, there, column), exactly)
    known = np.array([bool(cell) for cell in cells], bool)
    state = np.full((len(cells), len(names)), BLANK, np.int8)
    for place, label in enumerate(names):
        own = set(map(plain, stands[label]))
        state[known, place] = [YES if cell & own else NO for cell in cells if cell]
    used = frozenset(plain(value) for own in stands.values() for value in own)
    other = others([cells[row] for row in np.flatnonzero(known & asked)], used)
    return _Told(state, stands, other)


def _standing(
    matched: dict[str, tuple[str, ...]], exactly: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    return {label: tuple(exactly.get(label, own)) for label, own in matched.items()}


def _of_columns(
    source: TruthSource,
    names: Mapping[str, tuple[str, ...]],
    exactly: Mapping[str, Sequence[str]],
    asked: np.ndarray,
    counting: Counting,
) -> _Told:
    """Read a column of 0 and 1 a label; of several, one that says yes counts."""
    there = finding_columns(source)
    wanted = {label: set(map(plain, own)) for label, own in exactly.items()}
    named = {label: [each for each in there if plain(each) in own] for label, own in wanted.items()}
    stands = _standing(match(names, there), named)
    if not any(stands.values()):
        raise UsageError(
            f"No column of 0 and 1 is called as one of the labels: {', '.join(names)}.",
            f"There are: {', '.join(there) or 'none'}. Say which one stands for a label.",
        )
    state = np.full((len(asked), len(names)), BLANK, np.int8)
    listed, unsure = source.listed, {}
    silent = asked & listed if counting.blank == ABSENT else asked
    for place, label in enumerate(names):
        read = [states(source.cells(name)) for name in stands[label]]
        for said in (NO, UNCERTAIN, YES):
            for each in read:
                state[each == said, place] = said
        if read:
            own = state[:, place]
            unclear, blank = (own == UNCERTAIN) & asked, (own == BLANK) & silent
            unsure[label] = (int(unclear.sum()), int(blank.sum()))
            state[:, place] = counting.counted(own, listed)
    used = {name for own in stands.values() for name in own}
    other = {
        name: int((states(source.cells(name))[asked] == YES).sum())
        for name in there
        if name not in used
    }
    return _Told(state, stands, other, unsure)


def _kept(
    state: NDArray[np.int8], asked: np.ndarray, task: str
) -> tuple[np.ndarray, dict[str, int]]:
    """Return which images are cases, bool (N,), and how many are not, by reason."""
    said = (state >= NO).any(axis=1)
    unclear = (state == UNCERTAIN).any(axis=1)
    kept = asked & said
    left_out = {
        "not labelled": int((asked & ~said & ~unclear).sum()),
        "uncertain": int((asked & ~said & unclear).sum()),
    }
    if task == "single":
        count = (state == YES).sum(axis=1)
        left_out["uncertain"] += int((kept & unclear).sum())
        kept &= ~unclear
        left_out["of another label"] = int((kept & (count == 0)).sum())
        left_out["of several labels"] = int((kept & (count > 1)).sum())
        kept &= count == 1
    return kept, left_out


def _nothing(collection: Collection, column: str, labels: Sequence[str], known: bool) -> UsageError:
    if known:
        return UsageError(
            f"No image has one of these labels in its column {column}: {', '.join(labels)}.",
            "Name the labels as they stand in the column, or say which values stand for them.",
        )
    return UsageError(
        f"No image of “{collection.name}” says in its column {column} what is true of it.",
        "Put a captions.csv with the columns file and label beside the images, and index again.",
    )
