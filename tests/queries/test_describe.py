"""Which texts describe an image, held against plain numpy."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import vlm_explorer as vlm
from vlm_explorer.cli import main
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.classify import ClassifyRequest, classify
from vlm_explorer.queries.describe import DescribeAnswer, DescribeRequest, describe
from vlm_explorer.queries.describe_texts import Candidate, of_labels
from vlm_explorer.queries.expression import Term
from vlm_explorer.queries.label_set import LabelSet, as_labels
from vlm_explorer.queries.label_set_file import read_label_set
from vlm_explorer.queries.null_bank import null_texts, put_together
from vlm_explorer.queries.query_json import SAVED, WINDOW, json_of_term

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


SET = """\
name: two
task: multi
labels:
  - name: effusion
    positive: [pleural effusion, fluid in the pleural space]
    negative: [no effusion]
  - name: normal
"""


@pytest.fixture
def own(indexed: Path, tmp_path: Path) -> vlm.Collection:
    """A collection of its own with saved queries: of one text, of two, and with an image."""
    place = Path(shutil.copytree(indexed, tmp_path / "own.vlmx"))
    two = (Term("effusion", 2.0, "text"), Term("normal", -1.0, "text"))
    with_image = (Term("effusion", 1.0, "text"), Term("x" * 20 + "-0", 1.0, "image"))
    saved = {
        "fluid": {"terms": [json_of_term(Term("pleural fluid", 1.0, "text"))]},
        "weighed": {"terms": [json_of_term(term) for term in two]},
        "alike": {"terms": [json_of_term(term) for term in with_image]},
    }
    Collection(place).set_user_state(WINDOW, {SAVED: saved})
    return vlm.open_collection(place)


def test_that_saved_queries_and_label_sets_describe_by_command_as_by_hand(
    own: vlm.Collection,
    encoder: Encoder,
    model_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    labels = tmp_path / "two.yaml"
    labels.write_text(SET, encoding="utf-8")
    image_id = own.images["image_id"][2].as_py()
    image = own.vectors()[2].astype(np.float64)
    image /= np.linalg.norm(image)
    asked = ["describe", str(own.folder), image_id, "--model", str(model_folder), "--only-texts"]
    assert main([*asked, "--labels-set", str(labels), "--saved", "--json"]) == 0
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    texts = {each["text"]: each for each in found["texts"]}
    wanted, unwanted = encoder.encode_texts(["effusion", "normal"]).astype(np.float64)
    whole = 2 * wanted - unwanted
    expected = {
        "pleural fluid": encoder.encode_texts(["pleural fluid"])[0] @ image,
        "weighed: 2 × “effusion” − “normal”": whole @ image / np.linalg.norm(whole),
    }
    scored = classify(own, encoder, ClassifyRequest(read_label_set(labels)[0].labels, task="multi"))
    for place, name in enumerate(scored.labels):
        expected[name] = scored.cosine[2, place]
    assert set(texts) == set(expected)
    for name, cosine in expected.items():
        assert texts[name]["cosine"] == pytest.approx(cosine, abs=1e-4)
    assert texts["effusion"]["kind"] == "label"
    assert texts["pleural fluid"]["kind"] == "saved"
    assert found["left_out"] == ["alike"]
    assert "Not compared, because images take part in them: “alike”." in printed.err
    assert main([*asked, "--saved", "fluid"]) == 0
    assert "1 of 1 texts" in capsys.readouterr().out


def test_that_saved_queries_that_are_not_there_or_hold_images_are_refused(
    own: vlm.Collection, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(own), "encoder", lambda _self, _model=None: encoder)
    image_id = own.images["image_id"][0].as_py()
    for name, said in (("none", "“fluid”"), ("alike", "texts alone")):
        with pytest.raises(UsageError) as refused:
            own.describe(image_id, saved=[name], stored=False)
        assert said in f"{refused.value.text} {refused.value.hint}"
    found = own.describe(image_id, labels=["effusion"], saved=["weighed"], stored=False)
    assert {each.kind for each in found.texts} == {"label", "saved"}
