"""The one vector that stands for all that is looked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vlm_explorer.analysis.similarity import combine, cosines
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.approximate import approximation_of
from vlm_explorer.queries.examples import (
    Example,
    example_vector,
    image_vector,
    region_in,
    row_of,
    several_in,
)
from vlm_explorer.queries.expression import Term

FUSIONS = ("sum", "z")  # see `query_of`
_SMALLEST = 1e-6  # a spread below this is that of equal scores


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What is looked for.

    Attributes:
        vector: float32 (D,), a unit vector.
        weights: of the texts that it is made of, below zero for those that are not wanted; empty
            where images take part: unrelated prompts say nothing of these.
    """

    vector: np.ndarray
    weights: tuple[float, ...]


def query_of(
    collection: Collection, encoder: Encoder, terms: Sequence[Term], fuse: str = "sum"
) -> Query:
    """Return the query of terms.

    It is the sum of the wanted less that of the unwanted, each a unit vector times its weight,
    normalised. With `fuse` "z" each weight is divided by the standard deviation of the term's
    cosines over the collection. Ranking by that vector is ranking by the weighted sum of the terms'
    z-normalised cosines, (cosine - mean) / sd: the means shift all images alike.

    Raises:
        UsageError: nothing is wanted, or a text is empty.
        FileProblem: an image cannot be read.
    """
    if fuse not in FUSIONS:
        raise UsageError(f"There is no fusion “{fuse}”.", f"Choose one of {', '.join(FUSIONS)}.")
    examples = [example_of(collection, term) for term in terms]
    vectors = _vectors(collection, encoder, terms, examples)
    weights = np.array([term.weight for term in terms])
    if fuse == "z":
        weights = weights / _spreads(collection, encoder, vectors)
    vector = weighed_sum(vectors, weights)
    return Query(vector, () if any(examples) else tuple(weights[weights != 0].tolist()))


def weighed_sum(vectors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the sum of the wanted less that of the unwanted, a unit vector, float32 (D,).

    Args:
        vectors: (T, D) unit rows.
        weights: (T,), below zero for what is not wanted.
    """
    wanted = weights > 0
    order = np.argsort(~wanted, kind="stable")
    return combine(vectors[wanted], vectors[~wanted], np.abs(weights[order]).tolist())


def example_of(collection: Collection, term: Term) -> Example | str | None:
    """Return what a term shows: an example, the name of an image, or None for a text."""
    if term.example is not None:
        return term.example
    if term.kind == "text":
        return None
    if row_of(collection, term.text) >= 0:
        return term.text
    region = region_in(term.text)
    if region is not None and (row_of(collection, region.image) >= 0 or Term(region.image).is_file):
        return region
    several = several_in(term.text)
    if several is not None and all(key in collection.row_of for key in several.image_ids):
        return several
    return term.text if term.kind == "image" or term.is_file else None


def _vectors(
    collection: Collection,
    encoder: Encoder,
    terms: Sequence[Term],
    examples: Sequence[Example | str | None],
) -> np.ndarray:
    """Return the unit vector of each term, float32 (T, D); texts are encoded at once."""
    texts = [term.text for term, shown in zip(terms, examples, strict=True) if shown is None]
    encoded = iter(encoder.encode_texts(texts) if texts else ())
    found: list[np.ndarray] = []
    for shown in examples:
        if shown is None:
            found.append(next(encoded))
        elif isinstance(shown, str):
            found.append(image_vector(collection, encoder, shown))
        else:
            found.append(example_vector(collection, encoder, shown))
    return np.stack(found)


def _spreads(collection: Collection, encoder: Encoder, vectors: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each term's cosines over the collection, float64 (T,)."""
    if approximation_of(collection, collection.encoder_entry(encoder.id)) is not None:
        raise UsageError(
            "There are too many images to compare the spread of scores.",
            "Fuse by the plain sum instead.",
        )
    found = cosines(collection.vector_rows(encoder.id).halves, vectors.astype(np.float32))
    return np.asarray(np.maximum(found.std(axis=0, dtype=np.float64), _SMALLEST))
