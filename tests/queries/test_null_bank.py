from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from vlm_explorer.analysis.null_scores import MATCH, null_scores
from vlm_explorer.analysis.similarity import unit
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.queries import null_bank
from vlm_explorer.queries.expression import Term
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


def test_that_comparing_an_answer_keeps_the_order_that_was_found(
    own: Collection, encoder: Encoder
) -> None:
    plain = search(own, encoder, SearchRequest(texts=("pleural effusion",), k=3))
    order = plain.order
    found = plain.compared(null_scores_of(own, encoder))
    assert found.order is order
    fresh = search(own, encoder, SearchRequest(texts=("pleural effusion",), k=3))
    assert fresh.compared(null_scores_of(own, encoder)).order.tolist() == order.tolist()


class ConeEncoder:
    """An encoder whose texts lie close together and far from images, as those of CLIP do."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.id, self.fingerprint = encoder.id, "cone"

    def encode_texts(self, texts: Sequence[str], **_: object) -> np.ndarray:
        """Return unit rows of texts, whose cosine with each other is about 0.95."""
        found = self._encoder.encode_texts(texts)
        axis = np.full(found.shape[1], found.shape[1] ** -0.5, np.float32)
        return unit(axis + 0.2 * found)


def test_that_nonsense_less_nonsense_is_no_match(own: Collection, encoder: Encoder) -> None:
    texts, cone = null_texts(), cast(Encoder, ConeEncoder(encoder))
    together, alone = [], []
    for first in range(20):
        request = SearchRequest(texts=(texts[first],), not_texts=(texts[-1 - 7 * first],), k=1)
        found = search(own, cone, request)
        assert found.weights == (1.0, -1.0)
        together.append(found.compared(null_scores_of(own, cone, found.weights)).best_z)
        alone.append(found.compared(null_scores_of(own, cone)).best_z)
    assert max(np.abs(together)) < MATCH
    assert np.mean(np.abs(alone)) > MATCH, "what each scores alone is no scale for differences"


def test_that_what_is_only_not_wanted_is_compared_with_prompts_that_are_not_wanted(
    own: Collection, encoder: Encoder
) -> None:
    unwanted = Term("pleural effusion", -1.0, "text")
    found = search(own, encoder, SearchRequest(more=(unwanted,), k=1))
    assert found.weights == (-1.0,)
    assert not found.of_one_text
    scored = -own.vectors().astype(np.float64) @ encoder.encode_texts(null_texts()).T
    best = scored.max(axis=0)
    z = (found.hits[0].cosine - best.mean()) / best.std(ddof=1)
    compared = found.compared(null_scores_of(own, encoder, found.weights))
    assert compared.best_z == pytest.approx(z, abs=1e-3)


def test_that_unrelated_prompts_are_put_together_as_those_of_the_query(
    own: Collection, encoder: Encoder
) -> None:
    nulls = encoder.encode_texts(null_texts()).astype(np.float64)
    count = len(nulls)
    sums = [2 * nulls[j] - nulls[(j - count // 2) % count] for j in range(count)]
    scored = own.vectors() @ np.stack([each / np.linalg.norm(each) for each in sums]).T
    best = -np.sort(-scored, axis=0)
    found = null_scores_of(own, encoder, (-0.5, 1.0))
    assert found is not None
    np.testing.assert_allclose(found.rank_mean, best.mean(axis=1), atol=1e-5)
    np.testing.assert_allclose(found.rank_sd, best.std(axis=1, ddof=1), atol=1e-5)
    assert null_scores_of(own, encoder, (2.0, -1.0)) is found, "only the shares count"


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
