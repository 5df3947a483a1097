"""Which images of a collection are nearest to texts and images."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from vlm_explorer.analysis.descending import descending
from vlm_explorer.analysis.null_scores import MATCH, NullScores
from vlm_explorer.analysis.similarity import best_of, cosines
from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.approximate import FOUND, Approximation, approximation_of, nearest
from vlm_explorer.queries.expression import Term, parse_expression, write_expression
from vlm_explorer.queries.query_vector import Query, query_of
from vlm_explorer.queries.ranking import Changed, Ranked, rank
from vlm_explorer.queries.ranking_choice import RankingChoice


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


@dataclass(frozen=True, slots=True)
class Hit:
    """An image that was found.

    Attributes:
        score: what the ranking goes by: the cosine, or what `SearchRequest.ranking` says.
        z: how far the score lies above those of unrelated prompts' hits of the same rank, in
            standard deviations; None where that is not known, or would mean nothing.
        count: how many images it stands for, itself the best of them.
    """

    rank: int
    image_id: str
    file: str
    frame: int
    cosine: float
    score: float
    z: float | None = None
    count: int = 1


@dataclass(frozen=True, eq=False)
class SearchAnswer:
    """The nearest images, best first.

    Attributes:
        model: id of the encoder.
        query: what was looked for, in words.
        hits: the best k; cosines that differ by less than 1e-6 are a tie, ordered by image id.
        cosine: float32 (N,), in the order of the collection; NaN for images without a vector. The
            float32 product with the stored float16 values, those of hits summed in float64.
        rows: int64 (K,), the rows of the hits in the collection.
        searched: how many images have a vector.
        approximate: how well the index finds that was asked, where there are too many images to
            be searched exactly; `cosine` is then NaN for all that it did not find.
        vector: float32 (D,), the unit vector that was looked for.
        weights: of the texts that were looked for, put together; empty where images were, too.
        ranking: what was ranked by, and what is listed.
        ranked: how all images rank, where that is not simply by cosine.
        best_z: how far the best cosine lies above unrelated prompts' best; None if not known.
    """

    model: str
    query: str
    hits: tuple[Hit, ...]
    cosine: np.ndarray
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    searched: int = 0
    approximate: Approximation | None = None
    vector: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))
    weights: tuple[float, ...] = (1.0,)
    ranking: RankingChoice = RankingChoice()
    ranked: Ranked | None = None
    best_z: float | None = None

    @property
    def of_one_text(self) -> bool:
        """Whether a single text was looked for, and nothing else."""
        return len(self.weights) == 1 and self.weights[0] > 0

    @property
    def matches(self) -> bool | None:
        """Whether the best cosine is better than unrelated prompts' best; None if not known."""
        return None if self.best_z is None else self.best_z >= MATCH

    @property
    def changed(self) -> Changed | None:
        """What another order than that by cosine changed at the top; None where it is that."""
        return None if self.ranked is None else self.ranked.changed

    def compared(self, nulls: NullScores | None) -> SearchAnswer:
        """Return the answer with each hit's z, where nulls are known and it means something.

        Unrelated prompts say nothing of what images score with images. A hit of another ranking
        than that of images by cosine has no unrelated prompt's hit of the same rank beside it;
        the best cosine of all has.

        Args:
            nulls: of unrelated prompts, put together by the same `weights`.
        """
        if nulls is None or not self.weights or not self.hits:
            return self
        best = float(nulls.z_of_hits(np.array([np.nanmax(self.cosine)]))[0])
        if self.ranked is not None:
            return self._told(best, self.hits)
        scores = nulls.z_of_hits(np.array([hit.cosine for hit in self.hits])).tolist()
        hits = (
            replace(hit, z=None if z != z else z) for hit, z in zip(self.hits, scores, strict=True)
        )
        return self._told(best, tuple(hits))

    def _told(self, best_z: float, hits: tuple[Hit, ...]) -> SearchAnswer:
        """Return the same answer that says more; its rows are not sorted again."""
        answer = replace(self, hits=hits, best_z=best_z)
        if "order" in vars(self):
            vars(answer)["order"] = self.order
        return answer

    @cached_property
    def order(self) -> np.ndarray:
        """All rows of the collection, int64 (N,): the hits, the others, then those without vector.

        Where groups are listed, all images of the first group come first, and so on.
        """
        if self.ranked is not None:
            return self.ranked.order
        by_cosine = descending(self.cosine)
        left = np.ones(len(by_cosine), np.bool_)
        left[self.rows] = False
        return np.concatenate([self.rows, by_cosine[left[by_cosine]]])


def query_vector(collection: Collection, encoder: Encoder, request: SearchRequest) -> np.ndarray:
    """Return the unit vector of a request, float32 (D,); see `query_vector.query_of`.

    Raises:
        UsageError: nothing is wanted, or a text is empty.
        FileProblem: an image cannot be read.
    """
    return _query(collection, encoder, request).vector


def _query(collection: Collection, encoder: Encoder, request: SearchRequest) -> Query:
    if not (request.texts or request.images or request.query or request.more):
        raise UsageError("Nothing to search for.", "Give --text, --image or --query.")
    if any(not text.strip() for text in (*request.texts, *request.not_texts)):
        raise UsageError("The text to search for is empty.", "Type at least one word.")
    return query_of(collection, encoder, request.terms(), request.fuse)


def search(collection: Collection, encoder: Encoder, request: SearchRequest) -> SearchAnswer:
    """Rank the images of a collection by their cosine to the request, or as it says.

    Exact, but for very many images with an index (see `approximate`). Images without a vector of
    this encoder are left out.

    Raises:
        UsageError, FileProblem: see `query_vector`, or the ranking cannot be had.
        ModelNotFound: the collection holds no vectors of this encoder.
    """
    if request.k < 1:
        raise UsageError("-k must be at least 1.", "")
    request.ranking.check()
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
