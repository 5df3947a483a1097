"""Which images of a collection are nearest to texts and images."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vlm_explorer.analysis.similarity import best_of, cosines
from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.approximate import FOUND, Approximation, approximation_of, nearest
from vlm_explorer.queries.expression import Term, parse_expression, write_expression
from vlm_explorer.queries.query_vector import Query, query_of
from vlm_explorer.queries.ranking import Ranked, rank
from vlm_explorer.queries.ranking_choice import RankingChoice
from vlm_explorer.queries.search_answer import Hit, SearchAnswer


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is looked for: texts and images that count for it, and texts that count against it.

    Attributes:
        images: files, or ids of images in the collection (then their stored vectors are used).
        query: an expression, see `expression`; its terms are added to the rest.
        k: how many images are wanted.
        more: further terms, such as pictures, regions and means of several images.
        fuse: how terms make one query, "sum" or "z", see `query_vector.query_of`.
        ranking: what is ranked by, and what is listed.
    """

    texts: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    not_texts: tuple[str, ...] = ()
    k: int = 20
    query: str = ""
    more: tuple[Term, ...] = ()
    fuse: str = "sum"
    ranking: RankingChoice = RankingChoice()

    @property
    def text(self) -> str:
        """The request in words."""
        if self.query or self.more:
            return write_expression(self.terms())
        wanted = [f"“{text}”" for text in self.texts] + [Path(name).name for name in self.images]
        unwanted = [f"“{text}”" for text in self.not_texts]
        return " - ".join([" + ".join(wanted), *unwanted]) if unwanted else " + ".join(wanted)

    def terms(self) -> tuple[Term, ...]:
        """Return all that is looked for, those of the expression first.

        Raises:
            UsageError: the expression cannot be read.
        """
        typed = parse_expression(self.query) if self.query else ()
        wanted = (Term(text, 1.0, "text") for text in self.texts)
        images = (Term(name, 1.0, "image") for name in self.images)
        unwanted = (Term(text, -1.0, "text") for text in self.not_texts)
        return (*typed, *self.more, *wanted, *images, *unwanted)

    def check(self) -> None:
        """Make sure that it asks for something; no encoder is needed for that.

        Raises:
            UsageError: nothing is wanted, a text is empty, or the expression cannot be read.
        """
        if not (self.texts or self.images or self.query or self.more):
            if self.not_texts:
                raise UsageError(
                    "The query says only what is not wanted.", "Add what is wanted with --text."
                )
            raise UsageError("Nothing to search for.", "Give --text, --image or --query.")
        if any(not text.strip() for text in (*self.texts, *self.not_texts)):
            raise UsageError("The text to search for is empty.", "Type at least one word.")
        if self.k < 1:
            raise UsageError("-k must be at least 1.", "")
        self.ranking.check()
        self.terms()


def query_vector(collection: Collection, encoder: Encoder, request: SearchRequest) -> np.ndarray:
    """Return the unit vector of a request, float32 (D,); see `query_vector.query_of`.

    Raises:
        UsageError: nothing is wanted, or a text is empty.
        FileProblem: an image cannot be read.
    """
    return _query(collection, encoder, request).vector


def _query(collection: Collection, encoder: Encoder, request: SearchRequest) -> Query:
    request.check()
    return query_of(collection, encoder, request.terms(), request.fuse)


def search(collection: Collection, encoder: Encoder, request: SearchRequest) -> SearchAnswer:
    """Rank the images of a collection by their cosine to the request, or as it says.

    Exact, but for very many images with an index (see `approximate`). Images without a vector of
    this encoder are left out.

    Raises:
        UsageError, FileProblem: see `query_vector`, or the ranking cannot be had.
        ModelNotFound: the collection holds no vectors of this encoder.
    """
    query = _query(collection, encoder, request)
    entry = collection.encoder_entry(encoder.id)
    approximation = approximation_of(collection, entry)
    if approximation is None:
        return _exactly(collection, encoder, request, query)
    if not request.ranking.is_plain:
        raise UsageError(
            "There are too many images for any order but that by cosine.",
            "Rank images by cosine instead.",
        )
    return _approximately(collection, entry, request, query, approximation)


def _approximately(
    collection: Collection,
    entry: EncoderEntry,
    request: SearchRequest,
    query: Query,
    approximation: Approximation,
) -> SearchAnswer:
    """Return the answer from an index on disk."""
    wanted = max(request.k, FOUND)
    rows, best = nearest(collection, entry, query.vector, wanted, approximation.probes)
    cosine = np.full(collection.images.num_rows, np.nan, np.float32)
    cosine[rows] = best
    return SearchAnswer(
        model=entry.model,
        query=request.text,
        hits=_hits(collection, rows[: request.k], best[: request.k]),
        cosine=cosine,
        rows=rows[: request.k],
        searched=approximation.rows,
        approximate=approximation,
        vector=query.vector,
        weights=query.weights,
    )


def _exactly(
    collection: Collection, encoder: Encoder, request: SearchRequest, query: Query
) -> SearchAnswer:
    """Return the answer from all vectors."""
    stored = collection.vector_rows(encoder.id)
    cosine = cosines(stored.halves, query.vector)
    ids = collection.images["image_id"]
    places, best = best_of(
        cosine,
        stored.halves,
        query.vector,
        request.k,
        lambda tied: ids.take(stored.rows[tied]).to_pylist(),
    )
    cosine[places] = best
    answer = SearchAnswer(
        model=encoder.id,
        query=request.text,
        hits=(),
        cosine=stored.spread(cosine),
        rows=stored.rows[places].astype(np.int64),
        searched=len(stored.rows),
        vector=query.vector,
        weights=query.weights,
        ranking=request.ranking,
    )
    if request.ranking.is_plain:
        return replace(answer, hits=_hits(collection, answer.rows, best))
    ranked = rank(collection, encoder, cosine, request.ranking, request.k)
    return replace(
        answer, hits=_ranked_hits(collection, answer, ranked), rows=ranked.rows, ranked=ranked
    )


def _hits(collection: Collection, rows: np.ndarray, cosines: np.ndarray) -> tuple[Hit, ...]:
    return tuple(
        Hit(rank, *place, float(cosine), float(cosine))
        for rank, (place, cosine) in enumerate(
            zip(_places(collection, rows), cosines, strict=True), 1
        )
    )


def _ranked_hits(collection: Collection, answer: SearchAnswer, ranked: Ranked) -> tuple[Hit, ...]:
    parts = zip(
        _places(collection, ranked.rows),
        answer.cosine[ranked.rows].tolist(),
        ranked.hit_scores.tolist(),
        ranked.counts.tolist(),
        strict=True,
    )
    return tuple(
        Hit(rank, *place, cosine, score, None, count)
        for rank, (place, cosine, score, count) in enumerate(parts, 1)
    )


def _places(collection: Collection, rows: np.ndarray) -> list[tuple[str, str, int]]:
    """Return id, file and frame of images."""
    chosen = collection.images.select(["image_id", "file", "frame"]).take(rows).to_pylist()
    return [(row["image_id"], row["file"], row["frame"]) for row in chosen]
