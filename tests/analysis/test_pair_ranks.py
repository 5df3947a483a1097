from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.analysis import pair_ranks
from vlm_explorer.analysis.pair_ranks import rank_pairs
from vlm_explorer.analysis.similarity import unit


def rows(count: int, seed: int) -> np.ndarray:
    return unit(np.random.default_rng(seed).standard_normal((count, 8)))


def by_hand(
    images: np.ndarray, texts: np.ndarray, pairs: np.ndarray
) -> list[tuple[int, int, int, int]]:
    cosine = images.astype(np.float64) @ texts.T.astype(np.float64)
    true = {(int(image), int(text)) for image, text in pairs}
    ranks = []
    for image, text in pairs:
        rival_texts = [t for t in range(len(texts)) if (image, t) not in true]
        rival_images = [i for i in range(len(images)) if (i, text) not in true]
        own = cosine[image, text]
        ranks.append(
            (
                1 + sum(cosine[image, t] > own + 1e-6 for t in rival_texts),
                len(rival_texts),
                1 + sum(cosine[i, text] > own + 1e-6 for i in rival_images),
                len(rival_images),
            )
        )
    return ranks


@given(
    images=st.integers(1, 30),
    texts=st.integers(1, 20),
    seed=st.integers(0, 999),
    cells=st.sampled_from([40, 1 << 22]),
)
def test_that_ranks_are_those_counted_by_hand(
    images: int, texts: int, seed: int, cells: int
) -> None:
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, [images, texts], (25, 2))
    pairs = np.unique(drawn, axis=0)
    rng.shuffle(pairs)
    one, other = rows(images, seed), rows(texts, seed + 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_ranks, "_CELLS_AT_ONCE", cells)
        found = rank_pairs(one, other, pairs)
    columns = found.text_rank, found.text_rivals, found.image_rank, found.image_rivals
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == by_hand(
        one, other, pairs
    )
    np.testing.assert_allclose(found.cosine, (one @ other.T)[tuple(pairs.T)], atol=1e-6)


def test_that_pairs_that_belong_together_come_first_and_others_anywhere() -> None:
    images = rows(400, 1)
    pairs = np.stack([np.arange(400)] * 2, axis=1)
    assert rank_pairs(images, images, pairs).share_before.max() == 0
    shuffled = np.stack([np.arange(400), np.random.default_rng(2).permutation(400)], axis=1)
    share = rank_pairs(images, images, shuffled).share_before
    assert share.mean() == pytest.approx(0.5, abs=0.05)
    assert share.min() >= 0
    assert share.max() <= 1


def test_that_equal_vectors_do_not_come_before_each_other() -> None:
    images = np.repeat(rows(1, 0), 3, axis=0)
    ranks = rank_pairs(images, images, np.array([[0, 0], [1, 1], [2, 2]]))
    assert ranks.text_rank.tolist() == ranks.image_rank.tolist() == [1, 1, 1]
