"""Which words of a prompt moved its score: what is lost without each, and gradient relevance."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.text_reading import bare_word
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.left_out import (
    REPLACEMENTS,
    ReadText,
    Replacement,
    phrases_in,
    read_for,
)

if TYPE_CHECKING:
    from vlm_explorer.saliency.word_relevance import Relevance

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a prompt, and what it did to the score.

    Attributes:
        word: as typed.
        start, end: where it stands in the prompt, in characters.
        read: whether the encoder reads it, at least its beginning.
        cut: whether it reads no more than that.
        known: whether the encoder can know it.
        cosine_drop: the cosine less that of the prompt without it; below zero where the prompt
            fits the image better without it; exactly 0 where it is not read.
        relevance: share of the gradient relevance, 0 to 1; None where that cannot be told.
        gradient: gradient x embedding, first-order change of the cosine, signed; None likewise.
    """

    word: str
    start: int
    end: int
    read: bool
    cut: bool
    known: bool
    cosine_drop: float
    relevance: float | None
    gradient: float | None


@dataclass(frozen=True, slots=True)
class Phrase:
    """Neighbouring words that were left out together.

    Attributes:
        text: as typed.
        start, end: where it stands in the prompt, in characters.
        words: numbers of its words.
        cosine_drop: as in `Word`; not the sum of the words' own.
    """

    text: str
    start: int
    end: int
    words: range
    cosine_drop: float


@dataclass(frozen=True, slots=True)
class WordScores:
    """What each word of one prompt did to its cosine with one image.

    Attributes:
        model_id: the encoder's id.
        weights_sha256: the encoder's fingerprint.
        text: the prompt, as typed.
        score: the cosine of image and prompt.
        words: in the order of the text.
        phrases: likewise.
        replaced_by: what stood in the place of a word, `nothing` or `mask`.
        marks_share: share of the relevance that lies at start and end marks and padding, 0 to 1;
            None where relevance cannot be told.
        reason: why it cannot; empty where it can.
        warnings: what the user must know to read the numbers.
    """

    model_id: str
    weights_sha256: str
    text: str
    score: float
    words: tuple[Word, ...]
    phrases: tuple[Phrase, ...]
    replaced_by: Replacement
    marks_share: float | None
    reason: str
    warnings: tuple[str, ...]

    @property
    def unit(self) -> str:
        """The unit of what is lost without a word."""
        return "cosine drop"


def score_words(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    text: str,
    *,
    phrases: Collection[str] | Sequence[range] = (),
    replaced_by: Replacement = "nothing",
    start_layer: int = 0,
    context: JobContext | None = None,
) -> WordScores:
    """Leave each word of a prompt out, and each phrase, and measure the cosine drop.

    For a word w the drop is cos(image, text) - cos(image, text without w): signed, in units of
    cosine, not additive (without "pleural" an "effusion" still stands for much of both). All
    texts go through the text tower in one batch. Gradient relevance, a second view, follows
    attention back through the tower (see `word_relevance.relevance_of`).

    Args:
        encoder: any; relevance needs a text tower that can be looked into.
        pixels: the image as rendered, uint8 (rows, columns) or (rows, columns, 3).
        text: the prompt.
        phrases: known phrases, of which those that occur are left out as a whole, or the numbers
            of the words themselves.
        replaced_by: what stands in for a word: `nothing`, or `mask`, a token [MASK] for each of
            its tokens, with text towers that were trained so (BERT).
        start_layer: first block that relevance is followed through, from 0.
        context: told the progress and asked for cancellation.

    Raises:
        UsageError: no word in the text, no such words, or no such replacement.
        NotSupported: the text tower knows no mask.
    """
    from vlm_explorer.saliency.word_relevance import relevance_of

    if replaced_by not in REPLACEMENTS:
        raise UsageError(
            f"Words cannot be replaced by {replaced_by!r}.", f"Choose {', '.join(REPLACEMENTS)}."
        )
    read = read_for(encoder, text)
    groups = _groups(read, phrases)
    singles = [range(number, number + 1) for number in range(len(read.places))]
    parts = [*singles, *groups]
    texts = [read.masked(part, encoder) if replaced_by == "mask" else read.without(part)
             for part in parts]  # fmt: skip
    image = encoder.encode_images([pixels], context=context)[0]
    score, drops = drops_of(encoder, image, read.whole, texts, context=context)
    relevance, reason = None, ""
    try:
        relevance = relevance_of(encoder, image, read, start_layer=start_layer)
    except NotSupported as error:
        reason = error.text
    return WordScores(
        model_id=encoder.id,
        weights_sha256=encoder.fingerprint,
        text=text,
        score=score,
        words=tuple(
            _word(read, number, drops[number], relevance) for number in range(len(singles))
        ),
        phrases=tuple(
            _phrase(read, part, drop)
            for part, drop in zip(groups, drops[len(singles) :], strict=True)
        ),
        replaced_by=replaced_by,
        marks_share=None if relevance is None else relevance.marks_share,
        reason=reason,
        warnings=tuple(_warnings(read)),
    )


def drops_of(
    encoder: Encoder,
    image: Floats,
    whole: str,
    texts: Sequence[str],
    *,
    context: JobContext | None = None,
) -> tuple[float, list[float]]:
    """Return the cosine of an image's vector (D,) with a text, and by how much others are lower.

    Equal texts are encoded once, so that leaving out what is not read is exactly 0.
    """
    different = list(dict.fromkeys([whole, *texts]))
    vectors = encoder.encode_texts(different, context=context)
    cosines = dict(zip(different, (vectors.astype(np.float64) @ image).tolist(), strict=True))
    return cosines[whole], [cosines[whole] - cosines[text] for text in texts]


def _groups(read: ReadText, phrases: Collection[str] | Sequence[range]) -> list[range]:
    given = [part for part in phrases if isinstance(part, range)]
    for part in given:
        if part.step != 1 or not 0 <= part.start < part.stop <= len(read.places):
            raise UsageError(
                f"There are no words {part.start} to {part.stop - 1} in this text.",
                f"It has {len(read.places)}, numbered from 0.",
            )
    return given or phrases_in(read, [phrase for phrase in phrases if isinstance(phrase, str)])


def _word(read: ReadText, number: int, drop: float, relevance: Relevance | None) -> Word:
    start, end = read.places[number]
    word = read.word(number)
    is_read = number < read.read
    return Word(
        word=word,
        start=start,
        end=end,
        read=is_read,
        cut=read.cut and number == read.read - 1,
        known=bare_word(word) not in read.unknown,
        cosine_drop=drop,
        relevance=None if relevance is None else float(relevance.share[number]),
        gradient=None if relevance is None else float(relevance.gradient[number]),
    )


def _phrase(read: ReadText, part: range, drop: float) -> Phrase:
    start, end = read.places[part.start][0], read.places[part.stop - 1][1]
    return Phrase(read.words(part), start, end, part, drop)


def _warnings(read: ReadText) -> list[str]:
    unread = len(read.places) - read.read
    if not unread:
        return []
    return [
        f"{unread} of {len(read.places)} words lie beyond the encoder's window and have no effect."
    ]
