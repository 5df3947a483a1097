from __future__ import annotations

import numpy as np
import pytest

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.search import SearchRequest, search


def test_that_images_are_ranked_by_their_cosine_to_the_text(
    collection: Collection, encoder: Encoder
) -> None:
    answer = search(collection, encoder, SearchRequest(texts=("pleural effusion",), k=4))
    cosine = collection.vectors() @ encoder.encode_texts(["pleural effusion"])[0]
    np.testing.assert_allclose(answer.cosine, cosine, atol=1e-6)
    order = np.argsort(-cosine, kind="stable")[:4]
    ids = collection.images["image_id"].to_pylist()
    assert [hit.image_id for hit in answer.hits] == [ids[row] for row in order]
    assert [hit.rank for hit in answer.hits] == [1, 2, 3, 4]
    np.testing.assert_allclose([hit.cosine for hit in answer.hits], cosine[order], atol=1e-6)


def test_that_an_image_finds_itself_first_by_id_and_by_file(
    collection: Collection, encoder: Encoder
) -> None:
    row = collection.images.to_pylist()[0]
    for name in (row["image_id"], row["file"]):
        best = search(collection, encoder, SearchRequest(images=(name,))).hits[0]
        assert best.image_id == row["image_id"]
        assert best.cosine == pytest.approx(1, abs=2e-3)


def test_that_unwanted_texts_count_against_an_image(
    collection: Collection, encoder: Encoder
) -> None:
    request = SearchRequest(texts=("lung",), not_texts=("fracture",), k=1)
    answer = search(collection, encoder, request)
    one, other = encoder.encode_texts(["lung", "fracture"])
    query = (one - other) / np.linalg.norm(one - other)
    np.testing.assert_allclose(answer.cosine, collection.vectors() @ query, atol=1e-5)
    assert answer.query == "“lung” - “fracture”"


def test_that_more_hits_than_images_are_not_made_up(
    collection: Collection, encoder: Encoder
) -> None:
    answer = search(collection, encoder, SearchRequest(texts=("x",), k=1000))
    assert len(answer.hits) == collection.images.num_rows


@pytest.mark.parametrize(
    "request_",
    [
        SearchRequest(),
        SearchRequest(texts=("  ",)),
        SearchRequest(images=("/no/such/file",)),
        SearchRequest(texts=("a",), k=0),
        SearchRequest(texts=("a",), not_texts=("a",)),
    ],
)
def test_that_a_request_without_sense_is_refused_in_words(
    collection: Collection, encoder: Encoder, request_: SearchRequest
) -> None:
    with pytest.raises(UsageError) as caught:
        search(collection, encoder, request_)
    assert caught.value.text.endswith(".")
