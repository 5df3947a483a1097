import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import multi_head_attention_forward

from vlm_explorer.encoders.preprocess import to_tensor
from vlm_explorer.errors import NotSupported
from vlm_explorer.saliency.taps import capture, shadow
from vlm_explorer.saliency.tower import read_tower


def tapped_attention(encoder, view):
    """Return each layer's attention (H, Q, N) and the image's vector."""
    with capture(encoder) as tapped:
        vector = tapped.encode(view[None])[0]
        return [
            torch.softmax(tap.query[0] @ tap.key[0].transpose(1, 2), dim=-1) for tap in tapped.taps
        ], vector


def run_tower(encoder, visual, view):
    with torch.no_grad():
        return visual(to_tensor(view[None], encoder.preprocess))


def all_hooks(module):
    return [
        hook
        for part in module.modules()
        for hook in (*part._forward_hooks.values(), *part._forward_pre_hooks.values())
    ]


def test_that_every_row_of_attention_sums_to_one(encoder, photo):
    layers, _ = tapped_attention(encoder, encoder.view(photo))
    assert layers
    for attention in layers:
        torch.testing.assert_close(attention.sum(-1), torch.ones(attention.shape[:2]))


def test_that_a_native_block_has_the_weights_that_torch_returns(encoders, photo):
    encoder = encoders["clip"]
    layers, _ = tapped_attention(encoder, encoder.view(photo))
    visual, inputs = copy.deepcopy(encoder.model.visual), []
    for block in visual.transformer.resblocks:
        block.attn.register_forward_pre_hook(lambda module, args: inputs.append((module, args[0])))
    run_tower(encoder, visual, encoder.view(photo))
    assert len(inputs) == len(layers)
    for (module, tokens), found in zip(inputs, layers, strict=True):
        module._forward_pre_hooks.clear()
        with torch.no_grad():
            _, expected = module(
                tokens, tokens, tokens, need_weights=True, average_attn_weights=False
            )
        torch.testing.assert_close(found, expected[0], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", ["biomedclip", "siglip"])
def test_that_a_timm_block_has_the_weights_of_unfused_attention(encoders, photo, kind):
    encoder = encoders[kind]
    layers, _ = tapped_attention(encoder, encoder.view(photo))
    visual, expected = copy.deepcopy(encoder.model.visual), []
    for block in visual.trunk.blocks:
        block.attn.fused_attn = False
        block.attn.attn_drop.register_forward_hook(lambda _m, _i, weights: expected.append(weights))
    run_tower(encoder, visual, encoder.view(photo))
    blocks = layers[: len(visual.trunk.blocks)]
    assert len(expected) == len(blocks)
    for found, weights in zip(blocks, expected, strict=True):
        torch.testing.assert_close(found, weights[0], atol=2e-6, rtol=1e-4)


def test_that_siglips_pooling_head_gives_out_what_its_attention_weighs(encoders, photo):
    encoder = encoders["siglip"]
    layers, _ = tapped_attention(encoder, encoder.view(photo))
    visual, seen = copy.deepcopy(encoder.model.visual), {}
    pool = visual.trunk.attn_pool
    pool.kv.register_forward_hook(lambda _m, _i, output: seen.update(kv=output))
    pool.proj.register_forward_pre_hook(lambda _m, args: seen.update(pooled=args[0]))
    run_tower(encoder, visual, encoder.view(photo))
    value = seen["kv"][0].chunk(2, dim=-1)[1].unflatten(-1, (pool.num_heads, -1)).transpose(0, 1)
    expected = (layers[-1] @ value).transpose(0, 1).flatten(1)
    torch.testing.assert_close(expected, seen["pooled"][0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", ["plip", "medsiglip"])
def test_that_transformers_blocks_have_the_weights_of_eager_attention(encoders, photo, kind):
    from transformers import AutoModel

    encoder = encoders[kind]
    layers, _ = tapped_attention(encoder, encoder.view(photo))
    model = AutoModel.from_pretrained(encoder.folder, attn_implementation="eager").eval()
    pixels = to_tensor(encoder.view(photo)[None], encoder.preprocess)
    with torch.no_grad():
        expected = model.vision_model(pixel_values=pixels, output_attentions=True).attentions
    assert len(expected) == 3
    for found, weights in zip(layers, expected, strict=False):
        torch.testing.assert_close(found, weights[0], atol=1e-6, rtol=1e-4)
    assert len(layers) == (4 if kind == "medsiglip" else 3)


def test_that_transformers_pooling_head_has_the_weights_that_torch_returns(encoders, photo):
    encoder = encoders["medsiglip"]
    layers, _ = tapped_attention(encoder, encoder.view(photo))
    visual, seen = copy.deepcopy(encoder.model.visual), []
    attention = visual.tower.head.attention
    attention.register_forward_pre_hook(lambda _m, args: seen.append(args))
    run_tower(encoder, visual, encoder.view(photo))
    attention._forward_pre_hooks.clear()
    with torch.no_grad():
        _, expected = attention(*seen[0], need_weights=True, average_attn_weights=False)
    torch.testing.assert_close(layers[-1], expected[0], atol=1e-6, rtol=1e-5)


def test_that_a_resnets_pooling_has_the_weights_that_torch_returns(encoders, photo):
    encoder = encoders["resnet"]
    (found,), _ = tapped_attention(encoder, encoder.view(photo))
    visual, seen = copy.deepcopy(encoder.model.visual), []
    visual.attnpool.register_forward_pre_hook(lambda _m, args: seen.append(args[0]))
    run_tower(encoder, visual, encoder.view(photo))
    pool = visual.attnpool
    tokens = seen[0].flatten(2).permute(2, 0, 1)
    tokens = torch.cat([tokens.mean(0, keepdim=True), tokens]) + pool.positional_embedding[:, None]
    _, expected = multi_head_attention_forward(
        query=tokens[:1],
        key=tokens,
        value=tokens,
        embed_dim_to_check=tokens.shape[-1],
        num_heads=pool.num_heads,
        in_proj_weight=None,
        in_proj_bias=torch.cat([pool.q_proj.bias, pool.k_proj.bias, pool.v_proj.bias]),
        bias_k=None,
        bias_v=None,
        add_zero_attn=False,
        dropout_p=0.0,
        out_proj_weight=pool.c_proj.weight,
        out_proj_bias=pool.c_proj.bias,
        use_separate_proj_weight=True,
        q_proj_weight=pool.q_proj.weight,
        k_proj_weight=pool.k_proj.weight,
        v_proj_weight=pool.v_proj.weight,
        training=False,
        need_weights=True,
        average_attn_weights=False,
    )
    torch.testing.assert_close(found, expected[0], atol=1e-6, rtol=1e-5)


def test_that_the_tapped_tower_encodes_as_the_encoder_does(encoder, photo):
    _, vector = tapped_attention(encoder, encoder.view(photo))
    np.testing.assert_allclose(vector.numpy(), encoder.encode_images([photo])[0], atol=1e-6)


def test_that_the_encoder_is_never_touched(encoder, photo):
    before = encoder.encode_images([photo])
    shadows = []

    def fail_midway():
        with capture(encoder) as tapped:
            shadows.append(tapped.visual)
            tapped.encode(encoder.view(photo)[None])
            np.testing.assert_array_equal(encoder.encode_images([photo]), before)
            assert all_hooks(encoder.model) == []
            assert all_hooks(tapped.visual) or "forward" in vars(tapped.visual.attnpool)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail_midway()
    assert all_hooks(encoder.model) == []
    assert all_hooks(shadows[0]) == []
    np.testing.assert_array_equal(encoder.encode_images([photo]), before)


def test_that_fused_attention_stays_on(encoders, photo):
    with capture(encoders["biomedclip"]) as tapped:
        tapped.encode(encoders["biomedclip"].view(photo)[None])
        assert all(block.attn.fused_attn for block in tapped.visual.trunk.blocks)


def test_that_taps_are_in_single_precision_and_share_the_weights_that_are(encoders, photo):
    encoder = encoders["clip"]
    twin = shadow(encoder.model.visual)
    assert twin.conv1.weight is encoder.model.visual.conv1.weight
    half = replace(encoder, precision="bf16", model=copy.deepcopy(encoder.model).to(torch.bfloat16))
    with capture(half) as tapped:
        vector = tapped.encode(half.view(photo)[None])
    assert {tap.query.dtype for tap in tapped.taps} == {torch.float32}
    assert half.model.visual.conv1.weight.dtype == torch.bfloat16
    assert torch.cosine_similarity(vector, torch.from_numpy(encoder.encode_images([photo]))) > 0.999


def test_that_token_lengths_are_those_of_the_blocks_output(encoders, photo):
    encoder = encoders["biomedclip"]
    with capture(encoder) as tapped:
        tapped.encode(encoder.view(photo)[None])
    visual, outputs = copy.deepcopy(encoder.model.visual), []
    for block in visual.trunk.blocks:
        block.register_forward_hook(lambda _m, _i, output: outputs.append(output))
    run_tower(encoder, visual, encoder.view(photo))
    for tap, output in zip(tapped.taps, outputs, strict=True):
        torch.testing.assert_close(tap.norms, output.norm(dim=-1), atol=1e-4, rtol=1e-5)


def test_that_a_tower_with_registers_counts_them_before_the_patches():
    from timm.models.vision_transformer import VisionTransformer

    trunk = VisionTransformer(
        img_size=32, patch_size=8, embed_dim=32, depth=2, num_heads=4, num_classes=0, reg_tokens=3
    )
    tower = read_tower(torch.nn.ModuleDict({"trunk": trunk}), 32)
    assert [layer.prefix for layer in tower.layers] == [4, 4]
    assert tower.class_token
    assert tower.pooled_by == "class"
    assert tower.grid_hw == (4, 4)


def test_that_a_tower_without_a_class_token_is_pooled_over_its_patches():
    from timm.models.vision_transformer import VisionTransformer

    common = {"img_size": 32, "patch_size": 8, "embed_dim": 32, "depth": 2, "num_heads": 4}
    pooled = VisionTransformer(**common, num_classes=0, class_token=False, global_pool="map")
    averaged = VisionTransformer(**common, num_classes=0, class_token=False, global_pool="avg")
    towers = [read_tower(torch.nn.ModuleDict({"trunk": trunk}), 32) for trunk in (pooled, averaged)]
    assert [len(tower.layers) for tower in towers] == [3, 2]
    assert [layer.prefix for layer in towers[0].layers] == [0, 0, 0]
    assert [tower.pooled_by for tower in towers] == ["patches", "patches"]


def test_that_patches_behind_a_convolutional_stem_are_measured_on_the_input():
    """MobileCLIP2-B: the stem makes 14 x 14 of 224 pixels, the patches themselves are 1 x 1."""
    import timm

    with torch.device("meta"):
        trunk = timm.create_model("vit_base_mci_224", depth=1, num_classes=0)
    tower = read_tower(torch.nn.ModuleDict({"trunk": trunk}), 224)
    assert tower.grid_hw == (14, 14)
    assert tower.patch_hw == (16, 16)
    assert tower.pooled_by == "class"


def test_that_towers_that_cannot_be_read_say_why(encoders):
    import timm

    convolutional = torch.nn.ModuleDict({"trunk": timm.create_model("test_convnext")})
    assert "ConvNeXt" in read_tower(convolutional, 224).reason
    assert read_tower(convolutional, 224).grid_hw == (14, 14)
    rotary = timm.create_model("vit_tiny_patch16_224", depth=1)
    rotary.blocks[0].attn = torch.nn.Identity()
    assert "way of their own" in read_tower(torch.nn.ModuleDict({"trunk": rotary}), 224).reason
    hidden = replace(encoders["clip"], model=None)
    with pytest.raises(NotSupported, match="does not show its inside"), capture(hidden):
        pass
