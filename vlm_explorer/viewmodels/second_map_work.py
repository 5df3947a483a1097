"""The comparison of two maps, made off the GUI thread. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.image_table import ImageTable

if TYPE_CHECKING:
    from vlm_explorer.queries.compare_layouts import CompareAnswer
    from vlm_explorer.queries.layout_request import LayoutAnswer

NEIGHBOURS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """A comparison, ready to be shown.

    Attributes:
        images: the window's, of which `overlap` has a value each, float64 (N,); NaN where unknown.
        answer: the comparison.
        aligned: the second map, laid onto the first.
        read: the collection by the reader that compared.
    """

    images: ImageTable
    overlap: np.ndarray
    answer: CompareAnswer
    aligned: LayoutAnswer
    read: Opened


def compare(
    opened: Opened,
    first: LayoutAnswer,
    model: str,
    choices: dict[str, Any],
    name: str = "",
    *,
    context: JobContext,
) -> Compared:
    """Compare the map of the window with another.

    Args:
        opened: the open collection.
        first: the map of the window.
        model: the encoder of the second.
        choices: how that is laid out, as in `LayoutState.choices`.
        name: of a kept layout that is to be the second map instead; "" for none.
    """
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.queries.compare_layouts import CompareRequest, compare_layouts
    from vlm_explorer.queries.layout_request import LayoutRequest
    from vlm_explorer.queries.named_layouts import NamedLayouts

    context.check()
    # another reader: one keeps the vectors of one encoder, and searches need the window's own
    collection = Collection(opened.collection.folder)
    request = CompareRequest(
        first.model, model, first.request, LayoutRequest(**choices), NEIGHBOURS
    )
    kept = NamedLayouts(collection).open(name) if name else None
    answer = compare_layouts(collection, request, first=first, second=kept, context=context)
    images = opened.images
    overlap = np.full(len(images), np.nan)
    rows = np.array([images.row_of.get(key, -1) for key in answer.image_ids])
    overlap[rows[rows >= 0]] = answer.overlap[rows >= 0]
    aligned = replace(answer.second, xy=answer.aligned_xy, text_xy=answer.aligned_text_xy)
    return Compared(images, overlap, answer, aligned, replace(opened, collection=collection))
