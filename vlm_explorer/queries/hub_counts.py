"""How often images, and their captions, are among the nearest of others: hubs of the collection.

The k-occurrence N_k of Radovanović et al. 2010 (JMLR 11, section 2): of how many queries a point is
among the k nearest. A bank of prompts is the queries of `queries.hub_bank`; here they are the
collection's own images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.hubs import NEAREST, occurrences
from vlm_explorer.analysis.neighbours import MOST_FOR_EXACT, nearest_among, nearest_of
from vlm_explorer.analysis.similarity import unit
from vlm_explorer.collection.store import Collection
from vlm_explorer.jobs import JobContext

_SEED = 42


@dataclass(frozen=True, slots=True, eq=False)
class HubCounts:
    """N_k of each image.

    Attributes:
        counts: float64 (N,), in the order of the collection; NaN where there is no vector, or no
            caption.
        k: how many nearest count.
        queries: how many points asked for their nearest.
        exact: whether all were compared with all; else some neighbours may be missed.
    """

    counts: NDArray[np.float64]
    k: int
    queries: int
    exact: bool


def image_hubs(
    collection: Collection, model: str, *, k: int = NEAREST, context: JobContext | None = None
) -> HubCounts:
    """Return for how many other images each is among the k nearest.

    Raises:
        ModelNotFound: the collection holds no vectors of this encoder.
    """
    stored = collection.vector_rows(model)
    counts = np.full(stored.wanted, np.nan)
    images = len(stored.rows)
    k = min(k, images - 1)
    if k > 0:
        vectors = unit(stored.halves.astype(np.float32))
        found, _ = nearest_of(vectors, k + 1, _SEED, context=context)
        counts[stored.rows] = occurrences(found[:, 1:], images)  # the first is the image itself
    return HubCounts(counts, max(k, 0), images, images <= MOST_FOR_EXACT)


def caption_hubs(
    collection: Collection, model: str, *, k: int = NEAREST, context: JobContext | None = None
) -> HubCounts:
    """Return for how many images each image's caption is among the k nearest captions.

    Equal captions are one; of several captions of an image the one counted most stands for it.

    Raises:
        ModelNotFound: the collection holds no vectors of this encoder.
    """
    stored = collection.vector_rows(model)
    counts = np.full(stored.wanted, np.nan)
    of_image, vectors = _captions(collection, model)
    k = min(k, len(vectors))
    if k:
        images = unit(stored.halves.astype(np.float32))
        found, _ = nearest_among(images, vectors, k, _SEED, context=context)
        of_caption = occurrences(found, len(vectors)).astype(np.float64)
        for row, places in of_image.items():
            counts[row] = of_caption[places].max()
    exact = len(stored.rows) * len(vectors) <= MOST_FOR_EXACT**2
    return HubCounts(counts, k, len(stored.rows), exact)


def _captions(
    collection: Collection, model: str
) -> tuple[dict[int, list[int]], NDArray[np.float32]]:
    """Return the places of each image's captions, by its row, and the vectors of all, (M, D)."""
    rows, vectors = collection.present_text_vectors(model)
    texts = collection.texts.select(["text", "kind", "image_id"]).take(rows).to_pylist()
    place_of: dict[str, int] = {}
    chosen: list[int] = []
    of_image: dict[int, list[int]] = {}
    for number, text in enumerate(texts):
        row = collection.row_of.get(text["image_id"])
        if text["kind"] != "caption" or row is None:
            continue
        if text["text"] not in place_of:
            place_of[text["text"]] = len(chosen)
            chosen.append(number)
        of_image.setdefault(row, []).append(place_of[text["text"]])
    return of_image, unit(vectors[chosen])
