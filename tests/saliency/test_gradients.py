import numpy as np
import pytest
import torch
from plain_attention import written_out
from torch.nn.functional import normalize

from vlm_explorer.encoders.preprocess import to_tensor
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import Cancelled, JobContext
from vlm_explorer.saliency.explain import explain
from vlm_explorer.saliency.gradients import gradattn, gradcam, legrad

TEXTS = ["pleural effusion", "normal chest", "a nodule of the left lung"]


def pixels_of(encoder, view):
    return to_tensor(view[None], encoder.preprocess).requires_grad_()


@pytest.fixture
def scene(photo):
    """Of an encoder: what it sees, and its prompts' vectors."""
    return lambda encoder: (encoder.view(photo), encoder.encode_texts(TEXTS))


@pytest.mark.parametrize("kind", ["clip", "biomedclip", "oblong"])
@pytest.mark.parametrize("start", [0, -1])
def test_that_gradattn_is_the_rule_as_published(encoders, scene, kind, start):
    encoder = encoders[kind]
    view, texts = scene(encoder)
    found = gradattn(encoder, view, texts, start_layer=start)
    visual, weights = written_out(encoder.model.visual)
    vector = normalize(visual(pixels_of(encoder, view)), dim=-1)
    np.testing.assert_allclose(found.score, (texts @ vector[0].detach().numpy()), atol=1e-6)
    for number, text in enumerate(torch.from_numpy(texts)):
        score = encoder.logit_scale * (vector @ text).sum()
        gradients = torch.autograd.grad(score, weights, retain_graph=True)
        relevance = torch.eye(weights[0].shape[-1])
        for gradient, attention in list(zip(gradients, weights, strict=True))[start:]:
            step = (gradient * attention)[0].clamp(min=0).mean(dim=0)
            relevance = relevance + step @ relevance
        expected = relevance[0, 1:].detach().reshape(found.grid.shape[1:])
        np.testing.assert_allclose(found.grid[number], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["clip", "oblong"])
def test_that_legrad_is_the_rule_as_published_for_a_class_token(encoders, scene, kind):
    encoder = encoders[kind]
    view, texts = scene(encoder)
    found = legrad(encoder, view, texts)
    visual, weights = written_out(encoder.model.visual)
    outputs = []
    for block in visual.transformer.resblocks:
        block.register_forward_hook(lambda _m, _i, output: outputs.append(output))
    visual(pixels_of(encoder, view))
    for number, text in enumerate(torch.from_numpy(texts)):
        for layer, (attention, output) in enumerate(zip(weights, outputs, strict=True)):
            vector = normalize(visual.ln_post(output.mean(dim=1)) @ visual.proj, dim=-1)
            (gradient,) = torch.autograd.grad((vector @ text).sum(), attention, retain_graph=True)
            expected = gradient[0].clamp(min=0).mean(dim=(0, 1))[1:]
            np.testing.assert_allclose(
                found.per_layer[number, layer].ravel(), expected, rtol=1e-4, atol=1e-7
            )
    np.testing.assert_allclose(found.grid, found.per_layer.sum(axis=1), rtol=1e-6)


def test_that_legrad_asks_a_pooling_head_of_every_blocks_tokens(encoders, scene):
    encoder = encoders["siglip"]
    view, texts = scene(encoder)
    found = legrad(encoder, view, texts, start_layer=1)
    visual, weights = written_out(encoder.model.visual)
    outputs = []
    for block in visual.trunk.blocks:
        block.register_forward_hook(lambda _m, _i, output: outputs.append(output))
    visual(pixels_of(encoder, view))
    for layer, output in enumerate(outputs[1:]):
        weights.clear()
        vector = normalize(visual.trunk.attn_pool(visual.trunk.norm(output)), dim=-1)
        (attention,) = weights
        for number, text in enumerate(torch.from_numpy(texts)):
            (gradient,) = torch.autograd.grad((vector @ text).sum(), attention, retain_graph=True)
            pull = gradient[0, :, 0].clamp(min=0).mean(dim=0)
            expected = pull[visual.trunk.num_prefix_tokens :]
            np.testing.assert_allclose(
                found.per_layer[number, layer].ravel(), expected, rtol=1e-3, atol=1e-6
            )


