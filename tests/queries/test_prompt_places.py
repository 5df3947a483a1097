"""Texts placed on the map of a real collection."""

from __future__ import annotations

import numpy as np
import pytest

from vlm_explorer.analysis.placing import place_among_all
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.queries.layout import LayoutRequest, layout
from vlm_explorer.queries.placing import texts_of_map
from vlm_explorer.queries.search import SearchRequest, search


@pytest.mark.parametrize("space", ["raw", "centred"])
def test_that_the_words_of_a_caption_are_nearest_to_that_caption(
    collection: Collection, encoder: Encoder, space: str
) -> None:
    answer = layout(collection, LayoutRequest(method="pca", space=space))
    texts = texts_of_map(collection, answer)
    assert texts is not None
    assert texts.centred is (space == "centred")
    np.testing.assert_array_equal(texts.xy, answer.text_xy)
    found = search(collection, encoder, SearchRequest((answer.texts[0],)))
    place = place_among_all(found.vector, found.cosine, answer.xy, texts)
    assert place is not None
    assert place.among_texts >= 1
    assert np.argmax(texts.vectors.astype(np.float32) @ found.vector) == 0


def test_that_a_search_says_with_which_vector_it_looked(
    collection: Collection, encoder: Encoder
) -> None:
    found = search(collection, encoder, SearchRequest(("left pleural effusion",)))
    expected = encoder.encode_texts(["left pleural effusion"])[0]
    np.testing.assert_allclose(found.vector, expected, atol=1e-6)


def test_that_maps_of_images_alone_have_no_texts_to_be_placed_among(
    collection: Collection,
) -> None:
    answer = layout(collection, LayoutRequest(method="pca", space="images"))
    assert texts_of_map(collection, answer) is None
