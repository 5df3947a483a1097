"""The comparison of two maps, made off the GUI thread. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.background import Opened

if TYPE_CHECKING:
    from vlm_explorer.queries.compare_layouts import CompareAnswer
    from vlm_explorer.queries.layout import LayoutRequest

NEIGHBOURS = 15


def compare(
    opened: Opened,
    first: LayoutRequest,
    model: str,
    choices: dict[str, Any],
    *,
    context: JobContext,
) -> CompareAnswer:
    """Compare the map of the window with another.

    Args:
        opened: the open collection; its encoder is that of the first map.
        first: how the first map was laid out.
        model: the encoder of the second.
        choices: how that is laid out, as in `LayoutState.choices`.
    """
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.queries.compare_layouts import CompareRequest, compare_layouts
    from vlm_explorer.queries.layout import LayoutRequest

    context.check()
    # another reader of it: one reader keeps the vectors of one encoder, and searches need them
    collection = Collection(opened.collection.folder)
    request = CompareRequest(opened.model, model, first, LayoutRequest(**choices), NEIGHBOURS)
    return compare_layouts(collection, request, context=context)
