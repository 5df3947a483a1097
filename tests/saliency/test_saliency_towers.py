"""Every kind of image tower that the encoders on offer have: methods work, or say why not."""

import numpy as np
import pytest
import torch
from model_folders import BUILDERS, TRANSFORMERS_BUILDERS

from vlm_explorer.encoders.load import load_encoder
from vlm_explorer.errors import NotSupported
from vlm_explorer.saliency.contributions import decomp
from vlm_explorer.saliency.explain import METHODS, available_methods, explain
from vlm_explorer.saliency.gradients import gradattn, legrad
from vlm_explorer.saliency.listening import heads_of
from vlm_explorer.saliency.method_words import IMAGE_ONLY
from vlm_explorer.saliency.taps import capture
from vlm_explorer.saliency.text_maps import attention_of

TEXTS = ["pleural effusion", "normal chest"]
KINDS = BUILDERS | TRANSFORMERS_BUILDERS


@pytest.fixture(params=sorted(KINDS))
def each(request, tmp_path):
    """A small encoder of each kind in turn; while they load, libraries may log what they will."""
    folder = KINDS[request.param](tmp_path / "model")
    return load_encoder(folder, device="cpu", precision="fp32")


@pytest.mark.slow
def test_that_each_method_works_or_is_refused_with_its_name_and_a_reason(each, photo):
    reasons = available_methods(each)
    assert reasons["occlusion"] == ""
    for method in METHODS:
        if reasons[method]:
            with pytest.raises(NotSupported, match=method) as refused:
                explain(each, photo, TEXTS, method)
            assert reasons[method] in refused.value.text
        else:
            found = explain(each, photo, TEXTS, method)
            assert len(found.grid) == (1 if method in IMAGE_ONLY else len(TEXTS))
            assert np.isfinite(found.grid).all()
            assert found.grid.any() or method == "gradcam"  # which may find nothing that helps
            assert found.overlay.shape[1:] == photo.shape


@pytest.mark.parametrize("kind", ["clip", "biomedclip", "siglip"])
def test_that_gradients_by_attention_follow_from_what_is_kept(encoders, photo, kind):
    """dS/dA = (dS/dO) V^T, against torch's own derivative of the last step, O = A V."""
    encoder = encoders[kind]
    with capture(encoder, deep=True) as tapped:
        vector = tapped.trace(encoder.view(photo)[None])
        for tap in tapped.taps:
            (slope,) = torch.autograd.grad(vector[0, 0], tap.attended, retain_graph=True)
            weights, value = attention_of(tap).requires_grad_(), tap.value.detach()
            attended = (weights @ value).transpose(1, 2).flatten(2)
            torch.testing.assert_close(attended, tap.attended.detach(), atol=1e-5, rtol=1e-4)
            (expected,) = torch.autograd.grad(attended, weights, slope)
            found = heads_of(slope, value.shape[1]) @ value.transpose(-1, -2)
            torch.testing.assert_close(found, expected)


def test_that_registers_are_no_part_of_the_map_and_their_share_is_in_the_rest(encoders, photo):
    encoder = with_registers(encoders["biomedclip"])
    texts = encoder.encode_texts(TEXTS)
    view = encoder.view(photo)
    whole = decomp(encoder, view, texts)
    assert whole.grid.shape == (2, 10, 10)
    np.testing.assert_allclose(whole.grid.sum((1, 2)) + whole.residual, whole.score, atol=1e-6)
    for method in (legrad, gradattn):
        found = method(encoder, view, texts)
        assert found.grid.shape == (2, 10, 10)
        assert (found.grid > 0).any()


def with_registers(encoder):
    """Return an encoder whose blocks have three tokens more than a class token and patches."""
    import copy
    from dataclasses import replace

    import timm

    model = copy.deepcopy(encoder.model)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model.visual.trunk = timm.create_model(
            "test_vit", num_classes=0, img_size=160, reg_tokens=3
        ).eval()
        for parameter in model.visual.trunk.parameters():
            parameter.data += 0.05 * torch.randn_like(parameter)
    return replace(encoder, model=model)


@pytest.mark.parametrize("fused", [True, False])
def test_that_fused_attention_or_not_the_maps_are_the_same(encoders, photo, fused):
    import copy
    from dataclasses import replace

    encoder = encoders["biomedclip"]
    model = copy.deepcopy(encoder.model)
    for block in model.visual.trunk.blocks:
        block.attn.fused_attn = fused
    texts, view = encoder.encode_texts(TEXTS), encoder.view(photo)
    found = legrad(replace(encoder, model=model), view, texts).grid
    np.testing.assert_allclose(found, legrad(encoder, view, texts).grid, atol=2e-6)


def test_that_autocast_and_inference_mode_around_a_call_do_not_reach_it(encoders, photo):
    encoder = encoders["clip"]
    texts, view = encoder.encode_texts(TEXTS), encoder.view(photo)
    expected = legrad(encoder, view, texts).grid
    with torch.autocast("cpu", torch.bfloat16):
        np.testing.assert_array_equal(legrad(encoder, view, texts).grid, expected)
    with torch.inference_mode():
        np.testing.assert_array_equal(legrad(encoder, view, texts).grid, expected)
