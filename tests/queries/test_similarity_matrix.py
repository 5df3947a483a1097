"""The matrix of images and texts, held against numpy and the vectors of the collection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from shell_collection import IMAGES, FakeEncoder, build_collection, image_id

from vlm_explorer.analysis.infonce import info_nce
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.label_set import Label
from vlm_explorer.queries.similarity_matrix import MatrixRequest, similarity_matrix
from vlm_explorer.queries.text_memory import TextMemory


@pytest.fixture
def small(tmp_path: Path) -> Collection:
    return Collection(build_collection(tmp_path / "small.vlmx"))


def ids(count: int) -> tuple[str, ...]:
    return tuple(image_id(number) for number in range(count))


def test_that_cosines_are_those_of_the_collection_s_own_vectors(small: Collection) -> None:
    answer = similarity_matrix(small, MatrixRequest(ids(10)))
    assert answer.image_ids == ids(10)
    assert answer.logit_scale == 20
    texts = small.texts.to_pylist()
    stored = dict(zip([row["text"] for row in texts], small.text_vectors("fake"), strict=True))
    vectors = np.stack([stored[text.text] for text in answer.texts])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    images = small.vectors("fake")[:10]
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    np.testing.assert_allclose(answer.cosine, images @ vectors.T, atol=1e-6)
    caption = {row["image_id"]: row["text"] for row in texts}
    assert [answer.texts[text].text for _, text in answer.pairs] == [
        caption[answer.image_ids[image]] for image, _ in answer.pairs
    ]
    assert answer.pair_cosine.shape == (10, 10)
    assert info_nce(answer.pair_cosine, 0.05).pairs == 10
    # equal captions are one text, and the images that share one are counted
    distinct = [caption[key] for key in ids(10)]
    assert len(answer.texts) == len(set(distinct))
    assert answer.shared_captions == sum(distinct.count(each) > 1 for each in distinct)


def test_that_labels_pins_and_typed_texts_stand_behind_the_captions(small: Collection) -> None:
    encoder = FakeEncoder()
    request = MatrixRequest(
        ids(IMAGES), labels=("effusion", "nodule"), templates="biomedclip-image",
        pinned=("left effusion", "left effusion"), typed=("head",),
    )  # fmt: skip
    answer = similarity_matrix(small, request, TextMemory(encoder))
    assert [(text.text, text.kind) for text in answer.texts[-4:]] == [
        ("effusion", "label"), ("nodule", "label"), ("left effusion", "pinned"), ("head", "typed")
    ]  # fmt: skip
    two = encoder.encode_texts(["this is an image of nodule", "nodule presented in image"])
    mean = two.mean(axis=0)
    np.testing.assert_allclose(answer.vectors[-3], mean / np.linalg.norm(mean), atol=1e-6)
    np.testing.assert_allclose(answer.vectors[-1], encoder.encode_texts(["head"])[0], atol=1e-6)
    own = Label("mass", positive=("nodule", "left nodule", "head nodule"))
    answer = similarity_matrix(
        small, MatrixRequest(ids(2), False, (own, "head")), TextMemory(encoder)
    )
    mean = encoder.encode_texts(own.positive).mean(axis=0)
    np.testing.assert_allclose(answer.vectors[0], mean / np.linalg.norm(mean), atol=1e-6)
    assert [text.text for text in answer.texts] == ["mass", "head"]
    with pytest.raises(UsageError, match="need the encoder"):
        similarity_matrix(small, request)


def test_that_two_hundred_images_are_looked_at_and_the_rest_is_said(tmp_path: Path) -> None:
    large = Collection(build_collection(tmp_path / "large.vlmx", images=230))
    answer = similarity_matrix(large, MatrixRequest((*ids(230)[::-1], "unknown")))
    assert answer.image_ids == ids(200)
    assert answer.with_vector == 230
    assert sorted(answer.image_order) == list(range(200))
    assert sorted(answer.text_order) == list(range(len(answer.texts)))


def test_that_a_text_is_read_once_by_one_encoder() -> None:
    class Counting(FakeEncoder):
        read = 0

        def encode_texts(self, texts, *, context=None):
            self.read += len(texts)
            return super().encode_texts(texts)

    memory = TextMemory(Counting())
    first = memory.vectors(["a", "b", "a"])
    again = memory.vectors(["b", "c"])
    assert memory.encoder.read == 3
    np.testing.assert_array_equal(first[1], again[0])
    np.testing.assert_array_equal(first[0], first[2])
    assert memory.vectors([]).shape == (0, 16)
