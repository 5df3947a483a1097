"""The rows of the library: which images filters let through, and the tree of those. No Qt.

What a filter shows is counted by stack, with arrays; the rows of a patient are made when they are
asked for. So a filter of a million images costs no more than a look through as many bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, compress, groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.files.study_tree import PatientNode, SeriesNode

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.image_table import ImageTable

Numbered = tuple[int, SeriesNode]  # a stack, and its number among all


@dataclass(slots=True)
class Node:
    """A row of the tree; it is made once and then left alone.

    Attributes:
        count: how many images it shows.
        stack: of a series: its number among all stacks.
        about: of a patient with one study: its description.
        number: among all nodes of its patient, whose own is 0.
        row: among its siblings.
    """

    kind: str
    key: str
    title: str
    detail: str = ""
    count: int = 0
    ids: tuple[str, ...] = ()
    stack: int = -1
    parent: Node | None = None
    warnings: tuple[str, ...] = ()
    about: str = ""
    children: list[Node] = field(default_factory=list)
    number: int = 0
    row: int = 0

    @property
    def image_ids(self) -> tuple[str, ...]:
        """The shown images, in geometric order."""
        return self.ids or tuple(key for child in self.children for key in child.image_ids)

    @property
    def cover(self) -> str | None:
        """The image whose thumbnail stands for all."""
        ids = self.image_ids
        return ids[len(ids) // 2] if ids else None

    @property
    def sentence(self) -> str:
        """What the row says, in one line, and what it has no room for."""
        return ", ".join(part for part in (self.title, self.about, self.detail) if part)


class StackRows:
    """Where the images of each stack are in a table: what a filter shows is counted by it.

    Attributes:
        patients: the tree.
        first: int64 (P + 1,), the number of each patient's first stack.
        stack_of: int32 (N,), the number of each image's stack; -1: it is in none.
    """

    def __init__(self, images: ImageTable) -> None:
        self.patients = images.tree
        stacks = [stack for patient in self.patients for stack in stacks_of(patient)]
        sizes = [len(stack.image_ids) for stack in stacks]
        row_of = images.row_of
        self._order = np.fromiter(
            (row_of[key] for stack in stacks for key in stack.image_ids), np.int64, sum(sizes)
        )
        self._starts = np.array([0, *accumulate(sizes)], np.int64)
        counts = [len(list(stacks_of(patient))) for patient in self.patients]
        self.first = np.array([0, *accumulate(counts)], np.int64)
        self.stack_of = np.full(len(images), -1, np.int32)
        self.stack_of[self._order] = np.repeat(np.arange(len(stacks), dtype=np.int32), sizes)
        self.patient_of = {
            key: number
            for number, patient in enumerate(self.patients)
            for key in _branch_keys(patient)
        }

    def counts(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return how many images of each stack are shown, (S,), by `mask` (N,)."""
        if len(self._starts) == 1:
            return np.empty(0, np.int64)
        shown = mask[self._order].astype(np.int64)
        return np.add.reduceat(shown, self._starts[:-1])

    def ids(self, number: int, stack: SeriesNode, mask: NDArray[np.bool_]) -> tuple[str, ...]:
        """Return the shown images of a stack, in its order."""
        rows = self._order[self._starts[number] : self._starts[number + 1]]
        shown = mask[rows]
        return stack.image_ids if shown.all() else tuple(compress(stack.image_ids, shown.tolist()))


def stacks_of(patient: PatientNode) -> Iterator[SeriesNode]:
    """Return the stacks of a patient, in the order in which they are numbered."""
    return (stack for study in patient.studies for stack in study.series)


def _branch_keys(patient: PatientNode) -> set[str]:
    return {patient.key} | {
        key for study in patient.studies for key in (study.key, *(s.series for s in study.series))
    }


