"""Which texts describe an image: prompts, labels and captions, ranked for one scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vlm_explorer.analysis.similarity import TIE, cosines, unit
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.examples import Example, example_vector, image_vector
from vlm_explorer.queries.expression import Term
from vlm_explorer.queries.null_bank import null_vectors
from vlm_explorer.queries.query_vector import example_of


@dataclass(frozen=True, slots=True)
class DescribeRequest:
    """Which texts are ranked for an image.

    Attributes:
        image: an image id of the collection, a file, a region of either, or an example.
        prompts: texts to be ranked, beside those of the collection.
        labels: likewise; they are only called otherwise.
        k: how many texts are wanted.
        stored: whether the collection's captions, labels and prompts are ranked too.
    """

    image: str | Example
    prompts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    k: int = 20
    stored: bool = True


@dataclass(frozen=True, slots=True)
class Description:
    """A text, and how well it fits.

    Attributes:
        kind: "prompt", "label" or "caption".
        z: how far its cosine lies above those of unrelated prompts with this image, in standard
            deviations.
        own: whether it is a caption of this very image.
    """

    rank: int
    text: str
    kind: str
    cosine: float
    z: float
    own: bool


@dataclass(frozen=True, slots=True, eq=False)
class DescribeAnswer:
    """The texts that fit an image best, best first.

    Attributes:
        model: id of the encoder.
        texts: the best k.
        ranked: how many different texts there are.
        nulls: how many unrelated prompts they are compared with.
    """

    model: str
    texts: tuple[Description, ...]
    ranked: int
    nulls: int


def describe(
    collection: Collection,
    encoder: Encoder,
    request: DescribeRequest,
    *,
    context: JobContext | None = None,
) -> DescribeAnswer:
    """Rank texts by their cosine to an image; equal texts once, under the first kind.

    Cosines that differ by less than 1e-6 are not told apart: the text that was named first, or
    comes first in the collection, is then first.

    Raises:
        UsageError: there is no such image, or no text.
        FileProblem: it cannot be read.
    """
    if request.k < 1:
        raise UsageError("-k must be at least 1.", "")
    shown: str | Example = request.image
    if isinstance(shown, str):
        shown = example_of(collection, Term(shown)) or shown
    if isinstance(shown, str):
        image = unit(image_vector(collection, encoder, shown))
    else:
        image = example_vector(collection, encoder, shown)
    texts, kinds, vectors = _texts(collection, encoder, request, context)
    if not texts:
        raise UsageError("There is no text to describe the image with.", "Give one or several.")
    nulls = cosines(null_vectors(collection, encoder, context=context), image).astype(np.float64)
    spread = max(float(nulls.std(ddof=1)), TIE)
    cosine = cosines(vectors, image).astype(np.float64)
    order = np.argsort(-np.round(cosine / TIE), kind="stable")[: request.k]
    own = _own_captions(collection, shown)
    return DescribeAnswer(
        encoder.id,
        tuple(
            Description(
                rank,
                texts[row],
                kinds[row],
                float(cosine[row]),
                (float(cosine[row]) - float(nulls.mean())) / spread,
                texts[row] in own,
            )
            for rank, row in enumerate(order.tolist(), 1)
        ),
        len(texts),
        len(nulls),
    )


def _texts(
    collection: Collection,
    encoder: Encoder,
    request: DescribeRequest,
    context: JobContext | None,
) -> tuple[list[str], list[str], np.ndarray]:
    """Return texts, each once, their kinds, and unit vectors float32 (T, D)."""
    kind_of = {text.strip(): "prompt" for text in request.prompts if text.strip()}
    for label in request.labels:
        kind_of.setdefault(label.strip(), "label")
    kind_of.pop("", None)
    typed = list(kind_of)
    parts = [encoder.encode_texts(typed, context=context)] if typed else []
    if request.stored:
        rows, vectors = collection.present_text_vectors(encoder.id)
        kept = collection.texts.select(["text", "kind"]).take(rows).to_pylist()
        new = []
        for place, row in enumerate(kept):
            if row["text"] not in kind_of:
                kind_of[row["text"]] = row["kind"]
                new.append(place)
        parts.append(unit(vectors[np.array(new, np.intp)]))
    vectors = np.concatenate(parts) if parts else np.empty((0, encoder.dimension), np.float32)
    return list(kind_of), list(kind_of.values()), vectors


def _own_captions(collection: Collection, shown: str | Example) -> frozenset[str]:
    """Return the captions of an image, named by its id or by its file."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not isinstance(shown, str):
        return frozenset()
    texts, images = collection.texts, collection.images
    of_file = pc.equal(images["file"], str(Path(shown).expanduser().absolute()))
    ids = [shown, *images.filter(of_file)["image_id"].to_pylist()]
    own = texts.filter(pc.is_in(texts["image_id"], value_set=pa.array(ids, pa.string())))
    return frozenset(own["text"].to_pylist())


def words_of(texts: Sequence[Description]) -> list[str]:
    """Return a line for each text."""
    return [
        f"{each.rank:>4}  {each.cosine:.4f}  z {each.z:5.1f}  {each.kind:<7}  {each.text}"
        + ("  (its own)" if each.own else "")
        for each in texts
    ]
