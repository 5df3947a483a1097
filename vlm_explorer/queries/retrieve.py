"""How well captions find their images, and images their captions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.analysis.label_metrics import (
    REPLICATES,
    Figure,
    Measured,
    Samples,
    Values,
    Weights,
)
from vlm_explorer.analysis.query_ranks import query_ranks
from vlm_explorer.analysis.retrieval_metrics import (
    chance_of_hit,
    chance_of_reciprocal_rank,
    first_rank_chances,
)
from vlm_explorer.analysis.spaces import FEWEST_TO_CENTRE, centred
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.case_groups import groups_of
from vlm_explorer.queries.mispaired import caption_pairs
from vlm_explorer.queries.review_vectors import ReviewVectors, review_vectors

AT = (1, 5, 10)
DIRECTIONS = ("text to image", "image to text")
SPACES = ("raw", "centred")


@dataclass(frozen=True, slots=True)
class RetrieveRequest:
    """Captions and images, each looked for by the other.

    Attributes:
        image_ids: only these images and their captions; None: all.
        spaces: of `SPACES`; `centred` is each modality less its own mean.
        seed, replicates: of the bootstrap over patients.
    """

    image_ids: tuple[str, ...] | None = None
    spaces: tuple[str, ...] = SPACES
    seed: int = 0
    replicates: int = REPLICATES


@dataclass(frozen=True, slots=True, eq=False)
class RetrievalRow:
    """One direction in one space.

    Attributes:
        queries, candidates: how many of each.
        figures: `hit@k` (any relevant one among the first k: what CLIP papers call recall@k),
            `recall@k` (the share of the relevant ones that are among the first k), `mrr` and
            `median_rank`, both of the first relevant one. Ranks are pessimistic.
        chance: the same for a random order.
    """

    direction: str
    space: str
    queries: int
    candidates: int
    figures: dict[str, Measured]
    chance: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class RetrieveAnswer:
    """Both directions in each space.

    Attributes:
        images, captions, pairs: how many; captions of the same words are one.
        by: what the intervals resample: "patient", "image" or "patient where known". A caption of
            several images counts as the first one's.
    """

    request: RetrieveRequest
    model: str
    images: int
    captions: int
    pairs: int
    by: str
    rows: tuple[RetrievalRow, ...]


def retrieve(
    collection: Collection,
    request: RetrieveRequest,
    *,
    model: str | None = None,
    context: JobContext | None = None,
) -> RetrieveAnswer:
    """Rank images for each caption, and captions for each image.

    Images without a caption take part as candidates.

    Args:
        model: whose vectors; by default those last used.

    Raises:
        UsageError: an unknown space, or no image has a caption.
        ModelNotFound: the collection holds no vectors of that encoder.
    """
    for space in request.spaces:
        if space not in SPACES:
            raise UsageError(f"There is no space {space!r}.", f"Choose of: {', '.join(SPACES)}.")
    known = review_vectors(collection, model, across_series=False)
    _, text_vectors, pairs = caption_pairs(collection, known)
    known, text_vectors, pairs = _among(request, known, text_vectors, pairs)
    if not len(pairs):
        raise UsageError(
            f"No image of “{collection.name}” has a caption that {known.model} has read.",
            "Index its folder again with a captions.csv in it.",
        )
    groups, by = groups_of(collection, known.rows)
    rows: list[RetrievalRow] = []
    for space in request.spaces:
        if space == "centred" and min(len(text_vectors), len(known.vectors)) < FEWEST_TO_CENTRE:
            continue  # there is no mean to take away
        images, captions = known.vectors, text_vectors
        if space == "centred":
            images, captions = centred(images), centred(captions)
        rows += [
            _row(request, direction, space, images, captions, pairs, groups, context)
            for direction in DIRECTIONS
        ]
    return RetrieveAnswer(
        request, known.model, len(known.rows), len(text_vectors), len(pairs), by, tuple(rows)
    )


def _among(
    request: RetrieveRequest, known: ReviewVectors, texts: np.ndarray, pairs: np.ndarray
) -> tuple[ReviewVectors, np.ndarray, np.ndarray]:
    """Return images, captions and pairs of the images that are asked about only."""
    if request.image_ids is None:
        return known, texts, pairs
    wanted = set(request.image_ids)
    inside = np.array([known.image_ids[row] in wanted for row in known.rows.tolist()], bool)
    pairs = pairs[inside[pairs[:, 0]]]
    kept, numbers = np.unique(pairs[:, 1], return_inverse=True)
    places = np.cumsum(inside) - 1
    pairs = np.stack([places[pairs[:, 0]], numbers.reshape(-1)], axis=1).astype(np.int64)
    chosen = ReviewVectors(
        known.model,
        known.key,
        known.image_ids,
        known.rows[inside],
        known.vectors[inside],
        None,
    )
    return chosen, texts[kept], pairs


def _row(
    request: RetrieveRequest,
    direction: str,
    space: str,
    images: np.ndarray,
    captions: np.ndarray,
    pairs: np.ndarray,
    groups: np.ndarray,
    context: JobContext | None,
) -> RetrievalRow:
    if direction == DIRECTIONS[0]:
        queries, candidates, asked = captions, images, pairs[:, ::-1]
    else:
        queries, candidates, asked = images, captions, pairs
    words = f"Ranking {direction}, {space}"
    ranks = query_ranks(queries, candidates, asked, context=context, message=words)
    order = np.lexsort((ranks, asked[:, 0]))
    query, ranks = asked[order, 0], ranks[order]
    numbers, starts, counts = np.unique(query, return_index=True, return_counts=True)
    # pairs are in the order of captions and images, so that a query's first is its first image
    image = np.full(len(queries), -1, np.int64)
    image[asked[::-1, 0]] = pairs[::-1, 0]
    samples = Samples.of(groups[image[numbers]], request.replicates, request.seed)
    return RetrievalRow(
        direction,
        space,
        len(numbers),
        len(candidates),
        _figures(ranks, starts, counts, samples),
        _chances(len(candidates), counts),
    )


def _figures(
    ranks: np.ndarray, starts: np.ndarray, counts: np.ndarray, samples: Samples
) -> dict[str, Measured]:
    """Return the figures of queries whose ranks, rising, begin at `starts`."""
    first, figures = ranks[starts], {}
    for k in AT:
        share = np.add.reduceat((ranks <= k).astype(np.float64), starts) / counts
        figures[f"hit@{k}"] = samples.measure(_mean_of((first <= k).astype(np.float64)))
        figures[f"recall@{k}"] = samples.measure(_mean_of(share))
    figures["mrr"] = samples.measure(_mean_of(1 / first))
    figures["median_rank"] = samples.measure(_median_of(first))
    return figures


def _chances(size: int, counts: np.ndarray) -> dict[str, float]:
    """Return the figures of random orders of `size`, for queries of so many relevant ones."""
    weights = np.bincount(counts) / len(counts)
    relevant = np.flatnonzero(weights).tolist()
    chance: dict[str, float] = {}
    for k in AT:
        chance[f"hit@{k}"] = sum(float(weights[r]) * chance_of_hit(size, r, k) for r in relevant)
        chance[f"recall@{k}"] = min(k, size) / size
    chance["mrr"] = sum(float(weights[r]) * chance_of_reciprocal_rank(size, r) for r in relevant)
    first = np.sum([weights[r] * first_rank_chances(size, r) for r in relevant], axis=0)
    chance["median_rank"] = float(np.searchsorted(np.cumsum(first), 0.5 - 1e-12) + 1)
    return chance


def _mean_of(values: np.ndarray) -> Figure:
    def mean(weights: Weights) -> Values:
        return np.asarray(weights @ values / weights.sum(axis=1))

    return mean


def _median_of(ranks: np.ndarray) -> Figure:
    """Return the median under weights, the mean of the two in the middle as numpy's."""
    order = np.argsort(ranks, kind="stable")
    ordered = ranks[order].astype(np.float64)

    def median(weights: Weights) -> Values:
        summed = np.cumsum(weights[:, order], axis=1)
        half = summed[:, -1:] / 2
        low = np.argmax(summed >= half, axis=1)
        high = np.argmax(summed > half, axis=1)
        return np.asarray((ordered[low] + ordered[high]) / 2)

    return median