class ShownTree:
    """The tree of the shown images, without empty branches.

    A patient with one study has the series right below, and one with one series is a row of its
    own: a tree of a thousand radiographs is a list of them. A series of several stacks is a branch.
    """

    def __init__(self, rows: StackRows, mask: NDArray[np.bool_]) -> None:
        self._rows, self._mask = rows, mask
        self._counts = rows.counts(mask)
        seen = np.append(0, np.cumsum(self._counts))[rows.first]
        self._shown = np.flatnonzero(np.diff(seen))  # the patients, by their numbers
        self._single = (np.diff(rows.first) == 1)[self._shown].tolist()
        self._made: dict[int, list[Node]] = {}

    def __len__(self) -> int:
        """How many rows are at the top."""
        return len(self._shown)

    @property
    def series_count(self) -> int:
        """How many series are shown."""
        return int(np.count_nonzero(self._counts))

    def is_single(self, row: int) -> bool:
        """Whether a row at the top is a series by itself."""
        return bool(self._single[row])

    def nodes(self, row: int) -> list[Node]:
        """Return the node of a row at the top, and all below it, by their numbers."""
        if row not in self._made:
            number = int(self._shown[row])
            patient, first = self._rows.patients[number], int(self._rows.first[number])
            numbered = list(enumerate(stacks_of(patient), first))
            top = _top_of(patient, numbered, self._ids)
            top.row = row
            self._made[row] = _listed(top)
        return self._made[row]

    def find_image(self, row_in_table: int) -> Node | None:
        """Return the series in which an image lies; None where it is not shown."""
        stack = int(self._rows.stack_of[row_in_table])
        if stack < 0 or not self._mask[row_in_table]:
            return None
        patient = int(np.searchsorted(self._rows.first, stack, "right")) - 1
        nodes = self.nodes(int(np.searchsorted(self._shown, patient)))
        return next(node for node in nodes if node.stack == stack)

    def find(self, key: str) -> Node | None:
        """Return the branch of that key; None where it is not shown."""
        patient = self._rows.patient_of.get(key, -1)
        row = int(np.searchsorted(self._shown, patient))
        if row == len(self._shown) or self._shown[row] != patient:
            return None
        nodes = self.nodes(row)
        return next((node for node in nodes if node.key == key and node.children), None)

    def _ids(self, numbered: Numbered) -> tuple[str, ...]:
        number, stack = numbered
        return self._rows.ids(number, stack, self._mask) if self._counts[number] else ()


Ids = Callable[[Numbered], tuple[str, ...]]


def _top_of(patient: PatientNode, stacks: list[Numbered], ids: Ids) -> Node:
    """Return what stands for a patient, some of whose images are shown."""
    root = Node("root", "", "")
    if len(stacks) == 1:
        _add_stack(root, stacks[0], ids, patient.title)
        return root.children[0]
    top = Node("patient", patient.key, patient.title)
    begun = 0
    for study in patient.studies:
        of_study, begun = stacks[begun : begun + len(study.series)], begun + len(study.series)
        middle = Node("study", study.key, study.label, study.later, parent=top)
        if len(of_study) == 1 and len(patient.studies) > 1:
            _add_stack(top, of_study[0], ids, study.label, study.later)
        elif len(patient.studies) == 1:
            top.about = study.description
            _add_all_series(top, of_study, ids)
        else:
            _add_all_series(middle, of_study, ids)
            _close(top, middle)
    _close(root, top)
    return top


def _add_all_series(parent: Node, numbered: list[Numbered], ids: Ids) -> None:
    """Hang the series of a study below `parent`, each with several stacks as a branch."""
    for key, group in groupby(numbered, lambda each: each[1].series):
        stacks = list(group)
        if len(stacks) == 1:
            _add_stack(parent, stacks[0], ids)
            continue
        branch = Node("stacks", key, stacks[0][1].label, parent=parent)
        for each in stacks:
            _add_stack(branch, each, ids)
        _close(parent, branch)


def _add_stack(
    parent: Node, numbered: Numbered, ids_of: Ids, above: str = "", later: str = ""
) -> None:
    """Hang the shown part of a stack below `parent`.

    Args:
        above: title of the level that the stack stands for; a folder's name says more.
        later: how long after the first study it was taken, where it stands for a study.
    """
    place, series = numbered
    ids = ids_of(numbered)
    if not ids:
        return
    folder = not series.name.startswith("Series ")
    title = series.label if folder or not above else above
    count = _images(len(ids))
    if len(ids) < len(series.image_ids):
        count = f"{len(ids):,} of {len(series.image_ids):,}"
    body_part = series.body_part.capitalize()
    if body_part.casefold() in series.description.casefold():
        body_part = ""  # there is little room, and it is said already
    parts = [later, series.modality, body_part, count]
    if parent.kind == "stacks":  # its branch has said the rest
        number, _, apart = series.part.partition(", ")
        title, parts = (
            (apart[:1].upper() + apart[1:], [number, count]) if apart else (number, [count])
        )
    elif title == above != series.description:
        parts.insert(-2, series.description)
    detail = " · ".join(part for part in parts if part)
    above_it = None if parent.kind == "root" else parent
    parent.children.append(
        Node(
            "series", series.key, title, detail, len(ids), ids, place, above_it,
            series.warnings,
        )
    )  # fmt: skip


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def _listed(top: Node) -> list[Node]:
    """Return a node and all below it, each knowing its place in the list and its row."""
    nodes = [top]
    for node in nodes:
        for row, child in enumerate(node.children):
            child.number, child.row = len(nodes), row
            nodes.append(child)
    return nodes


def _close(parent: Node, node: Node) -> None:
    """Hang `node` below `parent` unless nothing of it is shown; count its images."""
    if not node.children:
        return
    node.count = sum(child.count for child in node.children)
    count = _images(node.count)
    node.detail = f"{node.detail} · {count}" if node.detail else count
    parent.children.append(node)
