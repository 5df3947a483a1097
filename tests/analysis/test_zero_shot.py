import numpy as np
import pytest

from vlm_explorer.analysis.zero_shot import (
    TemplateSet,
    ensemble,
    fill,
    load_template_sets,
    own_templates_file,
    probability,
    scores,
    template_set,
)
from vlm_explorer.errors import UsageError


def unit_rows(count, dimension, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_that_an_ensemble_equals_open_clips_zero_shot_classifier():
    import open_clip
    import torch

    torch.manual_seed(0)
    model = open_clip.CLIP(
        embed_dim=24,
        vision_cfg={"image_size": 32, "patch_size": 16, "width": 32, "layers": 1, "head_width": 16},
        text_cfg={"context_length": 32, "width": 32, "heads": 2, "layers": 2},
    ).eval()
    tokenizer = open_clip.SimpleTokenizer(context_length=32)
    labels = ["pleural effusion", "normal chest", "fracture"]
    sentences = load_template_sets()["radiology"].templates
    expected = open_clip.build_zero_shot_classifier(
        model, tokenizer, labels, [lambda c, t=t: fill(t, c) for t in sentences]
    )
    with torch.no_grad():
        found = ensemble(
            [
                model.encode_text(tokenizer([fill(t, label) for t in sentences])).numpy()
                for label in labels
            ]
        )
    np.testing.assert_allclose(found, expected.numpy().T, atol=1e-6)


def test_that_classes_may_have_different_numbers_of_sentences():
    classes = ensemble([unit_rows(1, 8), 5 * unit_rows(3, 8, seed=1)])
    np.testing.assert_allclose(np.linalg.norm(classes, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(classes[0], unit_rows(1, 8)[0], atol=1e-6)


def test_that_scores_are_cosines():
    images, classes = unit_rows(7, 8), unit_rows(3, 8, seed=1)
    np.testing.assert_allclose(scores(images, classes), images @ classes.T, atol=1e-6)


def test_that_single_labels_share_one_by_softmax():
    from scipy.special import softmax

    cosine = unit_rows(6, 5)
    found = probability(cosine, 100.0, None, "single")
    np.testing.assert_allclose(found, softmax(100.0 * cosine.astype(float), axis=1), atol=1e-6)
    warm = probability(cosine, 100.0, None, "single", temperature=4.0)
    np.testing.assert_allclose(warm, softmax(25.0 * cosine.astype(float), axis=1), atol=1e-6)


@pytest.mark.parametrize("task", ["single", "multi"])
def test_that_a_model_with_a_bias_uses_the_sigmoid(task):
    from scipy.special import expit

    cosine = unit_rows(6, 5)
    found = probability(cosine, 110.0, -12.0, task)
    np.testing.assert_allclose(found, expit(110.0 * cosine.astype(float) - 12.0), atol=1e-6)


@pytest.mark.parametrize("bias", [None, -12.0])
def test_that_several_labels_are_each_a_softmax_of_present_and_absent(bias):
    from scipy.special import softmax

    present, absent = unit_rows(6, 5), unit_rows(6, 5, seed=1)
    found = probability(present, 30.0, bias, "multi", negative=absent)
    pairs = softmax(30.0 * np.stack([present, absent]).astype(float), axis=0)[0]
    np.testing.assert_allclose(found, pairs, atol=1e-6)


def test_that_extreme_logits_do_not_overflow():
    cosine = np.array([[1.0, -1.0]], np.float32)
    np.testing.assert_array_equal(probability(cosine, 1e5, None, "single"), [[1, 0]])
    np.testing.assert_array_equal(probability(cosine, 1e5, 0.0, "multi"), [[1, 0]])


def test_that_no_images_or_no_labels_give_empty_probabilities():
    assert probability(np.empty((0, 3), np.float32), 1.0, None, "single").shape == (0, 3)
    assert probability(np.empty((3, 0), np.float32), 1.0, None, "single").shape == (3, 0)


def test_that_a_task_without_what_it_needs_is_refused():
    cosine = unit_rows(2, 2)
    with pytest.raises(UsageError, match="deny"):
        probability(cosine, 1.0, None, "multi")
    with pytest.raises(UsageError, match="task"):
        probability(cosine, 1.0, None, "both")
    with pytest.raises(UsageError, match="temperature"):
        probability(cosine, 1.0, None, "single", temperature=0.0)


def test_that_the_shipped_sets_have_sentences_for_both_answers():
    sets = load_template_sets()
    assert {"raw", "biomedclip", "chexzero", "radiology"} <= set(sets)
    assert template_set("raw").templates == ("{}",)
    assert template_set("chexzero").negatives == ("no {}",)
    assert all(a_set.title and a_set.note for a_set in sets.values())
    assert all(a_set.negatives or a_set.general for a_set in sets.values())


def test_that_a_label_is_put_in_as_it_is():
    assert fill("a scan of {}.", " {0} % ") == "a scan of {0} %."


def test_that_templates_without_one_place_for_the_label_are_refused():
    with pytest.raises(UsageError, match="exactly once"):
        fill("a scan", "effusion")
    with pytest.raises(UsageError, match="exactly once"):
        TemplateSet("mine", "Mine", ("{} or {}",))
    with pytest.raises(UsageError, match="empty"):
        TemplateSet("mine", "Mine", ())
    with pytest.raises(UsageError, match="label is empty"):
        fill("{}", "  ")


def test_that_an_unknown_set_names_those_that_there_are():
    with pytest.raises(UsageError) as raised:
        template_set("imagenet")
    assert "chexzero" in raised.value.hint


@pytest.mark.parametrize(
    ("name", "title"),
    [("clip-7", "SIMPLE_IMAGENET_TEMPLATES"), ("clip-80", "OPENAI_IMAGENET_TEMPLATES")],
)
def test_that_the_general_sets_are_open_clips_own(name, title):
    from open_clip import zero_shot_metadata

    expected = [template("knee") for template in getattr(zero_shot_metadata, title)]
    assert [fill(template, "knee") for template in template_set(name).templates] == expected
    assert len(expected) == int(name.partition("-")[2])


def test_that_users_may_have_template_sets_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path))
    file = own_templates_file()
    file.parent.mkdir(parents=True)
    file.write_text('[mine]\ntitle = "Mine"\ntemplates = ["my {}"]\n', encoding="utf-8")
    assert template_set("mine").templates == ("my {}",)
    assert list(load_template_sets())[-1] == "mine"
    for wrong in ("[mine", "[mine]\n", '[raw]\ntemplates = ["{}"]', '[a]\ntemplates = ["b"]'):
        file.write_text(wrong, encoding="utf-8")
        with pytest.raises(UsageError):
            template_set("mine")
        assert template_set("raw").templates == ("{}",), "those of the program stay"
