from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import lance
import numpy as np
import open_clip
import pytest
from scipy.special import softmax

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.classify import (
    NO_CALL,
    ClassifyAnswer,
    ClassifyRequest,
    against_nulls,
    classify,
)
from vlm_explorer.queries.label_set import Calibration, Label
from vlm_explorer.queries.null_bank import null_texts

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


@pytest.fixture
def with_bias(collection: Collection, encoder: Encoder) -> ClassifyAnswer:
    """The scores of a model that was trained by a sigmoid of each pair."""
    answer = classify(collection, encoder, ClassifyRequest(LABELS, "raw"))
    return replace(answer, scale=110.0, bias=-30.0)


def test_that_a_label_is_called_by_its_logit_where_all_probabilities_round_to_0(
    with_bias: ClassifyAnswer,
) -> None:
    cold = with_bias.weighed(0.01, None)
    assert not cold.probability.any()
    best = cold.cosine.argmax(axis=1)
    assert len(set(best.tolist())) > 1
    assert cold.called.tolist() == cold.best.tolist() == [LABELS[place] for place in best]
    doubtful = cold.with_margin(1.0)
    assert doubtful.no_calls == len(best)


@pytest.mark.parametrize("doubt", [False, True])
@pytest.mark.parametrize("task", ["single", "multi"])
def test_that_counts_are_those_of_the_calls(
    collection: Collection, encoder: Encoder, task: str, doubt: bool
) -> None:
    answer = classify(collection, encoder, ClassifyRequest(LABELS, task=task))
    if doubt:
        answer = answer.with_margin(float(np.median(answer.margin.max(axis=1))))
    rows = np.arange(0, len(answer.cosine), 2)
    calls = answer.calls[rows]
    counts, without = answer.counts(rows)
    assert counts.tolist() == np.count_nonzero(calls == 1, axis=0).tolist()
    if task == "single":
        assert without == np.count_nonzero(~calls.any(axis=1))
        assert bool(without) == doubt


def test_that_a_calibrated_choice_is_among_the_labels_whatever_the_model_was_trained_by(
    with_bias: ClassifyAnswer,
) -> None:
    assert with_bias.weighed(1.0, None).of_what == "each by itself"
    fitted = Calibration("tiny", "", "", 12, temperature=40.0)
    found = with_bias.weighed(1.0, fitted)
    expected = softmax(110 * with_bias.cosine.astype(float) / 40, axis=1)
    np.testing.assert_allclose(found.probability, expected, atol=1e-5)
    assert found.of_what == "among these 3 labels"


