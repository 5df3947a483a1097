"""What is said of a prompt: which words have no effect, and what was found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from vlm_explorer.encoders.encoder import TextReading
from vlm_explorer.encoders.text_reading import bare_word
from vlm_explorer.viewmodels import numbers

if TYPE_CHECKING:
    from vlm_explorer.queries.search_answer import SearchAnswer

Place = tuple[int, int]


def words_without_effect(
    text: str, reading: TextReading | None, *, stale: bool = False
) -> list[Place]:
    """Return the places of words that the encoder does not read, or cannot know.

    Args:
        text: as typed.
        reading: what the encoder read of `text`.
        stale: of an earlier text: then it is not known where the encoder stops reading.

    Returns:
        start and length of each, in the units that Qt counts a text in (UTF-16).
    """
    if reading is None:
        return []
    words = list(re.finditer(r"\S+", text))
    read = len(words) - (0 if stale else len(reading.unread))
    unknown = set(reading.unknown)
    return [
        (_units(text[: word.start()]), _units(word[0]))
        for number, word in enumerate(words)
        if number >= read or bare_word(word[0]) in unknown
    ]


def answer_in_words(answer: SearchAnswer) -> str:
    """Return in a sentence what was found; the answer has hits."""
    best = answer.hits[0]
    ranked = f"{answer.searched:,} images ranked"
    if best.z is None:
        return f"{ranked} · best cosine {numbers.cosine(best.cosine)}"
    z = numbers.z(best.z)
    if answer.matches:
        return f"{ranked} · best cosine {numbers.cosine(best.cosine)}, z {z}"
    return f"No match: unrelated prompts find as much here (z {z})"


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def tokens_in_words(reading: TextReading | None) -> str:
    """Return how much of the encoder's window a text takes; "" where nothing was read."""
    if reading is None:
        return ""
    return f"{reading.tokens_used} of {reading.tokens_allowed} tokens"


def warning_in_words(reading: TextReading | None) -> str:
    """Return in a sentence which words have no effect; "" where all have."""
    if reading is None or not (reading.unread or reading.unknown):
        return ""
    first = " ".join(reading.unread[:4])
    if not reading.unknown:
        return f"Too long for this encoder: it reads nothing from “{first}” on."
    never = f"This encoder never met: {', '.join(reading.unknown)}."
    return f"{never} It reads nothing from “{first}” on." if first else f"{never} Try other words."
