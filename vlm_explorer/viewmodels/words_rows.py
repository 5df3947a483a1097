"""The words of a prompt as they are shown: a bar each, in the order of the text. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vlm_explorer.saliency.words import Phrase, Word, WordScores


class View(StrEnum):
    """Which number of a word is shown."""

    LEFT_OUT = "left_out"
    MASKED = "masked"
    RELEVANCE = "relevance"
    GRADIENT = "gradient"


VIEWS: dict[View, tuple[str, str]] = {
    View.LEFT_OUT: ("Left out", "What the cosine loses without the word; losses do not add up"),
    View.MASKED: ("Masked", "What the cosine loses when [MASK] stands in the word's place"),
    View.RELEVANCE: ("Relevance", "Share of gradient × attention, followed back to the words"),
    View.GRADIENT: ("Gradient", "Gradient × embedding: first-order change of the cosine, signed"),
}
UNITS = {
    View.LEFT_OUT: "cosine drop",
    View.MASKED: "cosine drop",
    View.RELEVANCE: "share of relevance",
    View.GRADIENT: "cosine, first order",
}
_MOST_PLACES = 6


@dataclass(frozen=True, slots=True)
class Bar:
    """A word, or words that belong together.

    Attributes:
        part: numbers of the words.
        text: as typed.
        value: None where there is none.
        extent: the value as a share of the largest magnitude, -1 to 1.
        number: the value in words, with its sign; "" where there is none.
        faded: whether the encoder does not read it, or cannot know it.
        words: all of it in a sentence, for who cannot see it.
    """

    part: range
    text: str
    value: float | None
    extent: float
    number: str
    faded: bool
    words: str


def signed(value: float, largest: float = 1.0) -> str:
    """Return a number with its sign; small ones have as many places as `largest` needs."""
    places = 3
    while places < _MOST_PLACES and 0 < largest < 10.0 ** (1 - places):
        places += 1
    text = f"{value:+.{places}f}"
    return text.replace("-", "−") if float(text) else "0"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def word_bars(
    scores: WordScores, view: View, patch: Sequence[float] | None = None, unit: str = ""
) -> tuple[Bar, ...]:
    """Return a bar of each word.

    Args:
        scores: of the prompt; without numbers where they are not those of the view.
        view: which number is shown, unless of a patch.
        patch: what a patch answers to each word instead; in `unit`.
        unit: likewise.
    """
    if patch is not None:
        values: list[float | None] = [float(value) for value in patch]
    else:
        there = view is not View.MASKED or scores.replaced_by == "mask"
        values = [_value(word, view) if there else None for word in scores.words]
    known = [abs(value) for value in values if value is not None]
    largest = max(known, default=0.0)
    shown = None if patch is not None else view
    unit = unit or UNITS[view]
    return tuple(
        _bar(number, word, value, largest, shown, unit)
        for number, (word, value) in enumerate(zip(scores.words, values, strict=True))
    )


def phrase_bars(phrases: Sequence[Phrase], words: Sequence[Word]) -> tuple[Bar, ...]:
    """Return a bar of each phrase that was left out as a whole; its number alone is shown."""
    bars = []
    for phrase in phrases:
        number = signed(phrase.cosine_drop)
        alone = signed(sum(words[place].cosine_drop for place in phrase.words))
        sentence = (
            f"“{phrase.text}” taken away as a whole: cosine drop {number}. One by one its words "
            f"come to {alone}."
        )
        bars.append(
            Bar(phrase.words, phrase.text, phrase.cosine_drop, 0.0, number, False, sentence)
        )
    return tuple(bars)


def _value(word: Word, view: View) -> float | None:
    return {
        View.LEFT_OUT: word.cosine_drop,
        View.MASKED: word.cosine_drop,
        View.RELEVANCE: word.relevance,
        View.GRADIENT: word.gradient,
    }[view]


def _bar(
    place: int, word: Word, value: float | None, largest: float, view: View | None, unit: str
) -> Bar:
    if not word.read:
        value = None
    number = ""
    if value is not None:
        number = _percent(value) if view is View.RELEVANCE else signed(value, largest)
    said = f"{word.word}: {number} {unit}." if number else f"{word.word}."
    if not word.read:
        said += " Not read: it lies beyond the encoder's window."
    elif word.cut:
        said += " Read in part: the encoder's window ends in it."
    if word.read and not word.known:
        said += " The encoder never met this word."
    return Bar(
        part=range(place, place + 1),
        text=word.word,
        value=value,
        extent=0.0 if value is None or not largest else value / largest,
        number=number,
        faded=not word.read or not word.known,
        words=said,
    )


def headline(scores: WordScores, view: View) -> str:
    """Return in a line what the bars are, or why there are none."""
    if view in (View.RELEVANCE, View.GRADIENT) and scores.reason:
        return scores.reason
    if view is View.LEFT_OUT and len(scores.words) == 1:
        return "What the cosine loses without the word: beside that of an empty prompt"
    return VIEWS[view][1]


def summary(scores: WordScores, view: View) -> str:
    """Return in a line what the numbers leave open."""
    parts = [f"cosine {scores.score:.3f}".replace("-", "−")]
    read = sum(word.read for word in scores.words)
    if read < len(scores.words):
        parts.append(f"{read} of {len(scores.words)} words read")
    if view is View.RELEVANCE and scores.marks_share is not None:
        parts.append(f"marks and padding {_percent(scores.marks_share)}")
    return " · ".join(parts)
