"""The columns of an exported table: what is known of each image, and what was asked about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.collection.records import ImageRecord
from vlm_explorer.collection.store import Collection
from vlm_explorer.export.answers import Answers
from vlm_explorer.export.request import Holding
from vlm_explorer.queries.classify_answer import NO_CALL
from vlm_explorer.queries.tags import columns_of, read_tags

if TYPE_CHECKING:
    import pyarrow as pa

PLAIN = {
    "image_id": "made of the file's content and the frame; the same in every collection",
    "modality": "of the file, or of the captions table",
    "label": "of the captions table",
    "caption": "of the captions table",
    "split": "of the captions table",
}
FILES = {"file": "path on the machine of the export", "frame": "of the file, from 0"}
KEYS = {
    "patient": "key salted by the collection; equal for images of one patient",
    "study": "key salted by the collection",
    "series": "key salted by the collection",
}

GIVEN = {
    "tags": "given by the user, parted by semicolons",
    "notes": "written by the user",
}


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """A table of the chosen images.

    Attributes:
        table: one row an image, in the order of the collection.
        meanings: of each column, in words.
        rows: int64 (n,), the chosen rows of the collection.
    """

    table: pa.Table
    meanings: dict[str, str]
    rows: NDArray[np.int64]


def export_table(
    collection: Collection, rows: NDArray[np.int64], answers: Answers, holding: Holding
) -> Exported:
    """Return the chosen rows with what was asked about them.

    Args:
        collection: of N images.
        rows: (n,) ascending.
        answers: about all N.
        holding: what goes out only when it is asked for; thumbnails are no column.
    """
    import pyarrow as pa

    images = collection.images
    meanings = {"image_id": PLAIN["image_id"]}
    meanings |= FILES if holding.files else {}
    meanings |= {name: text for name, text in PLAIN.items() if name != "image_id"}
    meanings |= KEYS if holding.keys else {}
    if holding.columns:
        known = {*ImageRecord.__dataclass_fields__, *meanings}
        further = [name for name in images.column_names if name not in known]
        meanings |= dict.fromkeys(further, "further column of the captions table")
    table = images.select(list(meanings)).take(pa.array(rows))
    for name, texts in _given(collection, table, holding).items():
        unique = _unused(name, table.column_names)
        meanings[unique] = GIVEN[name]
        table = table.append_column(unique, pa.array(texts, pa.string()))
    for name, meaning, values in _asked(answers, images.num_rows):
        unique = _unused(name, table.column_names)
        meanings[unique] = meaning
        table = table.append_column(unique, pa.array(_plain(values[rows])))
    return Exported(table.combine_chunks(), meanings, rows)


def _given(collection: Collection, table: pa.Table, holding: Holding) -> dict[str, list[str]]:
    """Return what the user gave to the images of a table, as far as it is to go out."""
    if not (holding.tags or holding.notes):
        return {}
    tags, notes = columns_of(read_tags(collection), table["image_id"].to_pylist())
    given = {"tags": tags} if holding.tags else {}
    return given | ({"notes": notes} if holding.notes else {})


def _unused(name: str, names: list[str]) -> str:
    """Return a name that no column has yet: a captions table may have one called x."""
    while name in names:
        name += "_"
    return name


def _plain(values: NDArray[Any]) -> Any:
    """Return values with None for NaN."""
    if values.dtype.kind != "f":
        return values
    import pyarrow as pa

    return pa.array(values, from_pandas=True)


def _asked(answers: Answers, size: int) -> list[tuple[str, str, NDArray[Any]]]:
    """Return name, meaning and values (N,) of each column that was asked for."""
    columns: list[tuple[str, str, NDArray[Any]]] = []
    if answers.xy is not None and answers.layout is not None:
        made = answers.layout.request
        where = f"on the map ({made.method}, {made.space}, seed {made.seed}); without unit"
        columns += [("x", f"{where}, to the right", answers.xy[:, 0])]
        columns += [("y", f"{where}, upwards", answers.xy[:, 1])]
        columns += _clusters(answers, size)
    for asked in answers.searches:
        meaning = f"{asked.name}, -1 to 1, by {answers.model}"
        columns.append((asked.name, meaning, asked.values))
    columns += _order_columns(answers)
    columns += _label_columns(answers)
    return columns + [(each.name, each.meaning, each.values) for each in answers.measures]


def _order_columns(answers: Answers) -> list[tuple[str, str, NDArray[Any]]]:
    """Return how the query ranks the images: rank, and what is ranked by besides the cosine."""
    if (order := answers.order) is None:
        return []
    asked = f"of the query, {answers.searches[0].name.removeprefix('cosine to ')}, {order.words}"
    of_group = "" if order.per == "image" else f" of its {order.per}"
    columns: list[tuple[str, str, NDArray[Any]]] = [
        (f"rank{of_group}", f"{asked}; from 1, the best; 0: without a vector", order.rank)
    ]
    if order.score is not None:
        columns.append(("score", f"what images are ranked by, {asked}", order.score))
    if order.whole is not None:
        columns.append((f"score{of_group}", f"of all its images together, {asked}", order.whole))
    return columns


def _clusters(answers: Answers, size: int) -> list[tuple[str, str, NDArray[Any]]]:
    number = np.zeros(size, np.int64)
    names = np.full(size, "", object)
    for place, group in enumerate(answers.groups, 1):
        number[group.members] = place
        names[group.members] = group.name
    found = "HDBSCAN on the map: a region of this picture, not of the space"
    return [
        ("cluster", f"{found}; from 1, the largest; 0: between clusters", number),
        ("cluster name", f"{found}; the commonest label, else modality, in it", names),
    ]


def _label_columns(answers: Answers) -> list[tuple[str, str, NDArray[Any]]]:
    if (labels := answers.labels) is None:
        return []
    best, doubt, of_what = labels.best, "", labels.of_what
    if labels.least_margin:
        best[~(labels.calls != 0).any(axis=1) & labels.known] = NO_CALL
        doubt = f", or {NO_CALL} where the margin is below {labels.least_margin:.3g}"
    how = f"zero-shot, templates {labels.templates}, by {labels.model}"
    columns: list[tuple[str, str, NDArray[Any]]] = [
        ("zero-shot label", f"the likeliest {of_what}{doubt}; {how}", best)
    ]
    for place, label in enumerate(labels.labels):
        columns.append(
            (f"cosine to label “{label}”", f"{how}; -1 to 1", labels.cosine[:, place]),
        )
        columns.append(
            (
                f"probability of “{label}” {of_what}",
                f"{how}; 0 to 1, {of_what}",
                labels.probability[:, place],
            ),
        )
    return columns
