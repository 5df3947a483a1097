"""How often images and captions are among the nearest, against a plain count with numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shell_collection import FakeEncoder, build_collection

from vlm_explorer.analysis.hubs import find_hubs, occurrences
from vlm_explorer.analysis.similarity import unit
from vlm_explorer.collection.store import Collection
from vlm_explorer.queries.hub_bank import hub_bank, hubs_of
from vlm_explorer.queries.hub_counts import caption_hubs, image_hubs

IMAGES = 40


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return Collection(build_collection(tmp_path_factory.mktemp("hubs") / "small.vlmx", IMAGES))


def counted(cosine: np.ndarray, k: int) -> np.ndarray:
    """N_k of each column: of how many rows it is among the k highest."""
    nearest = np.argsort(-cosine, axis=1, kind="stable")[:, :k]
    return np.array([(nearest == column).sum() for column in range(cosine.shape[1])])


def test_that_images_are_counted_among_the_nearest_of_all_others(small: Collection) -> None:
    vectors = unit(small.vectors("fake"))
    cosine = vectors @ vectors.T
    np.fill_diagonal(cosine, -np.inf)
    for k in (1, 5, 10):
        found = image_hubs(small, "fake", k=k)
        np.testing.assert_array_equal(found.counts, counted(cosine, k))
        assert found.counts.sum() == k * IMAGES
        assert (found.k, found.queries, found.exact) == (k, IMAGES, True)


def test_that_captions_are_counted_once_however_many_images_have_them(small: Collection) -> None:
    texts = small.texts.to_pylist()
    distinct = list(dict.fromkeys(text["text"] for text in texts))
    assert len(distinct) < len(texts)
    place = {text["text"]: number for number, text in enumerate(texts)}
    captions = unit(small.text_vectors("fake")[[place[text] for text in distinct]])
    expected = dict(
        zip(distinct, counted(unit(small.vectors("fake")) @ captions.T, 2), strict=True)
    )
    found = caption_hubs(small, "fake", k=2)
    by_image = {text["image_id"]: expected[text["text"]] for text in texts}
    assert found.counts.tolist() == [by_image[key] for key in small.images["image_id"].to_pylist()]


def test_that_a_collection_of_one_image_has_no_hub(tmp_path: Path) -> None:
    alone = Collection(build_collection(tmp_path / "one.vlmx", 1))
    found = image_hubs(alone, "fake")
    assert np.isnan(found.counts).all()
    assert found.k == 0


def test_that_the_bank_says_how_many_it_asked(small: Collection) -> None:
    encoder = FakeEncoder()
    bank, over = hub_bank(small, encoder)
    found = hubs_of(small, encoder)
    assert found.asked == len(bank) == over.prompts + over.captions
    few = find_hubs(unit(small.vectors("fake"))[:4], bank, 1.0)
    assert few.asked == len(bank)
    assert few.counts.tolist() == [len(bank)] * 4


def test_that_a_point_that_nobody_finds_counts_nothing() -> None:
    assert occurrences(np.array([[0, 2], [2, 0]]), 4).tolist() == [2, 0, 2, 0]