def test_that_gradattn_follows_a_pooling_heads_row_through_the_blocks(encoders, scene):
    encoder = encoders["siglip"]
    view, texts = scene(encoder)
    found = gradattn(encoder, view, texts)
    visual, weights = written_out(encoder.model.visual)
    vector = normalize(visual(pixels_of(encoder, view)), dim=-1)
    score = encoder.logit_scale * (vector @ torch.from_numpy(texts[0])).sum()
    gradients = torch.autograd.grad(score, weights)
    *steps, pooled = [
        (gradient * attention)[0].clamp(min=0).mean(dim=0).detach()
        for gradient, attention in zip(gradients, weights, strict=True)
    ]
    relevance = torch.eye(len(steps[0]))
    for step in steps:
        relevance = relevance + step @ relevance
    row = (pooled @ relevance)[0, visual.trunk.num_prefix_tokens :]
    expected = row.reshape(found.grid.shape[1:])
    np.testing.assert_allclose(found.grid[0], expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("kind", ["clip", "biomedclip", "resnet"])
def test_that_gradcam_weighs_channels_by_their_mean_gradient(encoders, scene, kind):
    encoder = encoders[kind]
    view, texts = scene(encoder)
    found = gradcam(encoder, view, texts)
    visual, _ = written_out(encoder.model.visual)
    module = {
        "clip": lambda: visual.transformer.resblocks[-1].ln_1,
        "biomedclip": lambda: visual.trunk.blocks[-1].norm1,
        "resnet": lambda: visual.layer4,
    }[kind]()
    kept = []
    module.register_forward_hook(lambda _m, _i, output: kept.append(output))
    vector = normalize(visual(pixels_of(encoder, view)), dim=-1)
    for number, text in enumerate(torch.from_numpy(texts)):
        (gradient,) = torch.autograd.grad((vector @ text).sum(), kept[0], retain_graph=True)
        if kind == "resnet":
            weighed = (kept[0] * gradient.mean(dim=(2, 3), keepdim=True)).sum(dim=1)[0]
        else:
            patches, slopes = kept[0][0, 1:], gradient[0, 1:]
            weighed = (patches * slopes.mean(dim=0)).sum(dim=-1)
        expected = weighed.clamp(min=0).detach().reshape(found.grid.shape[1:])
        np.testing.assert_allclose(found.grid[number], expected, rtol=1e-4, atol=1e-7)


def test_that_patches_of_a_class_tower_have_no_gradient_behind_the_last_attention(encoders, scene):
    """Why Grad-CAM must not look there: others do, and rank noise."""
    encoder = encoders["biomedclip"]
    view, texts = scene(encoder)
    visual, _ = written_out(encoder.model.visual)
    kept = []
    visual.trunk.blocks[-1].register_forward_hook(lambda _m, _i, output: kept.append(output))
    vector = normalize(visual(pixels_of(encoder, view)), dim=-1)
    (gradient,) = torch.autograd.grad((vector @ torch.from_numpy(texts[0])).sum(), kept[0])
    assert gradient[0, 1:].abs().max() == 0
    assert gradient[0, 0].abs().max() > 0


@pytest.mark.parametrize("method", ["legrad", "gradattn"])
def test_that_a_block_that_is_not_there_is_refused(encoders, photo, method):
    with pytest.raises(UsageError, match="no block 9"):
        explain(encoders["clip"], photo, TEXTS, method, start_layer=9)


@pytest.mark.parametrize("method", ["legrad", "gradattn", "gradcam"])
def test_that_gradients_can_be_stopped_between_prompts(encoders, photo, method):
    context = JobContext(
        lambda progress: context.cancel() if progress.done == 1 else None, min_interval=0
    )
    with pytest.raises(Cancelled):
        explain(encoders["biomedclip"], photo, TEXTS, method, context=context)


@pytest.mark.parametrize("method", ["legrad", "gradattn", "decomp", "patchsim", "gradcam"])
def test_that_half_precision_encoders_are_explained_in_single(encoders, photo, method):
    import copy
    from dataclasses import replace

    encoder = encoders["biomedclip"]
    model = copy.deepcopy(encoder.model)
    model.visual.to(torch.bfloat16)
    half = replace(encoder, precision="bf16", model=model)
    exact, found = (explain(each, photo, TEXTS, method) for each in (encoder, half))
    assert found.grid.dtype == np.float32
    assert np.corrcoef(found.grid.ravel(), exact.grid.ravel())[0, 1] > 0.98
