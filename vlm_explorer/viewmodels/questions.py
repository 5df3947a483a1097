"""What the session asks off the GUI thread: searches, layouts, labels, pictures.

No Qt here. Everything heavy is imported inside the functions, in the worker's thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.map_places import find_places

if TYPE_CHECKING:
    from vlm_explorer.analysis.null_scores import NullScores
    from vlm_explorer.encoders.encoder import Encoder, TextReading
    from vlm_explorer.queries.classify import ClassifyAnswer
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.queries.map_trust import MapTrust
    from vlm_explorer.queries.search_answer import SearchAnswer
    from vlm_explorer.viewmodels.states import LabelState, QueryState

LARGE = 40_000 * 512  # numbers in all vectors, from which on numpy would hold up typing
HITS = 50  # how many hits a search spells out; the ranking itself covers all images


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The answer to a search, and how the encoder read its text."""

    answer: SearchAnswer
    reading: TextReading | None


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text, and how the encoder reads it."""

    text: str
    reading: TextReading


def search(opened: Opened, encoder: Encoder, query: QueryState, *, context: JobContext) -> Found:
    """Rank the images by what is asked for."""
    from vlm_explorer.queries.search import SearchRequest
    from vlm_explorer.queries.search import search as answer

    context.check()
    like = () if query.like is None else (query.like,)
    reading = encoder.read_text(query.text) if query.text else None
    texts = (query.text,) if query.text else ()
    request = SearchRequest(
        texts, like, k=HITS, more=query.terms, fuse=query.fuse, ranking=query.ranking
    )
    found = answer(opened.collection, encoder, request)
    context.check()
    _ = found.order  # sorted here, so that the window need not
    return Found(found, reading)


def prepare_search(opened: Opened, *, context: JobContext) -> None:
    """Have at hand what searches very many images while one types: a loop, or an index on disk.

    Raises:
        CollectionLocked, StorageProblem: the index cannot be written.
    """
    from vlm_explorer.analysis.half_product import get_ready_elsewhere
    from vlm_explorer.processes import run_in_process
    from vlm_explorer.queries import approximate

    context.check()
    collection = opened.collection
    if opened.model and approximate.is_wanted(collection):
        run_in_process(approximate.keep_ready, collection.folder, opened.model, context=context)
    elif opened.vectors is not None and opened.vectors.size >= LARGE:
        get_ready_elsewhere()


def read_text(encoder: Encoder, text: str, *, context: JobContext) -> ReadText:
    """Ask the encoder what it reads of a text."""
    context.check()
    return ReadText(text, encoder.read_text(text))


def lay_out(opened: Opened, choices: dict[str, Any], *, context: JobContext) -> LayoutAnswer:
    """Lay out the images and texts of a collection; `choices` as in `LayoutState.choices`."""
    from vlm_explorer.queries.layout import LayoutRequest, layout

    request = LayoutRequest(**choices)
    model = opened.model or None
    answer = layout(opened.collection, request, model=model, judged=False, context=context)
    return _joined(answer, opened)


def open_layout(opened: Opened, name: str, *, context: JobContext) -> LayoutAnswer:
    """Return the layout kept under a name, as it was.

    Raises:
        UsageError: there is none of that name, or it is damaged.
    """
    from vlm_explorer.queries.named_layouts import NamedLayouts

    context.check()
    return _joined(NamedLayouts(opened.collection).open(name), opened)


def _joined(answer: LayoutAnswer, opened: Opened) -> LayoutAnswer:
    """Return a layout that is joined with the images already, so that the window need not."""
    find_places(answer, opened.images, opened.collection)
    return answer


def judge_map(opened: Opened, answer: LayoutAnswer, *, context: JobContext) -> MapTrust:
    """Say how far to trust a map; a child process compares the neighbours."""
    from vlm_explorer.processes import run_in_process

    return run_in_process(judge_in_child, opened.collection.folder, answer, context=context)


def judge_in_child(folder: Path, answer: LayoutAnswer, *, context: JobContext) -> MapTrust:
    """Say how far to trust a map of the collection in `folder` (child process)."""
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.queries.map_trust import map_trust

    return map_trust(Collection(folder), answer, context=context)


def compare_groups(
    opened: Opened, members: list[np.ndarray], space: str, *, context: JobContext
) -> np.ndarray:
    """Return the cosines between the mean vectors of groups of images, float32 (G, G)."""
    from vlm_explorer.analysis.centroids import centroid_cosines

    context.check()
    if opened.vectors is None:
        return np.full((len(members), len(members)), np.nan, np.float32)
    return centroid_cosines(opened.vectors, members, centred=space == "centred")


def classify(
    opened: Opened, encoder: Encoder, state: LabelState, *, context: JobContext
) -> ClassifyAnswer:
    """Score every image against the labels of `state`."""
    from vlm_explorer.queries.classify import ClassifyRequest
    from vlm_explorer.queries.classify import classify as answer

    context.check()
    request = ClassifyRequest.of(state.chosen)
    return weigh(answer(opened.collection, encoder, request), state, context=context)


def weigh(answer: ClassifyAnswer, state: LabelState, *, context: JobContext) -> ClassifyAnswer:
    """Give scores the probabilities that `state` wants."""
    context.check()
    fitted = answer.fitted if state.calibrated else None
    if (fitted, state.temperature) == (answer.calibration, answer.temperature):
        return answer
    return answer.weighed(state.temperature, fitted)


def judge_labels(
    opened: Opened,
    encoder: Encoder,
    answer: ClassifyAnswer,
    rows: np.ndarray,
    *,
    context: JobContext,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the mean z and percentile of each label over images, float32 (L,) each.

    None where unrelated prompts say nothing: of a single image, or of more than can be searched
    exactly.
    """
    from vlm_explorer.queries.classify import rows_against_nulls

    found = rows_against_nulls(opened.collection, encoder, answer, rows, context=context)
    return None if found is None else (found[0].mean(axis=0), found[1].mean(axis=0))


def score_unrelated(
    opened: Opened,
    encoder: Encoder,
    weights: tuple[float, ...] = (1.0,),
    *,
    context: JobContext,
) -> NullScores | None:
    """Return what unrelated prompts, put together by weights, score in a collection.

    None where that cannot be said.
    """
    from vlm_explorer.queries.null_bank import null_scores_of

    if opened.collection.missing_vectors(encoder.id) == opened.collection.images.num_rows:
        return None
    return null_scores_of(opened.collection, encoder, weights, context=context)


def render_image(
    image_id: str, file: str, frame: int, *, context: JobContext
) -> tuple[str, np.ndarray]:
    """Return the id and the file's default rendering.

    Raises:
        FileProblem: the file gives no image any more.
    """
    from vlm_explorer.pixels.render import render

    context.check()
    return image_id, render(Path(file), frame).pixels
