"""Which images of a collection are nearest to texts and images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from vlm_explorer.analysis.null_scores import MATCH, NullScores
from vlm_explorer.analysis.similarity import best_of, combine, cosines
from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.vector_rows import VectorRows
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.pixels.encoding_window import render_file_for_encoder
from vlm_explorer.queries.approximate import (
    FOUND,
    Approximation,
    approximation_of,
    nearest,
    vector_of,
)
from vlm_explorer.queries.expression import Term, parse_expression, write_expression


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is looked for: texts and images that count for it, and texts that count against it.

    Attributes:
        images: files, or ids of images in the collection (then their stored vectors are used).
        query: an expression, see `expression`; its terms are added to the rest.
        k: how many images are wanted.
    """

    texts: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    not_texts: tuple[str, ...] = ()
    k: int = 20
    query: str = ""

    @property
    def text(self) -> str:
        """The request in words."""
        if self.query:
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
        return (*typed, *wanted, *images, *unwanted)


@dataclass(frozen=True, slots=True)
class Hit:
    """An image that was found.

    Attributes:
        score: what the ranking goes by, here the cosine.
        z: how far the score lies above those of unrelated prompts' hits of the same rank, in
            standard deviations; None where that is not known.
    """

    rank: int
    image_id: str
    file: str
    frame: int
    cosine: float
    score: float
    z: float | None = None


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
    """

    model: str
    query: str
    hits: tuple[Hit, ...]
    cosine: np.ndarray
    rows: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    searched: int = 0
    approximate: Approximation | None = None
    vector: np.ndarray = field(default_factory=lambda: np.empty(0, np.float32))

    @property
    def matches(self) -> bool | None:
        """Whether the best hit is better than unrelated prompts' best; None if not known."""
        best = self.hits[0].z if self.hits else None
        return None if best is None else best >= MATCH

    def compared(self, nulls: NullScores | None) -> SearchAnswer:
        """Return the answer with each hit's z; without one where nothing is known of nulls."""
        if nulls is None:
            return self
        scores = nulls.z_of_hits(np.array([hit.cosine for hit in self.hits])).tolist()
        hits = (
            replace(hit, z=None if z != z else z) for hit, z in zip(self.hits, scores, strict=True)
        )
        return replace(self, hits=tuple(hits))

    @cached_property
    def order(self) -> np.ndarray:
        """All rows of the collection, int64 (N,): the hits, then by cosine, then those without."""
        descending = np.argsort(-self.cosine, kind="stable")
        left = np.ones(len(descending), np.bool_)
        left[self.rows] = False
        return np.concatenate([self.rows, descending[left[descending]]])


def query_vector(collection: Collection, encoder: Encoder, request: SearchRequest) -> np.ndarray:
    """Return the unit vector of a request, float32 (D,).

    The sum of the wanted less that of the unwanted, each a unit vector times its weight,
    normalised.

    Raises:
        UsageError: nothing is wanted, or a text is empty.
        FileProblem: an image cannot be read.
    """
    if not request.texts and not request.images and not request.query:
        raise UsageError("Nothing to search for.", "Give --text, --image or --query.")
    if any(not text.strip() for text in (*request.texts, *request.not_texts)):
        raise UsageError("The text to search for is empty.", "Type at least one word.")
    terms = request.terms()
    vectors = _term_vectors(collection, encoder, terms)
    weights = np.array([term.weight for term in terms])
    wanted = weights > 0
    order = np.argsort(~wanted, kind="stable")
    return combine(vectors[wanted], vectors[~wanted], np.abs(weights[order]).tolist())


def _term_vectors(collection: Collection, encoder: Encoder, terms: Sequence[Term]) -> np.ndarray:
    """Return the unit vector of each term, float32 (T, D); texts are encoded at once."""
    of_image = [
        term.kind == "image"
        or (not term.kind and (term.is_file or _row_of(collection, term.text) >= 0))
        for term in terms
    ]
    texts = [term.text for term, image in zip(terms, of_image, strict=True) if not image]
    encoded = iter(encoder.encode_texts(texts) if texts else ())
    return np.stack(
        [
            _image_vector(collection, encoder, term.text)[0] if image else next(encoded)
            for term, image in zip(terms, of_image, strict=True)
        ]
    )


def _row_of(collection: Collection, image_id: str) -> int:
    """Return the row of an image, -1 where there is none of that id."""
    import pyarrow.compute as pc

    return int(pc.index(collection.images["image_id"], image_id).as_py())


def _image_vector(collection: Collection, encoder: Encoder, name: str) -> np.ndarray:
    row = _row_of(collection, name)
    if row >= 0:
        entry = collection.encoder_entry(encoder.id)
        if approximation_of(collection, entry) is not None:
            found = vector_of(collection, entry, row)
        else:
            stored = collection.vector_rows(encoder.id)
            found = stored.halves[stored.rows == row].astype(np.float32)
        if not len(found):
            raise UsageError(
                f"The image {name} has no vector of {encoder.id}.", "Choose another image."
            )
        return found
    path = Path(name).expanduser()
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Check the path after --image.")
    ct_window = collection.encoder_entry(encoder.id).ct_window
    return encoder.encode_images([render_file_for_encoder(path, ct_window=ct_window).pixels])


def search(collection: Collection, encoder: Encoder, request: SearchRequest) -> SearchAnswer:
    """Rank the images of a collection by their cosine to the request.

    Exact, but for very many images with an index (see `approximate`). Images without a vector of
    this encoder are left out.

    Raises:
        UsageError, FileProblem: see `query_vector`.
        ModelNotFound: the collection holds no vectors of this encoder.
    """
    if request.k < 1:
        raise UsageError("-k must be at least 1.", "")
    query = query_vector(collection, encoder, request)
    entry = collection.encoder_entry(encoder.id)
    approximation = approximation_of(collection, entry)
    if approximation is not None:
        return _approximately(collection, entry, request, query, approximation)
    return _exactly(collection, encoder, request, collection.vector_rows(encoder.id), query)


def _approximately(
    collection: Collection,
    entry: EncoderEntry,
    request: SearchRequest,
    query: np.ndarray,
    approximation: Approximation,
) -> SearchAnswer:
    """Return the answer from an index on disk."""
    wanted = max(request.k, FOUND)
    rows, best = nearest(collection, entry, query, wanted, approximation.probes)
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
        vector=query,
    )


def _exactly(
    collection: Collection,
    encoder: Encoder,
    request: SearchRequest,
    stored: VectorRows,
    query: np.ndarray,
) -> SearchAnswer:
    """Return the answer from all vectors."""
    cosine = cosines(stored.halves, query)
    ids = collection.images["image_id"]
    places, best = best_of(
        cosine,
        stored.halves,
        query,
        request.k,
        lambda tied: ids.take(stored.rows[tied]).to_pylist(),
    )
    cosine[places] = best
    rows = stored.rows[places].astype(np.int64)
    return SearchAnswer(
        model=encoder.id,
        query=request.text,
        hits=_hits(collection, rows, best),
        cosine=stored.spread(cosine),
        rows=rows,
        searched=len(stored.rows),
        vector=query,
    )


def _hits(collection: Collection, rows: np.ndarray, cosines: np.ndarray) -> tuple[Hit, ...]:
    chosen = collection.images.select(["image_id", "file", "frame"]).take(rows).to_pylist()
    return tuple(
        Hit(rank, row["image_id"], row["file"], row["frame"], float(cosine), float(cosine))
        for rank, (row, cosine) in enumerate(zip(chosen, cosines, strict=True), 1)
    )
