"""How near some images and texts of a collection are to each other, each with each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from vlm_explorer.analysis.seriation import seriate
from vlm_explorer.analysis.similarity import cosines, unit
from vlm_explorer.analysis.zero_shot import ensemble, template_set
from vlm_explorer.collection.manifest import EncoderEntry
from vlm_explorer.collection.records import text_key
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.vector_rows import places_of
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.label_set import Label, as_labels
from vlm_explorer.queries.text_memory import TextMemory

MOST_IMAGES = 200
MOST_TEXTS = 400

Kind = Literal["caption", "label", "pinned", "typed"]


@dataclass(frozen=True, slots=True)
class MatrixRequest:
    """Which images and texts.

    Attributes:
        image_ids: the first `MOST_IMAGES` of those that have a vector are looked at.
        captions: whether the first caption of each image is among the texts; equal ones are one.
        labels: each the ensemble of its own sentences, or of a template set's.
        templates: the set's name; empty: `raw`.
        pinned, typed: further texts, as they are.
    """

    image_ids: tuple[str, ...]
    captions: bool = True
    labels: tuple[Label | str, ...] = ()
    templates: str = ""
    pinned: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatrixText:
    """A text, and where it is from."""

    text: str
    kind: Kind


@dataclass(frozen=True, eq=False)
class MatrixAnswer:
    """N images and M texts.

    Attributes:
        request: what was asked.
        model: id of the encoder.
        image_ids: those that are looked at, in the order of the collection.
        with_vector: how many of those asked for have a vector.
        texts: of equal texts of one kind there is one; the first `MOST_TEXTS`.
        all_texts: how many there would be.
        images, vectors: float32 (N, D) and (M, D), unit rows, of images and of texts.
        pairs: intp (P, 2), rows of an image and of its own caption, each image once at most.
        logit_scale: what the model multiplies cosines by.
        sigmoid: whether it was trained by a sigmoid of each pair, not by a softmax over them.
    """

    request: MatrixRequest
    model: str
    image_ids: tuple[str, ...]
    with_vector: int
    texts: tuple[MatrixText, ...]
    all_texts: int
    images: np.ndarray
    vectors: np.ndarray
    pairs: np.ndarray
    logit_scale: float
    sigmoid: bool

    @cached_property
    def cosine(self) -> np.ndarray:
        """The cosine of each image with each text, float32 (N, M)."""
        return cosines(self.images, self.vectors)

    @cached_property
    def pair_cosine(self) -> np.ndarray:
        """The cosine of each paired image with each paired caption, float32 (P, P)."""
        return np.asarray(self.cosine[np.ix_(self.pairs[:, 0], self.pairs[:, 1])])

    @cached_property
    def image_order(self) -> np.ndarray:
        """The images so that neighbours are alike, intp (N,); see `analysis.seriation`."""
        return seriate(self.images)

    @cached_property
    def text_order(self) -> np.ndarray:
        """The texts so that neighbours are alike, intp (M,)."""
        return seriate(self.vectors)

    @property
    def shared_captions(self) -> int:
        """How many of the paired images share their caption's words with another."""
        counts = np.bincount(self.pairs[:, 1], minlength=1)
        return int(counts[counts > 1].sum())


def similarity_matrix(
    collection: Collection,
    request: MatrixRequest,
    memory: TextMemory | None = None,
    *,
    model: str | None = None,
    context: JobContext | None = None,
) -> MatrixAnswer:
    """Compare images and texts.

    Args:
        memory: encodes what has no vector in the collection; None where there is no encoder, then
            texts without a vector are left out.
        model: whose vectors; by default those of the encoder, or those last used.

    Raises:
        UsageError: an unknown template set, or texts that only an encoder can read without one.
        ModelNotFound: the collection holds no vectors of that encoder.
    """
    entry = collection.encoder_entry(model or (memory.encoder.id if memory else None))
    stored = collection.vector_rows(entry.key)
    wanted = {collection.row_of[key] for key in request.image_ids if key in collection.row_of}
    held, vectors = stored.among(np.array(sorted(wanted), np.int64))
    rows = np.array(sorted(wanted), np.int64)[held]
    shown = rows[:MOST_IMAGES]
    ids = tuple(collection.images["image_id"].take(shown).to_pylist())
    captions = _captions(collection, ids) if request.captions else {}
    texts, found = _texts(collection, entry, request, captions, memory, context)
    place = {text.text: row for row, text in enumerate(texts) if text.kind == "caption"}
    pairs = [
        (row, place[captions[key]]) for row, key in enumerate(ids) if captions.get(key) in place
    ]
    answer = MatrixAnswer(
        request=request,
        model=entry.model,
        image_ids=ids,
        with_vector=len(rows),
        texts=tuple(texts[:MOST_TEXTS]),
        all_texts=len(texts),
        images=unit(vectors[:MOST_IMAGES]),
        vectors=unit(found[:MOST_TEXTS]),
        pairs=np.array(pairs, np.intp).reshape(-1, 2),
        logit_scale=entry.logit_scale,
        sigmoid=entry.logit_bias is not None,
    )
    if context is not None:
        context.report(1, 2, "Ordering images and texts")
    _ = answer.image_order, answer.text_order, answer.cosine
    return answer


