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
from vlm_explorer.queries.describe_texts import Candidate, gather
from vlm_explorer.queries.examples import Example, example_vector, image_vector
from vlm_explorer.queries.expression import Term
from vlm_explorer.queries.null_bank import null_vectors, put_together
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
        more: further texts, label ensembles and queries, each with where it comes from.
    """

    image: str | Example
    prompts: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    k: int = 20
    stored: bool = True
    more: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """A text, and how well it fits.

    Attributes:
        kind: "prompt", "label" or "caption", or what else `DescribeRequest.more` says.
        z: how far its cosine lies above those of unrelated prompts with this image, in standard
            deviations; of a query of several texts, of prompts put together by the same weights.
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
        left_out: names of saved queries in which images take part, which describe nothing.
    """

    model: str
    texts: tuple[Description, ...]
    ranked: int
    nulls: int
    left_out: tuple[str, ...] = ()


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
    texts = gather(
        collection, encoder, _candidates(request), stored=request.stored, context=context
    )
    if not texts.words:
        raise UsageError("There is no text to describe the image with.", "Give one or several.")
    nulls = null_vectors(collection, encoder, context=context)
    against = _against(nulls, image, texts.weights)
    cosine = cosines(texts.vectors, image).astype(np.float64)
    order = np.argsort(-np.round(cosine / TIE), kind="stable")[: request.k]
    own = _own_captions(collection, shown)
    return DescribeAnswer(
        encoder.id,
        tuple(
            Description(
                rank,
                texts.words[row],
                texts.kinds[row],
                float(cosine[row]),
                (float(cosine[row]) - against[texts.weights[row]][0])
                / against[texts.weights[row]][1],
                texts.words[row] in own,
            )
            for rank, row in enumerate(order.tolist(), 1)
        ),
        len(texts.words),
        len(nulls),
    )


def _candidates(request: DescribeRequest) -> tuple[Candidate, ...]:
    prompts = (Candidate(text, "prompt") for text in request.prompts)
    labels = (Candidate(label, "label") for label in request.labels)
    return (*prompts, *labels, *request.more)


def _against(
    nulls: np.ndarray, image: np.ndarray, weights: Sequence[tuple[float, ...]]
) -> dict[tuple[float, ...], tuple[float, float]]:
    """Return mean and spread of what unrelated prompts score with an image, put together alike."""
    found = {}
    for each in set(weights):
        bank = nulls if len(each) < 2 else put_together(nulls, each)
        scores = cosines(bank, image).astype(np.float64)
        found[each] = float(scores.mean()), max(float(scores.std(ddof=1)), TIE)
    return found


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
