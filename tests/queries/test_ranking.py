from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.analysis.aggregation import group_scores
from vlm_explorer.analysis.diversity import diverse_order
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.queries import hub_bank as module
from vlm_explorer.queries.hub_bank import hub_bank, hubs_of
from vlm_explorer.queries.null_bank import null_scores_of, null_texts
from vlm_explorer.queries.ranking_choice import RankingChoice
from vlm_explorer.queries.search import SearchRequest, search
from vlm_explorer.queries.search_answer import SearchAnswer

TEXT = "pleural effusion"


@pytest.fixture
def own(indexed: Path, tmp_path: Path) -> Collection:
    return Collection(Path(shutil.copytree(indexed, tmp_path / "own.vlmx")))


def ask(collection: Collection, encoder: Encoder, k: int = 5, **choice: object) -> SearchAnswer:
    ranking = RankingChoice(**choice)  # type: ignore[arg-type]
    return search(collection, encoder, SearchRequest((TEXT,), k=k, ranking=ranking))


def plain_cosine(collection: Collection, encoder: Encoder) -> np.ndarray:
    query = encoder.encode_texts([TEXT])[0].astype(np.float64)
    return collection.vectors().astype(np.float64) @ query


@given(
    st.lists(st.tuples(st.integers(0, 5), st.floats(-1, 1)), min_size=1, max_size=40),
    st.sampled_from([1, 2, 3, None]),
)
def test_that_groups_are_scored_by_their_best_images(
    rows: list[tuple[int, float]], top: int | None
) -> None:
    _, codes = np.unique([code for code, _ in rows], return_inverse=True)
    scores = np.array([score for _, score in rows])
    found = group_scores(scores, codes, top)
    for code in range(codes.max() + 1):
        best = sorted(scores[codes == code], reverse=True)[:top]
        assert found.score[code] == pytest.approx(np.mean(best), abs=1e-12)
        shown = found.best_images(scores)[code]
        assert codes[shown] == code
        assert scores[shown] == best[0]
    assert (np.diff(found.score[found.order]) <= 0).all()
    ordered = found.images(scores)
    assert sorted(ordered.tolist()) == list(range(len(rows)))
    changes = np.flatnonzero(np.diff(codes[ordered])) + 1
    assert len(changes) == codes.max()  # each group in one piece


@pytest.mark.parametrize(("reduce", "top"), [("max", 1), ("mean", None), ("top-k-mean", 2)])
@pytest.mark.parametrize("per", ["series", "study", "patient"])
def test_that_a_hit_per_group_scores_what_its_images_make(
    collection: Collection, encoder: Encoder, per: str, reduce: str, top: int | None
) -> None:
    found = ask(collection, encoder, 99, per=per, reduce=reduce, top=2)
    cosine = plain_cosine(collection, encoder)
    groups: dict[str, list[float]] = {}
    rows = collection.images.to_pylist()
    for row, score in zip(rows, cosine, strict=True):
        plain = row["stack"] == "plain" or not row["series"]
        own = f"file {row['file']}" if plain else row["series"]
        groups.setdefault((row[per] if per != "series" else "") or own, []).append(score)
    expected = sorted(
        (np.mean(sorted(scores, reverse=True)[:top]) for scores in groups.values()), reverse=True
    )
    assert len(found.hits) == len(groups) < len(rows)
    np.testing.assert_allclose([hit.score for hit in found.hits], expected, atol=1e-6)
    assert sum(hit.count for hit in found.hits) == len(rows)
    for hit in found.hits:
        assert hit.cosine == pytest.approx(cosine[collection.row_of[hit.image_id]], abs=1e-6)
        assert hit.z is None
    assert sorted(found.order.tolist()) == list(range(len(rows)))


