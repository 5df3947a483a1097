"""What a text encoder reads of a text: how much, and which words it cannot know."""

from __future__ import annotations

import re
from bisect import bisect_right
from pathlib import Path

from vlm_explorer.encoders.encoder import TextReading
from vlm_explorer.encoders.tokenizer import TextTokenizer

WORDS_NAME = "words.txt"


def load_words(folder: Path) -> frozenset[str] | None:
    """Return the words, lower-cased, that the text tower met in training, if the folder says."""
    file = folder / WORDS_NAME
    if not file.is_file():
        return None
    return frozenset(file.read_text(encoding="utf-8").lower().split())


def read_text(tokenizer: TextTokenizer, text: str, known: frozenset[str] | None) -> TextReading:
    """Return what a text encoder reads of `text`.

    Args:
        known: the words that it met in training (numbers are no words); a word is unknown if
            it is not among them or the tokenizer cannot spell it. None where this is not known,
            then only the spelling counts.
    """
    words = text.split()
    room = tokenizer.context_length - tokenizer.marks

    def length(count: int) -> int:
        return len(tokenizer.tokens(" ".join(words[:count])))

    read = bisect_right(range(len(words) + 1), room, key=length) - 1
    bare = dict.fromkeys(bare_word(word) for word in words)
    return TextReading(
        tokens_used=min(length(len(words)), room) + tokenizer.marks,
        tokens_allowed=tokenizer.context_length,
        unread=tuple(words[read:]),
        unknown=tuple(word for word in bare if _is_unknown(tokenizer, word, known)),
        cut=read < len(words) and length(read) < room,
    )


def _is_unknown(tokenizer: TextTokenizer, word: str, known: frozenset[str] | None) -> bool:
    if tokenizer.unknown_id is not None and tokenizer.unknown_id in tokenizer.tokens(word):
        return True
    parts = re.findall(r"[^\W\d_]\w*", word.lower())
    return known is not None and any(part not in known for part in parts)


def bare_word(word: str) -> str:
    """Return a word without the punctuation around it; what is only punctuation stays."""
    return re.sub(r"^\W+|\W+$", "", word) or word
