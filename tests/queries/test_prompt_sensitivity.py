"""What hangs on the wording of a prompt, held against numpy, scipy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell_collection import IMAGES, LABELS, FakeEncoder, build_collection, image_id

from vlm_explorer.analysis.rank_agreement import spearman
from vlm_explorer.analysis.resampling import Estimate
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.null_bank import null_scores_of
from vlm_explorer.queries.prompt_sensitivity import prompt_sensitivity
from vlm_explorer.queries.prompt_variants import negations, orders, paraphrases, wordings
from vlm_explorer.queries.sensitivity_answer import Negation, SensitivityAnswer, SensitivityRequest
from vlm_explorer.queries.text_memory import TextMemory


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    return Collection(build_collection(tmp_path_factory.mktemp("sensitivity") / "small.vlmx"))


def ask(collection: Collection, prompt: str, **how: object) -> SensitivityAnswer:
    request = SensitivityRequest(prompt, **how)
    return prompt_sensitivity(collection, TextMemory(FakeEncoder()), request)


def test_that_wordings_hold_templates_paraphrases_and_orders_each_once() -> None:
    found = wordings("left pleural effusion")
    texts = [wording.text for wording in found]
    assert texts[0] == "left pleural effusion"
    assert len(set(texts)) == len(texts)
    assert {"there is left pleural effusion", "left pleural effusion is seen"} <= set(texts)
    assert "this is a photo of left pleural effusion" in texts
    assert orders("left pleural effusion") == ("effusion pleural left", "effusion, left pleural")
    assert orders("effusion") == ()
    assert all(each.count("{}") == 1 for each in (*paraphrases(), *negations()))
    assert next(each for each in found if each.text.startswith("a radiology")).source == "radiology"


def test_that_every_figure_of_a_wording_equals_its_reference(small: Collection) -> None:
    from scipy.stats import spearmanr
    from sklearn.metrics import roc_auc_score

    answer = ask(small, "effusion")
    encoder, images = FakeEncoder(), small.vectors("fake")
    true = np.array([LABELS[number % 3] == "effusion" for number in range(IMAGES)])
    np.testing.assert_array_equal(answer.true, true)
    assert answer.labelled.all()
    nulls = null_scores_of(small, encoder)
    assert nulls is not None
    typed = images @ encoder.encode_texts(["effusion"])[0]
    for variant in answer.variants:
        cosine = images @ encoder.encode_texts([variant.wording.text])[0]
        np.testing.assert_allclose(variant.cosine, cosine, atol=1e-6)
        assert variant.z == pytest.approx(nulls.z_of_images(cosine).mean(), abs=1e-4)
        assert variant.rank == pytest.approx(spearmanr(cosine, typed).statistic, abs=1e-6)
        assert variant.auroc is not None
        assert variant.auroc.value == pytest.approx(roc_auc_score(true, variant.cosine))
        assert variant.auroc.low <= variant.auroc.value <= variant.auroc.high
    straight = [each.wording.text for each in answer.variants if each.wording.kind != "order"]
    mean = encoder.encode_texts(straight).mean(axis=0)
    pooled = images @ (mean / np.linalg.norm(mean))
    np.testing.assert_allclose(answer.ensembles[0].cosine, pooled, atol=1e-5)
    least, most = answer.aurocs
    assert least <= answer.typed.auroc.value <= most


def test_that_words_are_left_out_one_by_one(small: Collection) -> None:
    answer = ask(small, "left pleural effusion", truth="Effusion", image_ids=(image_id(3), "none"))
    assert answer.image_ids == (image_id(3),)
    assert [word.word for word in answer.words] == ["left", "pleural", "effusion"]
    assert [word.rest.wording.text for word in answer.words] == [
        "pleural effusion", "left effusion", "left pleural"
    ]  # fmt: skip
    row = small.vectors("fake")[3]
    texts = FakeEncoder().encode_texts(["left pleural effusion", "left pleural"])
    assert answer.change(answer.words[2]) == pytest.approx(
        row @ texts[0] - row @ texts[1], abs=1e-6
    )
    assert answer.true.tolist() == [True]
    assert answer.typed.auroc is None  # of one kind only
    assert ask(small, "effusion").words == ()


def test_that_a_denial_is_compared_by_texts_ranks_and_margin(small: Collection) -> None:
    from scipy.stats import spearmanr
    from sklearn.metrics import roc_auc_score

    answer = ask(small, "effusion")
    first = answer.negations[0]
    plain, denied = FakeEncoder().encode_texts(["effusion", "no effusion"])
    images = small.vectors("fake")
    assert first.text == "no effusion"
    assert first.text_cosine == pytest.approx(plain @ denied, abs=1e-6)
    assert first.rank == pytest.approx(
        spearmanr(images @ plain, images @ denied).statistic, abs=1e-6
    )
    assert first.higher == np.mean(images @ denied > images @ plain)
    assert first.auroc is not None
    true = answer.true
    assert first.auroc.value == pytest.approx(roc_auc_score(true, images @ plain - images @ denied))


def test_that_the_warning_goes_by_labels_first_and_by_ranks_else(small: Collection) -> None:
    def denial(rank: float, auroc: Estimate | None) -> Negation:
        return Negation("no effusion", 0.9, rank, 0.1, np.zeros(3, np.float32), auroc)

    assert denial(0.95, None).told_apart is False
    assert denial(float("nan"), None).told_apart is None, "of a single image"
    assert denial(0.9, None).told_apart
    assert denial(0.99, Estimate(0.8, 0.7, 0.9, 50)).told_apart
    assert not denial(0.1, Estimate(0.55, 0.48, 0.6, 50)).told_apart
    assert not denial(0.1, Estimate(0.5, float("nan"), float("nan"), 5)).told_apart
    unlabelled = ask(small, "chest")  # labels are there, but none says so
    assert unlabelled.typed.auroc is None
    assert bool(unlabelled.warnings) == (unlabelled.negations[0].rank > 0.9)


def test_that_what_cannot_be_asked_is_said(small: Collection) -> None:
    with pytest.raises(UsageError, match="empty"):
        ask(small, "  ")
    with pytest.raises(UsageError, match="None of these images"):
        ask(small, "effusion", image_ids=())


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=30))
def test_that_rank_correlation_equals_scipy_with_ties(pairs: list[tuple[int, int]]) -> None:
    from scipy.stats import spearmanr

    first, second = np.array(pairs, float).T
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert np.isnan(spearman(first, second))
    else:
        assert spearman(first, second) == pytest.approx(spearmanr(first, second).statistic)
