from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from test_explain import BareEncoder

from vlm_explorer.saliency.check_again import explain_again, repeatability, settings_of
from vlm_explorer.saliency.check_position import LEAST, KeptMaps, position_prior
from vlm_explorer.saliency.check_prompts import (
    NONSENSE,
    UNRELATED,
    PromptSensitivity,
    least_like,
    prompt_sensitivity,
)
from vlm_explorer.saliency.check_randomise import StandIn, randomisation, why_not
from vlm_explorer.saliency.check_ranks import spearman, without_padding
from vlm_explorer.saliency.check_words import doubts
from vlm_explorer.saliency.checks import CHECKS, check, facts
from vlm_explorer.saliency.explain import available_methods, explain
from vlm_explorer.saliency.outliers import is_muted, muted
from vlm_explorer.saliency.tower import image_module

TEXT = "pleural effusion"


@given(arrays(np.float32, (4, 5), elements=st.integers(-3, 3).map(float)), st.integers(0, 99))
def test_that_rank_correlations_are_scipys(grid, seed):
    from scipy.stats import spearmanr

    other = grid + np.random.default_rng(seed).integers(-2, 3, grid.shape)
    found = spearman(grid, other)
    if np.ptp(grid) == 0 or np.ptp(other) == 0:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(spearmanr(grid.ravel(), other.ravel()).statistic)


def test_that_patches_on_padding_take_no_part(encoders, photo):
    flat = np.ascontiguousarray(photo[:30])
    explanation = explain(encoders["padded"], flat, [TEXT], "decomp")
    grid = explanation.grid[0]
    kept = without_padding(grid, explanation.geometry)
    assert explanation.geometry.offset_yx[0] < 0
    assert np.isnan(kept[0]).all()
    assert np.isnan(kept[-1]).all()
    seen = ~np.isnan(kept)
    assert spearman(kept, grid**3) == pytest.approx(spearman(grid[seen], grid[seen] ** 3))


@pytest.mark.slow
def test_that_the_other_prompts_are_named_and_explained_the_same_way(encoder, photo):
    for method, reason in available_methods(encoder).items():
        if reason or method in ("attention", "rollout"):
            continue
        settings = {"window": 2, "stride": 1} if method == "occlusion" else {}
        explanation = explain(encoder, photo, ["normal chest", TEXT], method, **settings)
        found = prompt_sensitivity(encoder, photo, explanation, 1)
        assert found.unrelated in UNRELATED
        assert found.nonsense == NONSENSE
        for text, rho in (
            (found.unrelated, found.rho_unrelated), (NONSENSE, found.rho_nonsense)
        ):  # fmt: skip
            other = explain(encoder, photo, [text], method, **settings)
            own = without_padding(explanation.grid[1], explanation.geometry)
            expected = spearman(own, other.grid[0])
            assert rho == pytest.approx(expected, abs=0.02, nan_ok=True)


def test_that_the_unrelated_prompt_is_the_one_least_like_the_prompt(encoders):
    encoder = encoders["clip"]
    for prompt in (TEXT, *UNRELATED):
        cosines = [
            float(encoder.encode_texts([text])[0] @ encoder.encode_texts([prompt])[0])
            for text in UNRELATED
        ]
        assert cosines[UNRELATED.index(least_like(encoder, prompt))] == pytest.approx(min(cosines))


def test_that_a_map_that_knows_no_prompt_is_alike_for_all_by_construction(encoders, photo):
    explanation = explain(encoders["siglip"], photo, [TEXT], "attention", layer=0)
    found = prompt_sensitivity(encoders["siglip"], photo, explanation)
    assert (found.rho_unrelated, found.rho_nonsense, found.image_only) == (1, 1, True)
    assert not doubts(found)


def test_that_a_map_like_that_of_any_prompt_fails():
    assert doubts(PromptSensitivity("a", "b", 0.9, 0.75)) == [
        "This map hardly depends on the prompt."
    ]
    assert not doubts(PromptSensitivity("a", "b", 0.95, 0.2))
    assert PromptSensitivity("a", "b", float("nan"), 0.9).failed
    assert not PromptSensitivity("a", "b", float("nan"), float("nan")).failed


def test_that_settings_are_those_that_were_chosen(encoders, photo):
    explanation = explain(encoders["clip"], photo, [], "attention", layer=0, head=1, query=(2, 1))
    chosen = {"layer": 0, "head": 1, "query": (2, 1)}
    assert chosen.items() <= settings_of(explanation).items() <= explanation.params.items()
    again = explain_again(encoders["clip"], photo, explanation, [], None)
    np.testing.assert_array_equal(again.grid, explanation.grid)
    assert repeatability(encoders["clip"], photo, explanation).largest_difference == 0
    marks = np.zeros(explanation.grid.shape[1:], bool)
    marks[1, 2] = True
    quiet = muted(replace(explanation, outlier_tokens=marks))
    assert is_muted(quiet)
    assert not is_muted(explanation)
    again = explain_again(encoders["clip"], photo, quiet, [], None)
    np.testing.assert_array_equal(again.grid, muted(again).grid)


