from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.layout import LayoutRequest, layout


def test_that_every_image_and_caption_has_its_place(collection: Collection) -> None:
    answer = layout(collection, LayoutRequest(method="pca"))
    assert answer.image_ids == tuple(collection.images["image_id"].to_pylist())
    assert answer.texts == tuple(collection.texts["text"].to_pylist())
    assert answer.xy.shape == (len(answer.image_ids), 2)
    assert answer.text_xy.shape == (len(answer.texts), 2)
    assert np.isfinite(answer.xy).all()
    difference = collection.vectors().mean(axis=0) - collection.text_vectors().mean(axis=0)
    assert answer.gap == pytest.approx(float(np.linalg.norm(difference)), abs=1e-5)


def test_that_prompts_come_after_the_captions(collection: Collection, encoder: Encoder) -> None:
    answer = layout(
        collection, LayoutRequest(method="pca", texts=("effusion", "normal")), encoder=encoder
    )
    assert answer.texts[-2:] == ("effusion", "normal")
    assert answer.text_ids[-2:] == ("", "")


def test_that_images_alone_have_no_texts_and_no_gap(collection: Collection) -> None:
    answer = layout(collection, LayoutRequest(method="pca", space="images"))
    assert (answer.texts, answer.gap) == ((), None)


def test_that_a_layout_is_kept_and_read_back(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = layout(collection, LayoutRequest(method="pca", seed=5))
    monkeypatch.setattr("vlm_explorer.queries.layout.project", None)
    again = layout(Collection(collection.folder), LayoutRequest(method="pca", seed=5))
    np.testing.assert_array_equal(first.xy, again.xy)
    assert (first.gap, first.trust) == (again.gap, again.trust)


def test_that_a_damaged_layout_is_made_again(collection: Collection) -> None:
    first = layout(collection, LayoutRequest(method="pca", seed=6))
    files = set((collection.folder / "layouts").iterdir())
    for file in files:
        Path(file).write_bytes(b"damaged")
    np.testing.assert_array_equal(
        first.xy, layout(collection, LayoutRequest(method="pca", seed=6)).xy
    )


@pytest.mark.parametrize(
    "request_",
    [
        LayoutRequest(perplexity=0.1),
        LayoutRequest(method="isomap"),
        LayoutRequest(space="other"),
        LayoutRequest(texts=("a",)),
    ],
)
def test_that_a_request_that_cannot_be_met_is_refused(
    collection: Collection, request_: LayoutRequest
) -> None:
    with pytest.raises(UsageError):
        layout(collection, request_)
