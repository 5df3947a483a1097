"""Names of groups out of the phrase bank."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from vlm_explorer import paths
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.queries import group_names
from vlm_explorer.queries.group_names import name_by_phrases, phrase_bank, phrase_vectors


def test_that_the_bank_holds_each_phrase_once_in_plain_words() -> None:
    tables = tomllib.loads((paths.resources() / "phrases.toml").read_text(encoding="utf-8"))
    every = [phrase for table in tables.values() for phrase in table["phrases"]]
    assert len(phrase_bank()) == len(set(every)) == len(every) > 200
    assert all(phrase == phrase.strip() and 2 < len(phrase) < 50 for phrase in every)


def test_that_groups_get_the_phrases_that_they_prefer(encoder: Encoder) -> None:
    kinds = encoder.encode_texts(["thyroid ultrasound", "fundus photograph"])
    images = 0.02 * np.random.default_rng(0).normal(size=(40, encoder.dimension))
    images += np.repeat(kinds, 20, axis=0)
    images = (images / np.linalg.norm(images, axis=1, keepdims=True)).astype(np.float32)
    groups = [np.arange(20), np.arange(20, 40)]
    cosines = images @ encoder.encode_texts(phrase_bank()).T
    apart = cosines[:20].mean(axis=0) - cosines[20:].mean(axis=0)
    expected = [phrase_bank()[apart.argmax()], phrase_bank()[apart.argmin()]]
    found = name_by_phrases(images, groups, encoder)
    assert [name and name[0] for name in found] == expected
    assert all(name is not None and name[1].preference > 0 for name in found)


def test_that_the_phrases_are_encoded_once_for_each_encoder(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path))
    first = phrase_vectors(encoder)
    np.testing.assert_array_equal(first, encoder.encode_texts(phrase_bank()))
    monkeypatch.setattr(type(encoder), "encode_texts", None)
    np.testing.assert_array_equal(phrase_vectors(encoder), first)


def test_that_a_cut_off_cache_is_made_again(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path))
    first = phrase_vectors(encoder)
    (file,) = (paths.cache_folder() / "phrases").glob("*.npy")
    file.write_bytes(file.read_bytes()[:500])
    np.testing.assert_array_equal(phrase_vectors(encoder), first)
    np.testing.assert_array_equal(np.load(file), first)


def test_that_a_cache_that_cannot_be_written_is_no_error(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path))
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setattr(group_names.paths, "cache_folder", lambda: blocked)
    assert len(phrase_vectors(encoder)) == len(phrase_bank())
