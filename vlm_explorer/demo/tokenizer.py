"""The bundled encoder's own small vocabulary: words, pieces of words, and every letter.

A word that training never showed is spelled in pieces, in the worst case letter by letter; only
a character outside `ALPHABET` becomes the unknown token, and only that character.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from tokenizers import Regex, Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, Split
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import WordPieceTrainer

PAD, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
# Accents are stripped before lookup, so these are letters after stripping and lower-casing.
LETTERS = "abcdefghijklmnopqrstuvwxyzßæøœłđıαβγδεζηθικλμνξοπρςστυφχψω" + "".join(
    chr(code) for code in range(0x0430, 0x0450)
)
ALPHABET = (
    "".join(chr(code) for code in range(0x21, 0x7F) if not chr(code).isupper()) + LETTERS[26:]
)
ALPHABET += "°±²³µ·×÷‘’“”–—…≤≥€£"
# Far above any real word: a long run of letters is spelled, not given up.
LONGEST_WORD = 100_000


def words_of(text: str) -> list[str]:
    """Return the lower-case words of a text, hyphenated ones taken apart."""
    return re.findall(r"[a-z][a-z0-9]*", text.lower())


def build_tokenizer(
    texts: Iterable[str], *, context_length: int, pieces: int = 900, rarest: int = 3
) -> Tokenizer:
    """Make the vocabulary from training texts.

    Args:
        texts: what training will show; words met at least `rarest` times become tokens.
        context_length: tokens in a row, start and end marks included.
        pieces: size of the WordPiece vocabulary that spells all other words.
        rarest: how often a word must be met to become one token.

    Returns:
        A lower-casing WordPiece tokenizer that pads and truncates to `context_length`. The end
        mark has the highest number, as the pooling types `eos` and `argmax` both need.
    """
    counts = Counter(word for text in texts for word in words_of(text))
    vocabulary = _vocabulary(counts, pieces=pieces, rarest=rarest)
    tokenizer = Tokenizer(
        WordPiece(
            {token: number for number, token in enumerate(vocabulary)},
            unk_token=UNKNOWN,
            max_input_chars_per_word=LONGEST_WORD,
        )
    )
    tokenizer.normalizer = _normalizer()
    tokenizer.pre_tokenizer = PreTokenizers(
        [
            BertPreTokenizer(),
            # What the alphabet lacks stands alone, and does not take its word along.
            Split(Regex(f"[^{re.escape(ALPHABET)}]"), "isolated"),
        ]
    )
    tokenizer.post_processor = TemplateProcessing(
        single=f"{START} $A {END}",
        pair=f"{START} $A {END} $B:1 {END}:1",
        special_tokens=[(START, vocabulary.index(START)), (END, vocabulary.index(END))],
    )
    tokenizer.add_special_tokens([PAD, UNKNOWN, START, END])
    tokenizer.enable_truncation(context_length)
    tokenizer.enable_padding(length=context_length, pad_id=0, pad_token=PAD)
    return tokenizer


def _normalizer() -> BertNormalizer:
    return BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=True, lowercase=True
    )


def _vocabulary(counts: Counter[str], *, pieces: int, rarest: int) -> list[str]:
    """Return all tokens by number: marks, letters, words by frequency, pieces, the end mark."""
    learner = Tokenizer(WordPiece(unk_token=UNKNOWN))
    learner.pre_tokenizer = BertPreTokenizer()
    trainer = WordPieceTrainer(
        vocab_size=pieces, min_frequency=2, show_progress=False, continuing_subword_prefix="##"
    )
    # Every word once: pieces should spell unseen words, which frequencies say nothing about.
    learner.train_from_iterator(sorted(counts), trainer)
    words = [
        word
        for word, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        if n >= rarest
    ]
    tokens = [PAD, UNKNOWN, START]
    tokens += list(ALPHABET) + [f"##{letter}" for letter in ALPHABET]
    tokens += words + sorted(learner.get_vocab())
    return [*dict.fromkeys(tokens), END]


def save_tokenizer(
    tokenizer: Tokenizer, folder: Path, *, context_length: int, seen: Sequence[str]
) -> None:
    """Write the tokenizer as transformers and open_clip expect it.

    Args:
        tokenizer: as `build_tokenizer` made it.
        folder: where tokenizer.json, tokenizer_config.json, special_tokens_map.json, vocab.txt
            and words.txt are written.
        context_length: tokens in a row.
        seen: the words of the training captions; the window names any other word to the user.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    marks = {"pad_token": PAD, "unk_token": UNKNOWN, "cls_token": START, "sep_token": END}
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": context_length,
        "do_lower_case": True,
        "clean_up_tokenization_spaces": False,
        "padding_side": "right",
        "truncation_side": "right",
        **marks,
    }
    _write_json(folder / "tokenizer_config.json", settings)
    _write_json(folder / "special_tokens_map.json", marks)
    by_number = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    _write_lines(folder / "vocab.txt", [token for token, _ in by_number])
    _write_lines(folder / "words.txt", sorted(set(seen)))


def end_number(tokenizer: Tokenizer) -> int:
    """Return the number of the end mark, whose place holds a text's embedding."""
    number = tokenizer.token_to_id(END)
    if number is None:
        raise ValueError("the tokenizer has no end mark")
    return int(number)


def _write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _write_lines(file: Path, lines: Sequence[str]) -> None:
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