def test_that_position_is_told_from_other_images_only():
    random = np.random.default_rng(0)
    place = random.normal(size=(5, 8)).astype(np.float32)
    others = place + 0.3 * random.normal(size=(LEAST, 5, 8)).astype(np.float32)
    assert position_prior(place, others[:-1]).prior is None
    found = position_prior(place, others)
    assert found.rho == pytest.approx(spearman(place, others.mean(axis=0)))
    assert doubts(found) == [f"Most of this map is explained by position (ρ {found.rho:.2f})."]
    assert not doubts(position_prior(random.normal(size=(5, 8)).astype(np.float32), others))


def test_that_maps_are_kept_one_an_image_and_a_series_is_never_held_against_itself(tmp_path):
    kept = KeptMaps(tmp_path / "kind")
    for number in range(6):
        grid = np.full((2, 3), number, np.float32)
        kept.keep(f"image {number}", grid, f"series {number // 2}")
    kept.keep("image 5", np.full((2, 3), 50, np.float32), "series 2")
    assert sorted(kept.others("image 0", "series 0")[:, 0, 0]) == [2, 3, 4, 50]
    assert sorted(kept.others("another")[:, 0, 0]) == [0, 1, 2, 3, 4, 50]
    (tmp_path / "kind" / "a.b.npy").write_bytes(b"not a map")
    assert len(kept.others("another")) == 6
    assert "image" not in "".join(file.name for file in tmp_path.rglob("*"))


def test_that_noise_goes_from_the_head_down_and_leaves_the_encoder_as_it_was(encoder, photo):
    visual = image_module(encoder)
    before = {name: value.clone() for name, value in visual.state_dict().items()}
    method = "gradcam" if hasattr(visual, "layer4") else "decomp"
    explanation = explain(encoder, photo, [TEXT], method)
    same = explain(StandIn(encoder), photo, [TEXT], method)
    np.testing.assert_allclose(same.grid, explanation.grid, atol=1e-6)
    found = randomisation(encoder, photo, explanation)
    for name, value in visual.state_dict().items():
        assert value.equal(before[name]), name
    np.testing.assert_array_equal(explain(encoder, photo, [TEXT], method).grid, explanation.grid)
    assert found.stages[:2] == ("as it is", "head")
    assert len(found.stages) == found.blocks + 2
    assert found.rhos[0] == 1
    assert found.rhos[1] != 1
    assert np.all(np.abs(np.nan_to_num(found.rhos[1:])) < 0.99)
    assert found == randomisation(encoder, photo, explanation)


@pytest.mark.slow
def test_that_every_weight_but_the_embedding_of_patches_is_replaced(encoder, photo):
    import torch

    from vlm_explorer.saliency.check_randomise import _replace_by_noise, _stages

    stand_in = StandIn(encoder)
    for _, weights in _stages(stand_in):
        assert weights
        _replace_by_noise(weights, torch.Generator().manual_seed(1))
    old = dict(image_module(encoder).named_parameters())
    same = {
        name
        for name, value in stand_in.model.visual.named_parameters()
        if value.equal(old[name]) and value.numel() > 1 and value.std() > 0
    }
    first = ("conv", "bn", "class_emb", "positional_emb", "ln_pre", "trunk.patch_embed",
             "trunk.cls_token", "trunk.reg_token", "trunk.pos_embed", "tower.embeddings",
             "tower.pre_")  # fmt: skip
    assert same
    assert all(name.startswith(first) for name in same), same


def test_that_every_check_is_told_or_its_reason(encoders, photo, monkeypatch, tmp_path):
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(tmp_path))
    encoder = encoders["clip"]
    found = check(encoder, photo, explain(encoder, photo, [TEXT], "decomp"))
    told = facts(found)
    assert set(told) == {*CHECKS, "doubts"}
    assert all(told[name]["says"] for name in CHECKS)
    assert told["position_prior"]["images"] == 0
    assert told["insertion_deletion"]["random"]["orders"] == 10
    bare = BareEncoder()
    explanation = explain(bare, photo, [TEXT], "occlusion")
    assert "does not show its inside" in why_not(bare)
    found = check(bare, photo, explanation, which=CHECKS[3:])
    assert found.insertion_deletion is not None
    assert "does not show its inside" in found.reasons["weight_randomisation"]
    assert facts(found)["prompt_sensitivity"] == {"reason": "not checked"}
    none = check(encoder, photo, replace(explain(encoder, photo, [], "attention")))
    assert "prompt" in none.reasons["insertion_deletion"]
