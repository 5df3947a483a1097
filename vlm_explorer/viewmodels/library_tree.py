"""The rows of the library: which images the filter lets through, and the tree of those. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

from vlm_explorer.files.study_tree import PatientNode, SeriesNode, StudyNode


@dataclass(slots=True)
class Node:
    """A row of the tree; the tree itself is made once and then left alone."""

    kind: str
    key: str
    title: str
    detail: str = ""
    image_ids: tuple[str, ...] = ()
    parent: Node | None = None
    warnings: tuple[str, ...] = ()
    about: str = ""  # of a patient with one study: its description
    children: list[Node] = field(default_factory=list)
    number: int = 0  # among all nodes; the root has 0
    row: int = 0  # among its siblings

    @property
    def cover(self) -> str | None:
        """The image whose thumbnail stands for all."""
        return self.image_ids[len(self.image_ids) // 2] if self.image_ids else None

    @property
    def sentence(self) -> str:
        """What the row says, in one line, and what it has no room for."""
        return ", ".join(part for part in (self.title, self.about, self.detail) if part)


def shown_tree(patients: tuple[PatientNode, ...], shown: set[str]) -> Node:
    """Return the tree of the shown images, without empty branches.

    A patient with one study has the series right below, and one with one series is a row of its
    own: a tree of a thousand radiographs is a list of them. A series of several stacks is a branch.
    """
    root = Node("root", "", "")
    for patient in patients:
        series = [each for study in patient.studies for each in study.series]
        if len(series) == 1:
            _add_stack(root, series[0], shown, patient.title)
            continue
        top = Node("patient", patient.key, patient.title, parent=root)
        for study in patient.studies:
            middle = Node("study", study.key, study.label, study.later, parent=top)
            if len(study.series) == 1 and len(patient.studies) > 1:
                _add_stack(top, study.series[0], shown, study.label, study.later)
            elif len(patient.studies) == 1:
                top.about = study.description
                _add_all_series(top, study, shown)
            else:
                _add_all_series(middle, study, shown)
                _close(top, middle)
        _close(root, top)
    return root


def _add_all_series(parent: Node, study: StudyNode, shown: set[str]) -> None:
    """Hang the series of a study below `parent`, each with several stacks as a branch."""
    for key, group in groupby(study.series, lambda each: each.series):
        stacks = list(group)
        if len(stacks) == 1:
            _add_stack(parent, stacks[0], shown)
            continue
        branch = Node("stacks", key, stacks[0].label, parent=parent)
        for each in stacks:
            _add_stack(branch, each, shown)
        _close(parent, branch)


def _add_stack(
    parent: Node, series: SeriesNode, shown: set[str], above: str = "", later: str = ""
) -> None:
    """Hang the shown part of a stack below `parent`.

    Args:
        above: title of the level that the stack stands for; a folder's name says more.
        later: how long after the first study it was taken, where it stands for a study.
    """
    ids = tuple(image_id for image_id in series.image_ids if image_id in shown)
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
    node = Node("series", series.key, title, detail, ids, parent, series.warnings)
    parent.children.append(node)


def _images(count: int) -> str:
    return "1 image" if count == 1 else f"{count:,} images"


def numbered(root: Node) -> list[Node]:
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
    count = _images(len(node.image_ids))
    node.detail = f"{node.detail} · {count}" if node.detail else count
    parent.children.append(node)
