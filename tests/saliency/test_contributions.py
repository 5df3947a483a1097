import numpy as np
import pytest
import torch
from plain_attention import written_out
from torch.nn.functional import normalize

from vlm_explorer.encoders.preprocess import to_tensor
from vlm_explorer.errors import ModelProblem, NotSupported
from vlm_explorer.saliency import contributions
from vlm_explorer.saliency.contributions import decomp, patchsim

TEXTS = ["pleural effusion", "normal chest", "a nodule of the left lung"]
WITH_CLASS = ("clip", "biomedclip", "padded", "oblong", "plip")


@pytest.fixture
def scene(photo):
    return lambda encoder: (encoder.view(photo), encoder.encode_texts(TEXTS))


@pytest.mark.parametrize("kind", [*WITH_CLASS, "siglip", "medsiglip"])
def test_that_the_parts_and_the_rest_are_the_score(encoders, scene, kind):
    encoder = encoders[kind]
    view, texts = scene(encoder)
    found = decomp(encoder, view, texts)
    whole = found.grid.sum(axis=(1, 2)) + found.residual
    np.testing.assert_allclose(whole, found.score, atol=1e-6)
    np.testing.assert_allclose(found.score, texts @ encoder.encode_images([view])[0], atol=1e-5)
    np.testing.assert_allclose(found.per_head.sum(axis=(1, 2)), found.grid, atol=1e-6)
    np.testing.assert_allclose(found.per_layer.sum(axis=1), found.grid, atol=1e-6)


def test_that_a_decomposition_that_misses_the_score_is_refused(encoders, scene, monkeypatch):
    encoder = encoders["clip"]
    monkeypatch.setattr(contributions.Block, "feed", lambda _self, tokens: 0 * tokens)
    with pytest.raises(ModelProblem, match="do not sum"):
        decomp(encoder, *scene(encoder))


def test_that_a_part_is_what_a_head_adds_to_the_class_token_from_one_patch(encoders, scene):
    encoder = encoders["clip"]
    view, texts = scene(encoder)
    found = decomp(encoder, view, texts)
    visual, weights = written_out(encoder.model.visual)
    seen = []
    for block in visual.transformer.resblocks:
        block.register_forward_hook(lambda _m, inputs, output: seen.append((inputs[0], output)))
    with torch.no_grad():
        vector = visual(to_tensor(view[None], encoder.preprocess))[0]
        last = seen[-1][1][0, 0]
        sigma = torch.sqrt(last.var(unbiased=False) + visual.ln_post.eps)
        for layer, block in enumerate(visual.transformer.resblocks):
            attention, heads = block.attn, block.attn.num_heads
            entered = block.ln_1(seen[layer][0])[0]
            values = entered @ attention.in_proj_weight.chunk(3)[2].T
            values = (values + attention.in_proj_bias.chunk(3)[2]).unflatten(-1, (heads, -1))
            for head in range(heads):
                wide = torch.zeros_like(values)
                wide[:, head] = values[:, head]
                given = wide.flatten(1) @ attention.out_proj.weight.T
                given = given * weights[layer][0, head, 0][:, None]
                centred = (given - given.mean(dim=-1, keepdim=True)) / sigma
                added = (centred * visual.ln_post.weight) @ visual.proj / vector.norm()
                expected = (added @ torch.from_numpy(texts).T)[1:].T
                np.testing.assert_allclose(
                    found.per_head[:, layer, head].reshape(len(texts), -1), expected, atol=1e-6
                )


