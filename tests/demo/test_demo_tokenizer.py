"""The bundled encoder's tokenizer: spells what it does not know, and means the same everywhere."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

import open_clip
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from vlm_explorer.demo.tokenizer import (
    ALPHABET,
    END,
    UNKNOWN,
    build_tokenizer,
    end_number,
    save_tokenizer,
    words_of,
)

CONTEXT = 24
TEXTS = [
    "Chest radiograph with a left pleural effusion.",
    "T2-weighted MRI of the brain: no haemorrhage",
    "Normal mammogram, right breast",
] * 3 + ["Cardiomegaly and pulmonary nodules", "pulmonary oedema of the heart"]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return small_tokenizer()


@lru_cache
def small_tokenizer() -> Tokenizer:
    return build_tokenizer(TEXTS, context_length=CONTEXT, pieces=250)


@lru_cache
def uncut_tokenizer() -> Tokenizer:
    tokenizer = build_tokenizer(TEXTS, context_length=CONTEXT, pieces=250)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@pytest.fixture(scope="module")
def folder(tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    seen = [word for text in TEXTS for word in words_of(text)]
    save_tokenizer(tokenizer, folder, context_length=CONTEXT, seen=seen)
    text = {"context_length": CONTEXT, "hf_tokenizer_name": "own"}
    config = {"model_cfg": {"text_cfg": text}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    return folder


def test_that_frequent_words_are_one_token_and_others_are_spelled(tokenizer: Tokenizer) -> None:
    tokens = tokenizer.encode("Left PLEURAL xylophones").tokens
    assert tokens[1:3] == ["left", "pleural"]
    spelled = tokens[3 : tokens.index(END)]
    assert len(spelled) > 1
    assert "".join(token.removeprefix("##") for token in spelled) == "xylophones"


@given(st.text(alphabet=ALPHABET + " ABCÉü", min_size=1, max_size=200))
def test_that_nothing_in_the_alphabet_is_unknown(text: str) -> None:
    assert UNKNOWN not in uncut_tokenizer().encode(text).tokens


@given(st.text(min_size=1, max_size=60), st.sampled_from(["effusion", "xqzzw", "a" * 300]))
def test_that_a_strange_character_never_hides_the_words_beside_it(strange: str, word: str) -> None:
    tokenizer = uncut_tokenizer()
    apart = tokenizer.encode(f"{word} \u4e2d", add_special_tokens=False).tokens
    assert apart[-1] == UNKNOWN
    assert UNKNOWN not in apart[:-1]
    told = tokenizer.encode(f"{strange} {word}", add_special_tokens=False).tokens
    assert told[-len(apart[:-1]) :] == apart[:-1]


def test_that_the_end_mark_has_the_highest_number_and_is_kept_when_cut(
    tokenizer: Tokenizer,
) -> None:
    assert end_number(tokenizer) == tokenizer.get_vocab_size() - 1
    ids = tokenizer.encode("word " * 100).ids
    assert len(ids) == CONTEXT
    assert ids[-1] == end_number(tokenizer)


@pytest.mark.parametrize(
    "text",
    [
        "Left pleural effusion",
        "",
        "x-ray, T2 (FLAIR) 3.5 cm",
        "Überblick 中文 \U0001f600",
        "w " * 90,
    ],
)
def test_that_open_clip_and_tokenizers_read_the_same_numbers(folder: Path, text: str) -> None:
    through_open_clip = open_clip.get_tokenizer(f"local-dir:{folder}")([text])
    alone = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text.strip())
    assert through_open_clip.shape == (1, CONTEXT)
    assert through_open_clip[0].tolist() == alone.ids


def test_that_vocabulary_and_seen_words_are_written_in_order(
    folder: Path, tokenizer: Tokenizer
) -> None:
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    assert {token: number for number, token in enumerate(lines)} == tokenizer.get_vocab()
    seen = (folder / "words.txt").read_text(encoding="utf-8").splitlines()
    assert seen == sorted(set(seen))
    assert {"t2", "pleural", "heart"} <= set(seen)
