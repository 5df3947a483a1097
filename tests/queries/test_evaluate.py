"""Evaluations of a small collection whose truth is known, against scikit-learn and numpy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from shell_collection import LABELS, FakeEncoder, build_collection
from sklearn import metrics
from two_encoders import SECOND, WIDER, build_two

import vlm_explorer as vlm
from vlm_explorer.api import open_collection
from vlm_explorer.cli import main
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.queries import case_groups
from vlm_explorer.queries.classify import ClassifyRequest, classify
from vlm_explorer.queries.evaluate import evaluate
from vlm_explorer.queries.evaluate_answer import EvaluateAnswer, EvaluateRequest
from vlm_explorer.queries.evaluate_truth import find_cases, truth_columns
from vlm_explorer.queries.retrieve import RetrieveRequest, retrieve
from vlm_explorer.queries.truth_source import CollectionColumns

IMAGES = 60
SINGLE = EvaluateRequest(ClassifyRequest(LABELS), replicates=50)
MULTI = EvaluateRequest(ClassifyRequest(LABELS, task="multi"), replicates=50)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_collection(tmp_path_factory.mktemp("evaluate") / "small.vlmx", IMAGES)


@pytest.fixture
def small(folder: Path) -> Collection:
    return Collection(folder)


def only(small: Collection, request: EvaluateRequest) -> EvaluateAnswer:
    return evaluate(small, [FakeEncoder()], request).answers[0]


def truth_of(small: Collection) -> np.ndarray:
    return np.array([LABELS.index(label) for label in small.images["label"].to_pylist()])


def test_that_a_choice_of_one_label_is_measured_as_by_scikit_learn(small: Collection) -> None:
    answer = only(small, SINGLE)
    scored = classify(small, FakeEncoder(), SINGLE.asked)
    truth, called = truth_of(small), scored.probability.argmax(axis=1)
    assert answer.overall["accuracy"].estimate.value == metrics.accuracy_score(truth, called)
    assert answer.overall["macro_auroc"].estimate.value == pytest.approx(
        metrics.roc_auc_score(truth, scored.probability, multi_class="ovr", average="macro")
    )
    np.testing.assert_array_equal(
        answer.classes.confusion, metrics.confusion_matrix(truth, called, labels=range(3))
    )
    wrong = {each.image_id: (each.truth, each.called) for each in answer.wrong}
    assert wrong == {
        scored.image_ids[row]: (LABELS[truth[row]], LABELS[called[row]])
        for row in np.flatnonzero(truth != called)
    }
    for true in range(3):
        for other in range(3):
            assert len(answer.cell(true, other)) == answer.classes.confusion[true, other]
    patients = np.array(small.images["patient"].to_pylist())
    tuning = answer.cases.tuning
    assert set(patients[tuning]).isdisjoint(patients[~tuning])
    assert answer.cases.patients == len(set(patients)) == 10
    assert answer.classes.calibration.temperature > 0


def test_that_several_labels_are_each_measured_against_their_absence(small: Collection) -> None:
    answer = only(small, MULTI)
    scored = classify(small, FakeEncoder(), MULTI.asked)
    for column, row in enumerate(answer.rows):
        truth = truth_of(small) == column
        assert row.auroc.estimate.value == pytest.approx(
            metrics.roc_auc_score(truth, scored.logit[:, column])
        )
        assert row.auroc_cosine.estimate.value == pytest.approx(
            metrics.roc_auc_score(truth, scored.cosine[:, column])
        )
        test = ~answer.cases.tuning
        called = scored.logit[test, column] >= row.at_threshold.threshold
        table = answer.confusion_of(column)
        np.testing.assert_array_equal(table, metrics.confusion_matrix(truth[test], called))
        assert [len(answer.cell(t, c, column)) for t in (0, 1) for c in (0, 1)] == [*table.flat]
    areas = [row.auroc.estimate.value for row in answer.rows]
    assert answer.overall["macro_auroc"].estimate.value == pytest.approx(np.mean(areas))
    missed = sum(int(answer.confusion_of(k)[[0, 1], [1, 0]].sum()) for k in range(3))
    assert len(answer.wrong) == missed


def test_that_what_was_fitted_can_be_kept_with_the_labels(small: Collection) -> None:
    encoder = FakeEncoder()
    for request in (SINGLE, MULTI):
        answer = only(small, request)
        fitted = answer.calibration(encoder.fingerprint)
        assert fitted is not None
        assert fitted.cases == answer.cases.tuning.sum()
        plain = classify(small, encoder, request.asked)
        asked = replace(request.asked, calibrations=(fitted,))
        found = classify(small, encoder, asked)
        assert found.calibration == fitted
        expected = plain.weighed(1.0, fitted).probability
        np.testing.assert_allclose(found.probability, expected, atol=1e-6)
        again = only(small, replace(request, asked=asked))
        assert again.calibration(encoder.fingerprint) is None, "of probabilities not the model's"
    curves = {label: (slope, offset) for label, slope, offset in fitted.curves}
    for row in only(small, MULTI).rows:
        platt = row.calibration.platt
        assert curves[row.label] == (platt.slope, platt.offset)


def test_that_template_sets_are_compared_on_the_same_cases(small: Collection) -> None:
    found = evaluate(small, [FakeEncoder()], MULTI, templates=["raw", "radiology"])
    first, second = found.answers
    assert [each.variant for each in found.answers] == ["raw", "radiology"]
    assert first.image_ids == second.image_ids
    gap = next(d for d in found.differences if (d.label, d.measure) == ("", "macro_auroc"))
    replicates = second.overall["macro_auroc"].replicates - first.overall["macro_auroc"].replicates
    np.testing.assert_allclose(
        (gap.estimate.low, gap.estimate.high), np.quantile(replicates, (0.025, 0.975))
    )
    same = evaluate(small, [FakeEncoder()], MULTI, templates=["raw", "raw"])
    assert {each.estimate.value for each in same.differences} == {0}
    assert not any(each.clear for each in same.differences)


class OtherEncoder(FakeEncoder):
    """The second encoder of `two_encoders`, with texts in its own dimensions."""

    id = SECOND

    def encode_texts(self, texts: Sequence[str], *, context: object = None) -> np.ndarray:
        first = super().encode_texts(texts)
        return np.pad(first, ((0, 0), (0, WIDER - first.shape[1])))


def test_that_encoders_are_compared_on_the_cases_that_both_have_seen(tmp_path: Path) -> None:
    two = Collection(build_two(tmp_path / "two.vlmx", images=36, known=30))
    found = evaluate(two, [FakeEncoder(), OtherEncoder()], MULTI)
    first, second = found.answers
    assert (first.variant, second.variant) == ("fake", SECOND)
    assert first.image_ids == second.image_ids == tuple(two.images["image_id"].to_pylist()[:30])
    assert found.without_vector == 6
    assert any("6 images" in warning for warning in found.warnings)
    scored = classify(two, OtherEncoder(), MULTI.asked)
    truth = truth_of(two)[:30] == 0
    gap = next(d for d in found.differences if (d.label, d.measure) == (LABELS[0], "auroc"))
    areas = [
        metrics.roc_auc_score(truth, logit[:30, 0])
        for logit in (scored.logit, classify(two, FakeEncoder(), MULTI.asked).logit)
    ]
    assert gap.estimate.value == pytest.approx(areas[0] - areas[1])
    assert gap.estimate.low <= gap.estimate.value <= gap.estimate.high


def test_that_a_column_can_say_which_cases_fit_thresholds(small: Collection) -> None:
    cases = find_cases(small, LABELS, "multi", split="modality")
    assert not cases.tuning.any()  # no part of that column is one for tuning
    answer = only(small, replace(MULTI, split="modality"))
    assert all(row.at_threshold is None for row in answer.rows)
    assert all(row.auroc is not None for row in answer.rows)
    found = evaluate(small, [FakeEncoder()], replace(MULTI, split="modality"))
    assert any("names no two parts" in warning for warning in found.warnings)


def test_that_a_split_through_patients_is_warned_of(
    small: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_groups, "_TUNING", ("ct",))
    found = evaluate(small, [FakeEncoder()], replace(MULTI, split="modality"))
    parts: dict[str, set[bool]] = {}
    for row in small.images.select(["patient", "modality"]).to_pylist():
        parts.setdefault(row["patient"], set()).add(row["modality"] == "CT")
    both = sum(len(each) == 2 for each in parts.values())
    assert both
    assert any(warning.startswith(f"{both} patients have cases") for warning in found.warnings)
    assert not any(
        "both parts" in each for each in evaluate(small, [FakeEncoder()], MULTI).warnings
    )


def test_that_truth_comes_from_any_column_with_the_values_that_stand_for_labels(
    small: Collection,
) -> None:
    cases = find_cases(small, ("x-ray", "CT scan", "something"), "single", column="modality")
    modality = np.array(small.images["modality"].to_pylist())
    known = [np.count_nonzero(modality == code) for code in ("XR", "CT")]
    assert cases.truth.sum(axis=0).tolist() == [*known, 0]
    assert cases.left_out == {"of another label": (modality == "MR").sum()}
    assert cases.other_values == {"mr": (modality == "MR").sum()}
    mapped = find_cases(small, ("fluid",), "multi", values={"fluid": ("Effusion", "nodule")})
    assert mapped.truth.sum() == (truth_of(small) < 2).sum()
    assert truth_columns(CollectionColumns(small))[:2] == ("label", "modality")


@pytest.mark.parametrize(
    "request_",
    [
        replace(SINGLE, column="patient"),
        replace(SINGLE, column="none such"),
        replace(SINGLE, asked=ClassifyRequest(LABELS[:1])),
        replace(SINGLE, asked=ClassifyRequest(("a", "b"))),
        replace(SINGLE, image_ids=()),
    ],
)
def test_that_what_cannot_be_measured_is_refused(
    small: Collection, request_: EvaluateRequest
) -> None:
    with pytest.raises(UsageError):
        evaluate(small, [FakeEncoder()], request_)


def test_that_a_label_that_is_never_true_is_listed_and_left_out(small: Collection) -> None:
    asked = ClassifyRequest((*LABELS, "fracture"), task="multi")
    found = evaluate(small, [FakeEncoder()], replace(MULTI, asked=asked))
    answer = found.answers[0]
    assert answer.rows[-1].skipped == "no case with it"
    assert answer.overall["macro_auroc"].estimate.value == pytest.approx(
        only(small, MULTI).overall["macro_auroc"].estimate.value
    )
    assert any("fracture" in warning for warning in found.warnings)


@pytest.mark.parametrize("space", ["raw", "centred"])
def test_that_retrieval_is_what_numpy_finds(small: Collection, space: str) -> None:
    answer = retrieve(small, RetrieveRequest(spaces=(space,), replicates=20))
    images = small.vectors().astype(float)
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    captions = small.images["caption"].to_pylist()
    texts = dict(zip(small.texts["text"].to_pylist(), small.text_vectors(), strict=True))
    names = list(dict.fromkeys(small.texts["text"].to_pylist()))
    words = np.stack([texts[name] for name in names]).astype(float)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    if space == "centred":
        images, words = (rows - rows.mean(axis=0) for rows in (images, words))
        images, words = (r / np.linalg.norm(r, axis=1, keepdims=True) for r in (images, words))
    own = np.array([[caption == name for caption in captions] for name in names])
    for row, scores, relevant in zip(
        answer.rows, (words @ images.T, images @ words.T), (own, own.T), strict=True
    ):
        order = np.argsort(-scores, axis=1)
        found = np.take_along_axis(relevant, order, axis=1)
        first = found.argmax(axis=1) + 1
        assert (row.queries, row.candidates) == scores.shape
        for k in (1, 5, 10):
            hit = row.figures[f"hit@{k}"].estimate.value
            assert hit == pytest.approx((first <= k).mean())
            share = (found[:, :k].sum(axis=1) / found.sum(axis=1)).mean()
            assert row.figures[f"recall@{k}"].estimate.value == pytest.approx(share)
        assert row.figures["mrr"].estimate.value == pytest.approx((1 / first).mean())
        assert row.figures["median_rank"].estimate.value == np.median(first)
        random = np.random.default_rng(0)
        drawn = np.array([random.permuted(relevant, axis=1)[:, :5].any(axis=1).mean()
                          for _ in range(2000)])  # fmt: skip
        assert row.chance["hit@5"] == pytest.approx(drawn.mean(), abs=0.02)


def test_that_retrieval_among_some_images_knows_only_their_captions(small: Collection) -> None:
    ids = small.images["image_id"].to_pylist()[:12]
    answer = retrieve(small, RetrieveRequest(tuple(ids), replicates=5))
    captions = set(small.images["caption"].to_pylist()[:12])
    assert (answer.images, answer.captions, answer.pairs) == (12, len(captions), 12)


@pytest.mark.slow
def test_that_command_and_api_agree_and_the_demo_encoder_knows_the_demo_study(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--write", str(tmp_path / "study"), "--images", "60", "--quiet"]) == 0
    encoder = vlm.load_encoder("demo", device="cpu")
    vlm.index([tmp_path / "study"], to=tmp_path / "own.vlmx", encoder=encoder, workers=1)
    findings = ["pleural effusion", "cardiomegaly", "consolidation"]
    where = ["--only", "modality=CR", "modality=DX"]
    table = tmp_path / "figures.csv"
    capsys.readouterr()
    code = main(["evaluate", str(tmp_path / "own.vlmx"), "--labels", *findings, *where,
                 "--retrieval", "--csv", str(table), "--json", "--quiet"])  # fmt: skip
    facts = json.loads(capsys.readouterr().out)
    assert code == 0
    answer = facts["answers"][0]
    collection = open_collection(tmp_path / "own.vlmx")
    rows = collection.images.select(["image_id", "modality"]).to_pylist()
    ids = [row["image_id"] for row in rows if row["modality"] in ("CR", "DX")]
    found = collection.evaluate(findings, image_ids=ids).answers[0]
    area = found.overall["macro_auroc"].estimate
    assert answer["overall"]["macro_auroc"]["value"] == area.value
    assert area.value > 0.9
    assert area.low <= area.value <= area.high
    assert facts["truth"]["grouped_by"] == "patient"
    hits = facts["retrieval"][0]["rows"][0]["hit@1"]
    assert hits["value"] > 3 * hits["chance"]
    lines = table.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "variant,label,measure,value,low,high,n,chance"
    assert any("median_rank" in line for line in lines)
    assert table.with_name("figures-cases.csv").exists()
