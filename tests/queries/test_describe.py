"""Which texts describe an image, held against plain numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.classify import ClassifyRequest, classify
from vlm_explorer.queries.describe import DescribeAnswer, DescribeRequest, describe
from vlm_explorer.queries.describe_texts import Candidate, of_labels
from vlm_explorer.queries.expression import Term
from vlm_explorer.queries.label_set import LabelSet, as_labels
from vlm_explorer.queries.null_bank import null_texts, put_together

PROMPTS = ("pleural effusion", "fracture", "normal chest")


def ask(collection: Collection, encoder: Encoder, image: str, **asked: object) -> DescribeAnswer:
    return describe(collection, encoder, DescribeRequest(image, **asked))


def test_that_prompts_rank_by_cosine_with_z_against_unrelated_prompts(
    collection: Collection, encoder: Encoder
) -> None:
    row, image_id = 1, collection.images["image_id"][1].as_py()
    found = ask(collection, encoder, image_id, prompts=PROMPTS, stored=False)
    image = collection.vectors()[row].astype(np.float64)
    image /= np.linalg.norm(image)
    cosine = encoder.encode_texts(PROMPTS) @ image
    nulls = encoder.encode_texts(null_texts()) @ image
    order = np.argsort(-cosine)
    assert [each.text for each in found.texts] == [PROMPTS[place] for place in order]
    assert [each.rank for each in found.texts] == [1, 2, 3]
    np.testing.assert_allclose([each.cosine for each in found.texts], cosine[order], atol=1e-5)
    z = (cosine[order] - nulls.mean()) / nulls.std(ddof=1)
    np.testing.assert_allclose([each.z for each in found.texts], z, atol=1e-2)
    assert (found.ranked, found.nulls) == (3, len(null_texts()))


def test_that_an_image_knows_its_own_captions_by_its_id_and_by_its_file(
    collection: Collection, encoder: Encoder
) -> None:
    captions = collection.texts.filter(
        np.array([kind == "caption" for kind in collection.texts["kind"].to_pylist()])
    ).to_pylist()
    image_id = captions[0]["image_id"]
    own = {each["text"] for each in captions if each["image_id"] == image_id}
    files = dict(
        zip(*(collection.images[name].to_pylist() for name in ("image_id", "file")), strict=True)
    )
    for name in (image_id, files[image_id]):
        found = ask(collection, encoder, name, k=1000)
        assert {each.text for each in found.texts if each.own} == own
        assert found.ranked == len({each["text"] for each in captions}) == len(found.texts)


def test_that_a_text_given_twice_is_ranked_once_and_as_a_prompt(
    collection: Collection, encoder: Encoder
) -> None:
    image_id = collection.images["image_id"][0].as_py()
    caption = next(
        each["text"] for each in collection.texts.to_pylist() if each["kind"] == "caption"
    )
    found = ask(collection, encoder, image_id, prompts=(caption, f" {caption} "), k=1000)
    assert [each.kind for each in found.texts if each.text == caption] == ["prompt"]


def test_that_there_must_be_an_image_and_a_text(
    collection: Collection, encoder: Encoder, tmp_path: Path
) -> None:
    image_id = collection.images["image_id"][0].as_py()
    with pytest.raises(UsageError, match="no text"):
        ask(collection, encoder, image_id, prompts=(" ",), stored=False)
    with pytest.raises(UsageError, match="at least 1"):
        ask(collection, encoder, image_id, prompts=PROMPTS, k=0)
    with pytest.raises(UsageError, match="There is no file"):
        ask(collection, encoder, str(tmp_path / "none.dcm"), prompts=PROMPTS)


def test_that_a_query_of_several_texts_and_a_label_are_compared_by_their_own_vectors(
    collection: Collection, encoder: Encoder
) -> None:
    image_id = collection.images["image_id"][1].as_py()
    terms = Term("pleural effusion", 2.0, "text"), Term("fracture", -1.0, "text")
    templates = LabelSet("", "", as_labels(["effusion"]), "single", "clip-7")
    more = (
        Candidate("difference", "saved", terms=terms),
        *of_labels(templates),
        Candidate("effusion", "asked before"),
        Candidate("effusion", "pinned"),
    )
    found = ask(collection, encoder, image_id, stored=False, more=more)
    assert {(each.text, each.kind) for each in found.texts} == {
        ("difference", "saved"),
        ("effusion", "label"),
        ("effusion", "asked before"),
    }
    image = collection.vectors()[1].astype(np.float64)
    image /= np.linalg.norm(image)
    one, other = encoder.encode_texts(["pleural effusion", "fracture"]).astype(np.float64)
    whole = (2 * one - other) / np.linalg.norm(2 * one - other)
    by = {each.kind: each for each in found.texts}
    assert by["saved"].cosine == pytest.approx(float(whole @ image), abs=1e-5)
    labels = classify(collection, encoder, ClassifyRequest.of(templates))
    assert by["label"].cosine == pytest.approx(float(labels.cosine[1, 0]), abs=1e-3)
    nulls = put_together(encoder.encode_texts(null_texts()), (2.0, -1.0)) @ image
    z = (by["saved"].cosine - nulls.mean()) / nulls.std(ddof=1)
    assert by["saved"].z == pytest.approx(z, abs=2e-2)
