from __future__ import annotations

import shutil
from pathlib import Path

import lance
import numpy as np
import open_clip
import pytest

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.classify import ClassifyRequest, classify

LABELS = ("normal chest", "pleural effusion", "fracture")


def test_that_single_labels_equal_open_clips_zero_shot_classifier(
    collection: Collection, encoder: Encoder
) -> None:
    answer = classify(collection, encoder, ClassifyRequest(LABELS, "raw"))
    weights = open_clip.build_zero_shot_classifier(
        encoder.model,
        encoder.tokenizer if callable(encoder.tokenizer) else None,
        LABELS,
        [lambda label: label],
        device="cpu",
    )
    cosine = collection.vectors() @ weights.detach().numpy()
    np.testing.assert_allclose(answer.cosine, cosine, atol=1e-5)
    logits = np.exp(encoder.logit_scale * cosine.astype(np.float64))
    np.testing.assert_allclose(
        answer.probability, logits / logits.sum(axis=1, keepdims=True), atol=1e-4
    )
    assert answer.image_ids == tuple(collection.images["image_id"].to_pylist())


def test_that_several_labels_are_each_a_choice_of_its_own(
    collection: Collection, encoder: Encoder
) -> None:
    answer = classify(collection, encoder, ClassifyRequest(LABELS, task="multi"))
    alone = classify(collection, encoder, ClassifyRequest(LABELS[1:2], task="multi"))
    np.testing.assert_allclose(answer.probability[:, 1:2], alone.probability, atol=1e-5)


@pytest.mark.parametrize(
    "request_",
    [
        ClassifyRequest(()),
        ClassifyRequest(("a", "a")),
        ClassifyRequest(("a", " ")),
        ClassifyRequest(("a",), task="all"),
        ClassifyRequest(("a",), templates="none such"),
    ],
)
def test_that_a_request_without_sense_is_refused(
    collection: Collection, encoder: Encoder, request_: ClassifyRequest
) -> None:
    with pytest.raises(UsageError):
        classify(collection, encoder, request_)


def test_that_images_without_a_vector_have_no_scores_and_change_none(
    collection: Collection, encoder: Encoder, tmp_path: Path
) -> None:
    whole = classify(collection, encoder, ClassifyRequest(LABELS))
    place = tmp_path / "some.vlmx"
    shutil.copytree(collection.folder, place)
    table = place / "vectors" / f"{collection.encoder_entry().key}.images.lance"
    lance.dataset(str(table)).delete(f"image_id = '{whole.image_ids[1]}'")
    some = classify(Collection(place), encoder, ClassifyRequest(LABELS))
    assert np.flatnonzero(~some.known).tolist() == [1]
    assert some.best[1] == ""
    assert some.best[0] == LABELS[int(whole.probability[0].argmax())]
    np.testing.assert_allclose(some.cosine[some.known], np.delete(whole.cosine, 1, 0), atol=1e-6)


def test_that_logits_are_what_probabilities_are_made_of(
    collection: Collection, encoder: Encoder
) -> None:
    single = classify(collection, encoder, ClassifyRequest(LABELS, temperature=2.0))
    np.testing.assert_allclose(single.logit, encoder.logit_scale / 2 * single.cosine, rtol=1e-5)
    multi = classify(collection, encoder, ClassifyRequest(LABELS, task="multi"))
    np.testing.assert_allclose(1 / (1 + np.exp(-multi.logit)), multi.probability, atol=1e-6)