@pytest.mark.parametrize("kind", ["clip", "biomedclip"])
@pytest.mark.parametrize("ffn", [True, False])
def test_that_patchsim_is_the_last_block_with_every_patch_looking_at_itself(
    encoders, scene, kind, ffn
):
    encoder = encoders[kind]
    view, texts = scene(encoder)
    found = patchsim(encoder, view, texts, ffn=ffn)
    visual, _ = written_out(encoder.model.visual)
    blocks = visual.transformer.resblocks if kind == "clip" else visual.trunk.blocks
    entered = []
    blocks[-1].register_forward_pre_hook(lambda _m, inputs: entered.append(inputs[0]))
    with torch.no_grad():
        visual(to_tensor(view[None], encoder.preprocess))
        (tokens,) = entered
        if kind == "clip":
            block = blocks[-1]
            values = torch.nn.functional.linear(
                block.ln_1(tokens),
                block.attn.in_proj_weight.chunk(3)[2],
                block.attn.in_proj_bias.chunk(3)[2],
            )
            tokens = tokens + block.attn.out_proj(values)
            tokens = tokens + block.mlp(block.ln_2(tokens)) if ffn else tokens
            vectors = visual.ln_post(tokens) @ visual.proj
        else:
            block = blocks[-1]
            values = block.attn.qkv(block.norm1(tokens)).chunk(3, dim=-1)[2]
            tokens = tokens + block.ls1(block.attn.proj(values))
            tokens = tokens + block.ls2(block.mlp(block.norm2(tokens))) if ffn else tokens
            vectors = visual.head(visual.trunk.norm(tokens))
    expected = normalize(vectors, dim=-1)[0, 1:] @ torch.from_numpy(texts).T
    np.testing.assert_allclose(found.grid.reshape(len(texts), -1), expected.T, atol=1e-5)


@pytest.mark.parametrize("kind", ["clip", "biomedclip"])
def test_that_the_last_tokens_are_those_that_the_tower_gives_out(encoders, scene, kind):
    encoder = encoders[kind]
    view, texts = scene(encoder)
    found = patchsim(encoder, view, texts, tokens="last")
    visual = encoder.model.visual
    inputs = to_tensor(view[None], encoder.preprocess)
    with torch.no_grad():
        if kind == "clip":
            tokens = visual.transformer(visual._embeds(inputs))
            vectors = visual.ln_post(tokens) @ visual.proj
        else:
            vectors = visual.head(visual.trunk.forward_features(inputs))
    expected = normalize(vectors, dim=-1)[0, 1:] @ torch.from_numpy(texts).T
    np.testing.assert_allclose(found.grid.reshape(len(texts), -1), expected.T, atol=1e-5)


@pytest.mark.parametrize("kind", ["siglip", "resnet"])
def test_that_last_tokens_outside_the_joint_space_are_refused(encoders, scene, kind):
    view, texts = scene(encoders[kind])
    with pytest.raises(NotSupported, match="joint space"):
        patchsim(encoders[kind], view, texts, tokens="last")


def test_that_a_pooling_head_is_given_each_patch_alone(encoders, scene):
    encoder = encoders["siglip"]
    view, texts = scene(encoder)
    found = patchsim(encoder, view, texts)
    trunk = encoder.model.visual.trunk
    with torch.no_grad():
        tokens = trunk.forward_features(to_tensor(view[None], encoder.preprocess))[0]
        patches = tokens[trunk.num_prefix_tokens :]
        vectors = torch.cat([trunk.attn_pool(patch[None, None]) for patch in patches])
    expected = normalize(vectors, dim=-1) @ torch.from_numpy(texts).T
    np.testing.assert_allclose(found.grid.reshape(len(texts), -1), expected.T, atol=1e-5)


def test_that_a_resnets_pooling_is_its_values_and_its_projection(encoders, scene):
    encoder = encoders["resnet"]
    view, texts = scene(encoder)
    found = patchsim(encoder, view, texts)
    visual, stages = encoder.model.visual, []
    handle = visual.layer4.register_forward_hook(lambda _m, _i, output: stages.append(output))
    with torch.no_grad():
        visual(to_tensor(view[None], encoder.preprocess))
        handle.remove()
        pool = visual.attnpool
        tokens = stages[0].flatten(2).transpose(1, 2)[0] + pool.positional_embedding[1:]
        vectors = normalize(pool.c_proj(pool.v_proj(tokens)), dim=-1)
    expected = vectors @ torch.from_numpy(texts).T
    np.testing.assert_allclose(found.grid.reshape(len(texts), -1), expected.T, atol=1e-5)