@pytest.mark.parametrize("rank_by", ["csls", "inverted-softmax"])
def test_that_a_ranking_without_hubs_is_numpys_and_says_what_it_changed(
    own: Collection, encoder: Encoder, rank_by: str
) -> None:
    found = ask(own, encoder, 6, rank_by=rank_by)
    cosine = plain_cosine(own, encoder)
    bank = own.vectors().astype(np.float64) @ hub_bank(own, encoder)[0].T
    if rank_by == "csls":
        score = 2 * cosine - np.sort(bank, axis=1)[:, -10:].mean(axis=1)
    else:
        scaled = encoder.logit_scale * np.concatenate([bank, cosine[:, None]], axis=1)
        score = scaled[:, -1] - np.log(np.exp(scaled).sum(axis=1))
    order, plain = np.argsort(-score)[:6], np.argsort(-cosine)[:6]
    ids = own.images["image_id"].to_pylist()
    assert [hit.image_id for hit in found.hits] == [ids[row] for row in order]
    np.testing.assert_allclose([hit.score for hit in found.hits], score[order], atol=1e-4)
    np.testing.assert_allclose([hit.cosine for hit in found.hits], cosine[order], atol=1e-6)
    assert found.changed is not None
    assert set(found.changed.new) == {ids[row] for row in order if row not in plain}
    assert set(found.changed.fell) == {ids[row] for row in plain if row not in order}


def test_that_the_bank_holds_unrelated_prompts_and_each_caption_once(
    own: Collection, encoder: Encoder
) -> None:
    captions = {row["text"] for row in own.texts.to_pylist() if row["kind"] == "caption"}
    assert captions
    assert len(hub_bank(own, encoder)[0]) == len(null_texts()) + len(captions)
    first = hubs_of(own, encoder)
    again = hubs_of(Collection(own.folder), encoder)  # from disk
    np.testing.assert_array_equal(again.log_sum, first.log_sum)
    assert again.over == first.over
    assert len(list((own.folder / "nulls").glob("hubs-*.npz"))) == 1


@pytest.mark.parametrize("rank_by", ["csls", "inverted-softmax"])
def test_that_an_order_without_hubs_says_what_they_were_counted_over(
    own: Collection, encoder: Encoder, monkeypatch: pytest.MonkeyPatch, rank_by: str
) -> None:
    captions = {row["text"] for row in own.texts.to_pylist() if row["kind"] == "caption"}
    monkeypatch.setattr(module, "MOST_CAPTIONS", 2)
    assert len(captions) > 2
    vectors, over = hub_bank(own, encoder)
    assert len(vectors) == over.prompts + over.captions == len(null_texts()) + 2
    assert (over.all_captions, over.images) == (len(captions), own.images.num_rows)
    ranked = ask(own, encoder, rank_by=rank_by).ranked
    assert ranked is not None
    assert ranked.over == over
    assert f"hubs counted over 2 of {len(captions)} captions" in ranked.words[-1]
    assert ask(own, encoder, per="series").ranked.over is None  # type: ignore[union-attr]


def test_that_diverse_hits_trade_score_for_unlikeness(
    collection: Collection, encoder: Encoder
) -> None:
    found = ask(collection, encoder, 4, diversity=0.5)
    cosine = plain_cosine(collection, encoder)
    order = np.argsort(-cosine, kind="stable")
    share = (cosine[order] - cosine.min()) / np.ptp(cosine)
    expected = order[diverse_order(share, collection.vectors()[order], 4, 0.5)]
    assert found.rows.tolist() == expected.tolist()
    assert found.order[:4].tolist() == expected.tolist()
    assert found.changed is not None


def test_that_z_is_told_only_where_it_means_something(own: Collection, encoder: Encoder) -> None:
    nulls = null_scores_of(own, encoder)
    plain = ask(own, encoder).compared(nulls)
    grouped = ask(own, encoder, per="series").compared(nulls)
    assert plain.hits[0].z == pytest.approx(plain.best_z)
    assert [hit.z for hit in grouped.hits] == [None] * len(grouped.hits)
    assert grouped.matches == plain.matches is not None
    like = search(own, encoder, SearchRequest(images=(plain.hits[0].image_id,))).compared(nulls)
    assert like.matches is None
    assert like.hits[0].z is None


@pytest.mark.parametrize(
    "choice",
    [{"rank_by": "luck"}, {"per": "town"}, {"reduce": "min"}, {"diversity": 2.0}, {"top": 0}],
)
def test_that_an_unknown_choice_is_refused(
    collection: Collection, encoder: Encoder, choice: dict[str, object]
) -> None:
    with pytest.raises(UsageError):
        ask(collection, encoder, **choice)
