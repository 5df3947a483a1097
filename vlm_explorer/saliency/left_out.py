"""Texts with a part left out: which words an encoder reads, and the text without some of them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.text_reading import bare_word
from vlm_explorer.encoders.tokenizer import TextTokenizer
from vlm_explorer.encoders.word_tokens import tokens_by_word, word_places
from vlm_explorer.errors import NotSupported, UsageError

Replacement = Literal["nothing", "mask"]
REPLACEMENTS: tuple[Replacement, ...] = ("nothing", "mask")

_MASK = "[MASK]"
_SIDES = frozenset({"left", "right", "bilateral"})


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text as an encoder reads it.

    Attributes:
        text: as typed.
        places: start and end of each word, in characters.
        read: how many of the words are read, the last of them perhaps in part.
        cut: whether it is.
        unknown: words that the encoder cannot know, as typed, without punctuation.
    """

    text: str
    places: tuple[tuple[int, int], ...]
    read: int
    cut: bool
    unknown: frozenset[str]

    @property
    def whole(self) -> str:
        """The text up to where the encoder stops reading."""
        return self.text[: self.places[self.read - 1][1]] if self.read else ""

    def word(self, number: int) -> str:
        """Return a word as typed."""
        start, end = self.places[number]
        return self.text[start:end]

    def words(self, part: range) -> str:
        """Return neighbouring words as typed."""
        return self.text[self.places[part.start][0] : self.places[part.stop - 1][1]]

    def without(self, part: range) -> str:
        """Return what is read of the text, neighbouring words left out with the space behind them.

        What lies beyond the window does not move up into it; leaving out words that are not read
        changes nothing.
        """
        if part.start >= self.read:
            return self.whole
        before = self.text[: self.places[part.start][0]]
        if part.stop >= self.read:
            return before.rstrip()
        return before + self.whole[self.places[part.stop][0] :]

    def masked(self, part: range, encoder: Encoder) -> str:
        """Return what is read of the text, each token of these words replaced by a mask."""
        if part.start >= self.read:
            return self.whole
        tokenizer = mask_tokenizer(encoder)
        tokens = tokens_by_word(tokenizer, self.whole)
        last = min(part.stop, self.read) - 1
        masks = " ".join([_MASK] * (tokens[last].stop - tokens[part.start].start))
        start, end = self.places[part.start][0], self.places[last][1]
        return self.text[:start] + masks + self.whole[end:]


def read_for(encoder: Encoder, text: str) -> ReadText:
    """Return a text as an encoder reads it.

    Raises:
        UsageError: there is no word in it.
    """
    places = tuple(word_places(text))
    if not places:
        raise UsageError("There is no word in this text.", "Type a prompt.")
    reading = encoder.read_text(text)
    read = len(places) - len(reading.unread) + reading.cut
    return ReadText(text, places, read, reading.cut, frozenset(reading.unknown))


def mask_tokenizer(encoder: Encoder) -> TextTokenizer:
    """Return the tokenizer of an encoder that was trained with masked words.

    Raises:
        NotSupported: its text tower has no mask.
    """
    tokenizer: TextTokenizer | None = getattr(encoder, "tokenizer", None)
    if tokenizer is None or (
        len(found := tokenizer.tokens(_MASK)) != 1 or found[0] == tokenizer.unknown_id
    ):
        raise NotSupported(
            f"The text tower of {encoder.id} knows no mask to put in a word's place.",
            "Leave words out instead.",
        )
    return tokenizer


def phrases_in(text: ReadText, known: Collection[str]) -> list[range]:
    """Return which neighbouring words belong together, in the order of the text.

    These are the longest of the known phrases, as well as those with a side before them, and a
    side with the word behind it ("left", "left pleural").
    """
    bare = [bare_word(text.word(number)).lower() for number in range(text.read)]
    longest = max((len(phrase.split()) for phrase in known), default=0)
    phrases = {tuple(re.findall(r"\S+", phrase.lower())) for phrase in known}
    found: list[range] = []
    start = 0
    while start < len(bare):
        size = next(
            (
                size
                for size in range(min(longest, len(bare) - start), 1, -1)
                if tuple(bare[start : start + size]) in phrases
            ),
            1,
        )
        sided = start > 0 and bare[start - 1] in _SIDES
        if sided and bare[start] not in _SIDES:
            found.append(range(start - 1, start + size))
        if size > 1:
            found.append(range(start, start + size))
        start += size
    return found
