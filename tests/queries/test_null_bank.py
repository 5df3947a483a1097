from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from vlm_explorer.analysis.null_scores import MATCH, null_scores
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.queries import null_bank
from vlm_explorer.queries.null_bank import null_percentiles, null_scores_of, null_texts
from vlm_explorer.queries.search import SearchRequest, search


@pytest.fixture
def own(indexed: Path, tmp_path: Path) -> Collection:
    return Collection(Path(shutil.copytree(indexed, tmp_path / "own.vlmx")))


def test_that_a_hits_z_compares_it_with_unrelated_prompts_of_the_same_rank(
    own: Collection, encoder: Encoder
) -> None:
    nulls = null_scores_of(own, encoder)
    assert nulls is not None
    assert nulls.prompts == len(null_texts()) >= 200
    plain = search(own, encoder, SearchRequest(texts=("pleural effusion",), k=3))
    assert [hit.z for hit in plain.hits] == [None] * 3
    assert plain.matches is None
    found = plain.compared(nulls)
    cosine = own.vectors().astype(np.float64) @ encoder.encode_texts(null_texts()).T
    ranked = -np.sort(-cosine, axis=0)[:3]
    expected = [hit.score for hit in found.hits] - ranked.mean(axis=1)
    expected /= ranked.std(axis=1, ddof=1)
    np.testing.assert_allclose([hit.z for hit in found.hits], expected, atol=1e-3)
    assert found.matches == (expected[0] >= MATCH)


def test_that_the_bank_is_computed_once_for_the_vectors_as_they_are(
    own: Collection, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = null_scores_of(own, encoder)
    assert null_scores_of(own, encoder) is first
    monkeypatch.setattr(null_bank, "null_scores", None)  # would fail if it were called
    again = null_scores_of(Collection(own.folder), encoder)
    assert first is not None
    assert again is not None
    np.testing.assert_array_equal(again.rank_mean, first.rank_mean)
    np.testing.assert_array_equal(again.image_sd, first.image_sd)


def test_that_a_damaged_bank_is_computed_anew(own: Collection, encoder: Encoder) -> None:
    first = null_scores_of(own, encoder)
    for file in (own.folder / "nulls").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    again = null_scores_of(Collection(own.folder), encoder)
    assert first is not None
    assert again is not None
    np.testing.assert_allclose(again.rank_mean, first.rank_mean, atol=1e-6)


def test_that_percentiles_are_shares_of_unrelated_prompts(
    own: Collection, encoder: Encoder
) -> None:
    words = encoder.encode_texts(["pleural effusion", "normal chest"])
    cosine = own.vectors() @ words.T
    found = null_percentiles(own, encoder, cosine)
    others = own.vectors() @ encoder.encode_texts(null_texts()).T
    expected = (others[:, None, :] < cosine[:, :, None]).mean(axis=2)
    np.testing.assert_allclose(found, expected, atol=1 / len(null_texts()))


def test_that_the_scores_of_the_bank_do_not_depend_on_being_kept(
    own: Collection, encoder: Encoder
) -> None:
    kept = null_scores_of(own, encoder)
    fresh = null_scores(own.vector_rows().halves, encoder.encode_texts(null_texts()))
    assert kept is not None
    np.testing.assert_allclose(kept.rank_mean, fresh.rank_mean, atol=1e-6)
