"""Which images of a collection fit other captions better than their own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.analysis.pair_ranks import PairRanks, rank_pairs
from vlm_explorer.analysis.similarity import unit
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.review_vectors import ReviewVectors, review_vectors

THRESHOLD = 0.25


@dataclass(frozen=True, slots=True)
class MispairedRequest:
    """Images and captions that rank low for each other.

    Attributes:
        threshold: the least share of rivals, 0 to 1, that come before; see `PairRanks`.
    """

    threshold: float = THRESHOLD


@dataclass(frozen=True, slots=True, eq=False)
class MispairedAnswer:
    """Every pair of an image and a caption of its own, with its ranks.

    Attributes:
        image_ids: of all N images, in the order of the collection.
        image: int64 (P,), rows of `image_ids`.
        captions: (P,), the caption of each pair.
        ranks: of the P pairs. Images are ranked against all images, captions against all
            captions; those that belong to the same caption or image are no rivals, and captions
            of the same words are one.
        mispaired: int64 (M,), the pairs at the threshold or above, the worst first.
        caption_rank: float32 (N,), the rank of the best of an image's captions among all captions
            for it; NaN for an image without one.
        without_caption: images with no caption.
        without_vector: images that the encoder has not seen, and which were not compared.
    """

    request: MispairedRequest
    model: str
    image_ids: tuple[str, ...]
    image: np.ndarray
    captions: tuple[str, ...]
    ranks: PairRanks
    mispaired: np.ndarray
    caption_rank: np.ndarray
    without_caption: int
    without_vector: int


def mispaired(
    collection: Collection,
    request: MispairedRequest,
    *,
    model: str | None = None,
    context: JobContext | None = None,
) -> MispairedAnswer:
    """Rank every image and its captions for each other.

    Args:
        model: whose vectors; by default those last used.

    Raises:
        UsageError: the threshold is no share, no image has a vector, or none has a caption.
        ModelNotFound: the collection holds no vectors of that encoder.
    """
    if not 0 <= request.threshold <= 1:
        raise UsageError(f"{request.threshold} is no share.", "Choose a threshold between 0 and 1.")
    known = review_vectors(collection, model, across_series=False)
    texts, vectors, pairs = caption_pairs(collection, known)
    if not len(pairs):
        raise UsageError(
            f"No image of “{collection.name}” has a caption that {known.model} has read.",
            "Index its folder again with a captions.csv in it.",
        )
    ranks = rank_pairs(known.vectors, vectors, pairs, context=context)
    image = known.rows[pairs[:, 0]].astype(np.int64)
    share = ranks.share_before
    order = np.argsort(-share, kind="stable")
    caption_rank = np.full(len(known.image_ids), np.inf, np.float32)
    np.minimum.at(caption_rank, image, ranks.text_rank.astype(np.float32))
    caption_rank[np.isinf(caption_rank)] = np.nan
    return MispairedAnswer(
        request=request,
        model=known.model,
        image_ids=known.image_ids,
        image=image,
        captions=tuple(texts[text] for text in pairs[:, 1]),
        ranks=ranks,
        mispaired=order[share[order] >= request.threshold].astype(np.int64),
        caption_rank=caption_rank,
        without_caption=len(known.rows) - len(np.unique(image)),
        without_vector=known.without_vector,
    )


def caption_pairs(
    collection: Collection, known: ReviewVectors
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return the distinct captions, their vectors, and the pairs of image and caption.

    Rows of the pairs are those of `known.vectors` and of the distinct captions.
    """
    rows, vectors = collection.present_text_vectors(known.key)
    place = {known.image_ids[row]: number for number, row in enumerate(known.rows.tolist())}
    numbers: dict[str, int] = {}
    first: list[int] = []
    pairs: dict[tuple[int, int], None] = {}
    table = collection.texts.take(rows).to_pylist()
    for row, text in enumerate(table):
        image = place.get(text["image_id"] or "")
        if text["kind"] != "caption" or image is None:
            continue
        if text["text"] not in numbers:
            numbers[text["text"]] = len(numbers)
            first.append(row)
        pairs[image, numbers[text["text"]]] = None
    return list(numbers), unit(vectors[first]), np.array(list(pairs), np.int64).reshape(-1, 2)
