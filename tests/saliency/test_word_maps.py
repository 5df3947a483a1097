import numpy as np
import pytest

from vlm_explorer.errors import NotSupported
from vlm_explorer.saliency.explain import explain
from vlm_explorer.saliency.word_maps import map_words
from vlm_explorer.saliency.words import score_words

TEXT = "left pleural effusion"
WITHOUT = ["pleural effusion", "left effusion", "left pleural"]


@pytest.mark.parametrize(
    ("kind", "method"),
    [("clip", "decomp"), ("biomedclip", "decomp"), ("siglip", "patchsim"), ("resnet", "occlusion")],
)
def test_that_a_words_map_is_the_prompts_less_that_without_it(encoders, photo, kind, method):
    encoder = encoders[kind]
    found = map_words(encoder, photo, TEXT, method)
    whole = explain(encoder, photo, [TEXT], method)
    assert found.unit == whole.unit
    np.testing.assert_allclose(found.whole, whole.grid[0], atol=1e-6)
    for number, text in enumerate(WITHOUT):
        without = explain(encoder, photo, [text], method)
        np.testing.assert_allclose(found.grid[number], whole.grid[0] - without.grid[0], atol=1e-6)
        assert found.drop[number] == pytest.approx(whole.score[0] - without.score[0], abs=1e-6)
    np.testing.assert_array_equal(found.of_patch(1, 2), found.grid[:, 1, 2])


def test_that_what_patches_answer_sums_to_what_is_lost_without_a_word(encoders, photo):
    encoder = encoders["clip"]
    found = map_words(encoder, photo, TEXT)
    assert found.method == "decomp"
    np.testing.assert_allclose(found.grid.sum(axis=(1, 2)) + found.residual, found.drop, atol=1e-5)
    drops = [word.cosine_drop for word in score_words(encoder, photo, TEXT).words]
    np.testing.assert_allclose(found.drop, drops, atol=1e-5)


def test_that_words_beyond_the_window_have_no_map(encoders, photo):
    found = map_words(encoders["clip"], photo, "left " * 75 + "lung effusion", "decomp")
    assert found.grid[:75].any(axis=(1, 2)).all()
    assert not found.grid[75:].any()


def test_that_words_that_belong_together_have_one_map(encoders, photo):
    encoder = encoders["clip"]
    found = map_words(encoder, photo, TEXT, parts=[range(1, 3)])
    both = explain(encoder, photo, [TEXT, "left"], "decomp").grid
    np.testing.assert_allclose(found.grid[0], both[0] - both[1], atol=1e-6)


def test_that_maps_that_do_not_add_up_are_not_told_apart_by_words(encoders, photo):
    with pytest.raises(NotSupported, match="legrad"):
        map_words(encoders["clip"], photo, TEXT, "legrad")
    assert map_words(encoders["resnet"], photo, TEXT).method == "occlusion"
