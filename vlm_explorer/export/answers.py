"""All that an export says about its images: asked of `queries/` once, for every image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.descending import descending
from vlm_explorer.analysis.groups import Group, group_points
from vlm_explorer.analysis.similarity import cosines, unit
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.export.measures import Measured, measure
from vlm_explorer.export.query import ExportQuery
from vlm_explorer.export.request import ExportRequest
from vlm_explorer.jobs import JobContext
from vlm_explorer.processes import run_in_process
from vlm_explorer.queries.classify import ClassifyAnswer, classify
from vlm_explorer.queries.layout import LayoutAnswer, layout
from vlm_explorer.queries.named_layouts import NamedLayouts
from vlm_explorer.queries.search import SearchRequest, search
from vlm_explorer.queries.search_answer import SearchAnswer


@dataclass(frozen=True, slots=True, eq=False)
class Cosines:
    """The cosine of every image to a prompt, or to an image of the collection.

    Attributes:
        name: of the column.
        words: the prompt; "" for an image.
        values: float32 (N,), NaN for images without a vector.
    """

    name: str
    words: str
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """How the query ranks all N images.

    Attributes:
        words: what is ranked by, and what is listed.
        per: what a rank is of: "image", "series", "study" or "patient".
        rank: int64 (N,), from 1; of a group for all its images; 0 without a vector.
        score: float64 (N,), what images are ranked by; None where that is the cosine.
        whole: float64 (N,), the score of each image's group; None where images are listed.
    """

    words: str
    per: str
    rank: NDArray[np.int64]
    score: NDArray[np.float64] | None = None
    whole: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What was asked of a collection of N images.

    Attributes:
        model: id of the encoder; "" where the collection has no vectors.
        xy: float32 (N, 2), NaN for images that are not on the map; None without a layout.
        groups: parts of the map; their members are rows of the collection.
        searches: cosines, those to the query first where there is one.
        measures: what else was computed of each image.
        order: how the query ranks the images; None without one.
    """

    model: str
    layout: LayoutAnswer | None
    xy: NDArray[np.float32] | None
    groups: tuple[Group, ...]
    searches: tuple[Cosines, ...]
    labels: ClassifyAnswer | None
    measures: tuple[Measured, ...] = ()
    order: Order | None = None


NOTHING = Answers("", None, None, (), (), None)


def ask(
    collection: Collection,
    request: ExportRequest,
    model: str | None,
    load: Callable[[], Encoder],
    context: JobContext,
) -> Answers:
    """Ask for what a request needs; texts and labels load the encoder.

    Raises:
        UsageError, ModelProblem, CollectionProblem: as the queries do.
    """
    if not request.kind.scored or not collection.models():
        return NOTHING
    encoder = load() if request.needs_encoder else None
    model = encoder.id if encoder is not None else collection.encoder_entry(model).model
    xy = None
    groups: tuple[Group, ...] = ()
    context.report(0, 4, "Laying out the map")
    made = _map(collection, request, model, context)
    if made is not None:
        xy = _spread(collection, made)
        context.report(1, 4, "Finding the groups of the map")
        groups = _groups(collection, xy, context)
    context.report(2, 4, "Comparing with the prompts")
    searches: list[Cosines] = []
    order = None
    if encoder is not None and request.query.terms:
        asked, order = _ranking(collection, encoder, request.query)
        searches.append(asked)
    if encoder is not None:
        searches += [_cosines(collection, encoder, text) for text in request.texts]
    if request.like:
        searches.append(_likeness(collection, model, request.like))
    context.report(3, 4, "Scoring labels")
    labels = None
    if (wanted := request.classified) is not None and encoder is not None:
        labels = classify(collection, encoder, wanted)
    measured = measure(collection, request.measures, model, made, context=context)
    return Answers(model, made, xy, groups, tuple(searches), labels, measured, order)