@pytest.mark.parametrize(
    "request_",
    [
        ClassifyRequest(()),
        ClassifyRequest(("a", "a")),
        ClassifyRequest(("a", " ")),
        ClassifyRequest(("a",), task="all"),
        ClassifyRequest(("a",), temperature=float("inf")),
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


def test_that_prompts_of_a_label_are_an_ensemble_of_their_own(
    collection: Collection, encoder: Encoder
) -> None:
    labels = (
        Label("effusion", ("fluid in the chest", "a pleural effusion")),
        Label("fracture", (), ("the bones are whole",), ("broken bone",)),
    )
    answer = classify(collection, encoder, ClassifyRequest(labels, "raw", "multi"))

    def ensemble(*texts: str) -> np.ndarray:
        mean = encoder.encode_texts(texts).mean(axis=0)
        return mean / np.linalg.norm(mean)

    vectors = collection.vectors().astype(float)
    present = [
        ensemble("fluid in the chest", "a pleural effusion"),
        ensemble("fracture", "broken bone"),
    ]
    absent = [ensemble("no effusion"), ensemble("the bones are whole")]
    yes, no = vectors @ np.array(present).T, vectors @ np.array(absent).T
    np.testing.assert_allclose(answer.cosine, yes, atol=1e-5)
    np.testing.assert_allclose(answer.margin, yes - no, atol=1e-5)
    share = 1 / (1 + np.exp(-encoder.logit_scale * (yes - no)))
    np.testing.assert_allclose(answer.probability, share, atol=1e-4)


def test_that_scores_below_the_margin_are_no_call(collection: Collection, encoder: Encoder) -> None:
    answer = classify(collection, encoder, ClassifyRequest(LABELS))
    first, second = -np.sort(-answer.cosine, axis=1)[:, :2].T
    np.testing.assert_allclose(answer.margin.max(axis=1), first - second, atol=1e-6)
    least = float(np.median(first - second))
    unsure = answer.with_margin(least)
    assert unsure.no_calls == np.count_nonzero(first - second < np.float32(least)) > 0
    assert (unsure.called == NO_CALL).sum() == unsure.no_calls
    assert answer.no_calls == 0
    assert answer.called.tolist() == answer.best.tolist()

    several = classify(collection, encoder, ClassifyRequest(LABELS, task="multi", margin=0.01))
    expected = np.where(np.abs(several.margin) < 0.01, 0, np.sign(several.margin))
    np.testing.assert_array_equal(several.calls, expected)
    assert several.no_calls == np.count_nonzero(expected == 0)


def test_that_a_temperature_flattens_and_moves_no_margin(
    collection: Collection, encoder: Encoder
) -> None:
    one = classify(collection, encoder, ClassifyRequest(LABELS))
    warm = classify(collection, encoder, ClassifyRequest(LABELS, temperature=3.0))
    logits = encoder.logit_scale / 3 * one.cosine.astype(float)
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(warm.probability, share, atol=1e-5)
    np.testing.assert_array_equal(warm.margin, one.margin)
    np.testing.assert_array_equal(one.weighed(3.0, None).probability, warm.probability)


@pytest.mark.parametrize("task", ["single", "multi"])
def test_that_a_calibration_counts_for_its_encoder_and_sentences_alone(
    collection: Collection, encoder: Encoder, task: str
) -> None:
    plain = classify(collection, encoder, ClassifyRequest(LABELS, task=task))
    curve = (LABELS[0], 0.5, -1.0)
    fitted = Calibration(encoder.id, encoder.fingerprint, plain.prompts, 40, 2.0, (curve,))
    request = ClassifyRequest(LABELS, task=task, calibrations=(fitted,))
    found = classify(collection, encoder, request)
    assert found.calibration == fitted
    if task == "single":
        np.testing.assert_allclose(found.logit, plain.logit / 2, rtol=1e-5)
    else:
        bent = 0.5 * plain.logit[:, 0] - 1
        np.testing.assert_allclose(found.logit[:, 0], bent, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(found.margin[:, 0], bent / encoder.logit_scale, atol=1e-5)
        np.testing.assert_array_equal(found.probability[:, 1:], plain.probability[:, 1:])
    for other in (replace(fitted, fingerprint="another"), replace(fitted, prompts="others")):
        again = classify(collection, encoder, replace(request, calibrations=(other,)))
        assert again.calibration is None
        np.testing.assert_array_equal(again.probability, plain.probability)


def test_that_z_and_percentile_compare_with_the_null_prompts_of_each_image(
    collection: Collection, encoder: Encoder
) -> None:
    answer = classify(collection, encoder, ClassifyRequest(LABELS))
    found = against_nulls(collection, encoder, answer)
    nulls = collection.vectors() @ encoder.encode_texts(null_texts()).T
    mean, sd = nulls.mean(axis=1, keepdims=True), nulls.std(axis=1, ddof=1, keepdims=True)
    np.testing.assert_allclose(found.z, (answer.cosine - mean) / sd, atol=2e-3)
    below = (nulls[:, None, :] < answer.cosine[:, :, None]).mean(axis=2)
    np.testing.assert_allclose(found.percentile, below, atol=2.1 / len(null_texts()))


def test_that_templates_without_denials_need_negative_prompts(
    collection: Collection, encoder: Encoder
) -> None:
    bare = ClassifyRequest(LABELS[:2], "clip-7", "multi")
    with pytest.raises(UsageError, match="normal chest"):
        classify(collection, encoder, bare)
    denied = tuple(Label(name, negative=(f"no {name}",)) for name in LABELS[:2])
    assert classify(collection, encoder, replace(bare, labels=denied)).known.all()