def _captions(collection: Collection, ids: tuple[str, ...]) -> dict[str, str]:
    """Return the first caption of each image that has one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    table = collection.texts
    of_these = pc.is_in(table["image_id"], value_set=pa.array(ids, pa.string()))
    found: dict[str, str] = {}
    for row in table.filter(pc.and_(of_these, pc.equal(table["kind"], "caption"))).to_pylist():
        found.setdefault(row["image_id"], row["text"])
    return found


def _texts(
    collection: Collection,
    entry: EncoderEntry,
    request: MatrixRequest,
    captions: dict[str, str],
    memory: TextMemory | None,
    context: JobContext | None,
) -> tuple[list[MatrixText], np.ndarray]:
    """Return all texts that have a vector, captions first, and their vectors."""
    own = tuple(dict.fromkeys(captions.values()))
    known = _stored(collection, entry, own)
    pinned, typed = tuple(dict.fromkeys(request.pinned)), tuple(dict.fromkeys(request.typed))
    if memory is None:
        if request.labels or pinned or typed:
            raise UsageError(
                "Labels, pinned and typed texts need the encoder itself.",
                "Compare with captions only.",
            )
        own = tuple(text for text in own if text in known)
        parts = [known[text] for text in own]
    else:
        unread = [text for text in own if text not in known]
        known |= dict(zip(unread, memory.vectors(unread, context=context), strict=True))
        parts = [known[text] for text in own]
        parts += [*_labels(memory, request, context)]
        parts += [*memory.vectors(pinned + typed, context=context)]
    names = tuple(label.name for label in as_labels(request.labels))
    kinds: tuple[tuple[Kind, tuple[str, ...]], ...] = (
        ("caption", own), ("label", names), ("pinned", pinned), ("typed", typed)
    )  # fmt: skip
    texts = [MatrixText(text, kind) for kind, of_kind in kinds for text in of_kind]
    return texts, np.array(parts, np.float32).reshape(len(texts), entry.dimension)


def _labels(memory: TextMemory, request: MatrixRequest, context: JobContext | None) -> np.ndarray:
    """Return float32 (L, D), the ensembled vector of each label."""
    if not request.labels:
        return np.empty((0, memory.encoder.dimension), np.float32)
    chosen = template_set(request.templates or "raw")
    sentences = [label.sentences(chosen) for label in as_labels(request.labels)]
    encoded = memory.vectors([text for texts in sentences for text in texts], context=context)
    ends = np.cumsum([len(texts) for texts in sentences])
    return ensemble(np.split(encoded, ends[:-1]))


def _stored(
    collection: Collection, entry: EncoderEntry, texts: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """Return the vectors of texts that the collection holds."""
    import pyarrow as pa

    table = collection.table(f"vectors/{entry.key}.texts")
    keys = pa.chunked_array([[text_key(text) for text in texts]], pa.string())
    snapshot, places = places_of(table, ["text_key"], keys)
    rows = np.flatnonzero(places >= 0)
    if not len(rows):
        return {}
    vectors = snapshot.take(places[rows], columns=["vector"])["vector"].to_pylist()
    return {
        texts[row]: np.asarray(vector, np.float32)
        for row, vector in zip(rows.tolist(), vectors, strict=True)
    }