def _map(
    collection: Collection, request: ExportRequest, model: str, context: JobContext
) -> LayoutAnswer | None:
    """Return the layout that is asked for: kept under a name, or made, or none."""
    if request.named:
        made = NamedLayouts(collection).open(request.named)
        if made.model != model:
            raise UsageError(
                f"The layout “{request.named}” was made of vectors of {made.model}.",
                f"Give --model {made.model}.",
            )
        return made
    if request.layout is None:
        return None
    return layout(collection, request.layout, model=model, context=context)


def _spread(collection: Collection, made: LayoutAnswer) -> NDArray[np.float32]:
    """Return where each image of the collection lies, float32 (N, 2)."""
    xy = np.full((collection.images.num_rows, 2), np.nan, np.float32)
    rows = np.array([collection.row_of.get(key, -1) for key in made.image_ids], np.intp)
    xy[rows[rows >= 0]] = made.xy[rows >= 0]  # of a kept layout, images may be gone since
    return xy


def _groups(
    collection: Collection, xy: NDArray[np.float32], context: JobContext
) -> tuple[Group, ...]:
    """Return the groups of the map, named by their commonest label, else modality.

    A child process finds them: it can be stopped, and holds up no window.
    """
    rows = np.flatnonzero(np.isfinite(xy).all(axis=1))
    names = [""] * len(rows)
    for column in ("label", "modality"):
        values = collection.images[column].to_pylist()
        if any(values):
            names = [values[row] or "" for row in rows]
            break
    found = run_in_process(_find, xy[rows], names, context=context)
    return tuple(
        Group(g.name, g.share, g.count, g.x, g.y, rows[g.members].astype(np.int64)) for g in found
    )


def _find(xy: NDArray[np.float32], names: list[str], *, context: JobContext) -> list[Group]:
    """Find groups (child process); see `analysis.groups`."""
    context.check()
    return group_points(xy, names)


def _cosines(collection: Collection, encoder: Encoder, text: str) -> Cosines:
    """Return the cosines to a text."""
    values, _ = _found(collection, encoder, SearchRequest((text,)))
    return Cosines(f"cosine to “{text}”", text, values)


def _found(
    collection: Collection, encoder: Encoder, request: SearchRequest
) -> tuple[NDArray[np.float32], SearchAnswer]:
    """Return the cosines of a search, exact where that would be approximate, and the search."""
    found = search(collection, encoder, request)
    values = found.cosine
    if found.approximate is not None:
        stored = collection.vector_rows(encoder.id)
        values = stored.spread(cosines(stored.halves, found.vector))
    return values, found


def _ranking(collection: Collection, encoder: Encoder, query: ExportQuery) -> tuple[Cosines, Order]:
    """Return the cosines to the query, and how it ranks the images."""
    values, found = _found(collection, encoder, query.request)
    name = f"cosine to {query.words}"
    asked = Cosines(name, query.words if found.weights else "", values)
    known, ranked = np.isfinite(values), found.ranked
    order = found.order if found.approximate is None else descending(values)
    order = order[known[order]]
    rank = np.zeros(len(values), np.int64)
    if ranked is None:
        rank[order] = np.arange(1, len(order) + 1)
        return asked, Order(query.ranking.words, "image", rank)
    # groups lie one after the other in the order: a new one begins where the code is another
    codes = ranked.codes[order]
    begins = np.concatenate([[True], codes[1:] != codes[:-1]])
    rank[order] = np.cumsum(begins)
    by_cosine, each = query.ranking.rank_by == "cosine", query.ranking.per == "image"
    over = "" if ranked.over is None else f"; {ranked.over.words}"
    return asked, Order(
        f"{query.ranking.words}{over}",
        query.ranking.per,
        rank,
        None if by_cosine else ranked.score,
        None if each else ranked.whole,
    )


def _likeness(collection: Collection, model: str, image_id: str) -> Cosines:
    stored = collection.vector_rows(model)
    _, vectors = stored.among(np.array([collection.row_of.get(image_id, -1)]))
    if not len(vectors):
        raise UsageError(f"The image {image_id} has no vector of {model}.", "Choose another image.")
    values = stored.spread(cosines(stored.halves, unit(vectors[0])))
    return Cosines(f"cosine to image {image_id}", "", values)
