"""The texts that may describe an image, each with where it comes from, and their vectors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from vlm_explorer.analysis.similarity import unit
from vlm_explorer.analysis.zero_shot import template_set
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.classify import DEFAULT_TEMPLATES, label_vectors
from vlm_explorer.queries.expression import Term
from vlm_explorer.queries.label_set import LabelSet
from vlm_explorer.queries.query_vector import query_of


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text, or what stands for one.

    Attributes:
        words: what it is called, and the text itself where nothing else is given.
        kind: where it comes from, in words, such as "prompt".
        sentences: of a label, whose ensemble is compared.
        terms, fuse: of a query of several texts, as in `query_vector.query_of`.
    """

    words: str
    kind: str
    sentences: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()
    fuse: str = "sum"

    @property
    def text(self) -> str:
        """The text where it is simply one; "" where more stands behind it."""
        if self.terms:
            only = self.terms[0] if len(self.terms) == 1 else None
            return only.text if only is not None and only.weight > 0 else ""
        if self.sentences:
            return self.words if self.sentences == (self.words,) else ""
        return self.words


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """T different texts.

    Attributes:
        words, kinds: of each.
        vectors: float32 (T, D), unit rows.
        weights: of the texts that each is made of.
    """

    words: tuple[str, ...]
    kinds: tuple[str, ...]
    vectors: np.ndarray
    weights: tuple[tuple[float, ...], ...]


def of_labels(chosen: LabelSet) -> tuple[Candidate, ...]:
    """Return the labels of a set, with the sentences by which they are scored."""
    templates = template_set(chosen.templates or DEFAULT_TEMPLATES[chosen.task])
    return tuple(
        Candidate(label.name, "label", label.sentences(templates)) for label in chosen.labels
    )


def gather(
    collection: Collection,
    encoder: Encoder,
    candidates: Iterable[Candidate],
    *,
    stored: bool,
    context: JobContext | None = None,
) -> Texts:
    """Return the different texts among candidates, under the first kind of each.

    Args:
        stored: whether the collection's captions, labels and prompts come after them.
    """
    wanted: dict[tuple[str, str], Candidate] = {}
    for each in candidates:
        if each.words.strip():
            # the same words may stand for a text, and for an ensemble of sentences
            key = (each.text.strip(), "") if each.text else (each.words, each.kind)
            wanted.setdefault(key, each)
    chosen = list(wanted.values())
    words = [each.text.strip() or each.words for each in chosen]
    kinds = [each.kind for each in chosen]
    plain = [each.text.strip() for each in chosen if each.text]
    encoded = iter(encoder.encode_texts(plain, context=context) if plain else ())
    weights: list[tuple[float, ...]] = [(1.0,)] * len(chosen)
    rows: list[np.ndarray] = []
    for place, each in enumerate(chosen):
        if each.text:
            rows.append(next(encoded))
        elif each.sentences:
            rows.append(label_vectors(encoder, [each.sentences])[0])
        else:
            query = query_of(collection, encoder, each.terms, each.fuse)
            weights[place] = query.weights
            rows.append(query.vector)
    parts = [np.stack(rows)] if rows else []
    if stored:
        places, vectors = collection.present_text_vectors(encoder.id)
        kept = collection.texts.select(["text", "kind"]).take(places).to_pylist()
        known, new = set(plain), []
        for place, row in enumerate(kept):
            if row["text"] not in known:
                known.add(row["text"])
                new.append(place)
        words += [kept[place]["text"] for place in new]
        kinds += [kept[place]["kind"] for place in new]
        weights += [(1.0,)] * len(new)
        parts.append(unit(vectors[np.array(new, np.intp)]))
    found = np.concatenate(parts) if parts else np.empty((0, encoder.dimension), np.float32)
    return Texts(tuple(words), tuple(kinds), found, tuple(weights))
