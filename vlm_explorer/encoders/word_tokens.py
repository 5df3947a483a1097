"""Which tokens each word of a text becomes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vlm_explorer.encoders.tokenizer import TextTokenizer


def word_places(text: str) -> list[tuple[int, int]]:
    """Return where each word begins and ends, in characters; words are what spaces part."""
    return [word.span() for word in re.finditer(r"\S+", text)]


def tokens_by_word(tokenizer: TextTokenizer, text: str) -> list[range]:
    """Return the tokens of each word, by their numbers in `tokenizer.tokens(text)`.

    Every tokenizer of text encoders parts words at spaces before anything else, so that a text's
    first words have the same tokens whatever follows: the ends of the words are counted from the
    start. Words that leave no token, such as punctuation that is dropped, have empty ranges.
    Counting ends with the window; later words begin and end where it does.
    """
    room = tokenizer.context_length - tokenizer.marks
    found: list[range] = []
    end = 0
    for _, stop in word_places(text):
        start = end
        if start < room:
            end = len(tokenizer.tokens(text[:stop]))
        found.append(range(start, max(start, end)))
    return [range(min(part.start, room), min(part.stop, room)) for part in found]


def first_token(tokenizer: TextTokenizer, text: str, row: Sequence[int]) -> int | None:
    """Return where in a row, as the tokenizer gives it, the text's first token stands.

    None where the row does not hold the text's tokens in one piece.
    """
    tokens = tokenizer.tokens(text)[: tokenizer.context_length - tokenizer.marks]
    for start in range(tokenizer.marks + 1):
        if list(row[start : start + len(tokens)]) == tokens:
            return start
    return None
