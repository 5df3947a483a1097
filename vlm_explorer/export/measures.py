"""What can be computed of every image besides: columns of a table, for who asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.export.request import MEASURES
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.duplicates import DuplicatesRequest, duplicates
from vlm_explorer.queries.layout_request import LayoutAnswer
from vlm_explorer.queries.map_trust import map_trust
from vlm_explorer.queries.mispaired import MispairedRequest, mispaired
from vlm_explorer.queries.outliers import OutliersRequest, outliers


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A column: its name, what it means and how it was computed, and a value an image, (N,)."""

    name: str
    meaning: str
    values: NDArray[Any]


@dataclass(frozen=True, slots=True)
class _Asked:
    collection: Collection
    model: str
    layout: LayoutAnswer | None
    context: JobContext


def measure(
    collection: Collection,
    names: Sequence[str],
    model: str,
    layout: LayoutAnswer | None,
    *,
    context: JobContext,
) -> tuple[Measured, ...]:
    """Compute what is asked for, as the review and the trust of the map do.

    Args:
        names: of `request.MEASURES`.
        model: whose vectors.
        layout: of the places; without one no neighbours can be kept on it.

    Raises:
        UsageError: an unknown name, or what is needed for it is not there.
    """
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        raise UsageError(
            f"There is no measure “{unknown[0]}”.", f"Choose among: {', '.join(MEASURES)}."
        )
    asked = _Asked(collection, model, layout, context)
    return tuple(column for name in MEASURES if name in names for column in _MAKERS[name](asked))


def _kept(asked: _Asked) -> list[Measured]:
    if asked.layout is None:
        raise UsageError(
            "Neighbours are kept on a map, and no map was asked for.",
            "Ask for a layout, or do without the measure “kept”.",
        )
    collection, trust = asked.collection, map_trust(asked.collection, asked.layout)
    values = np.full(collection.images.num_rows, np.nan, np.float32)
    rows = np.array([collection.row_of.get(key, -1) for key in asked.layout.image_ids], np.intp)
    values[rows[rows >= 0]] = trust.kept[rows >= 0]
    meaning = "share of the 15 nearest in the full space that are among the 15 nearest on the map"
    return [Measured("neighbours kept", f"{meaning}, 0 to 1, by {asked.model}", values)]


def _outlier(asked: _Asked) -> list[Measured]:
    request = OutliersRequest()
    found = outliers(asked.collection, request, model=asked.model, context=asked.context)
    meaning = (
        f"mean of the modified z-scores of the mean cosine distance to the {request.k} nearest "
        "images of other series, and of the squared Mahalanobis distance from all; from "
        f"{found.usual:.4f} on it is unusual here; by {found.model}"
    )
    near = f"to the {request.k} nearest images of other series, 0 to 2; by {found.model}"
    return [
        Measured("outlier score", meaning, found.score),
        Measured("outlier distance", f"mean cosine distance {near}", found.distance),
    ]


def _duplicates(asked: _Asked) -> list[Measured]:
    request = DuplicatesRequest()
    found = duplicates(asked.collection, request, model=asked.model, context=asked.context)
    number = np.zeros(len(found.image_ids), np.int64)
    number[found.pairs] = found.group[:, None] + 1
    how = f"among images of other series, by {found.model}"
    return [
        Measured("cosine to the nearest", f"with the most similar image, -1 to 1, {how}",
                 found.nearest),
        Measured("duplicate group", f"number of the group of images that hang together by cosines "
                 f"of {request.threshold} or more, {how}; from 1, 0: in none", number),
    ]  # fmt: skip


def _caption_rank(asked: _Asked) -> list[Measured]:
    found = mispaired(
        asked.collection, MispairedRequest(), model=asked.model, context=asked.context
    )
    meaning = (
        "rank of the best of an image's own captions among all captions, by their cosine to it, "
        f"from 1; by {found.model}"
    )
    return [Measured("caption rank", meaning, found.caption_rank)]


_MAKERS: dict[str, Callable[[_Asked], list[Measured]]] = {
    "kept": _kept,
    "outlier": _outlier,
    "duplicates": _duplicates,
    "caption-rank": _caption_rank,
}
