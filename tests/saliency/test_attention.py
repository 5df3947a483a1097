import copy
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.jobs import Cancelled, JobContext
from vlm_explorer.saliency.attention import attention_maps, attention_row
from vlm_explorer.saliency.rollout import rollout


def torch_attention(encoder, view):
    """Return a native tower's attention (L, H, N, N) by torch's own need_weights."""
    from vlm_explorer.encoders.preprocess import to_tensor

    visual, found = copy.deepcopy(encoder.model.visual), []
    for block in visual.transformer.resblocks:
        module = block.attn

        def forward(tokens, *_args, _module=module, _forward=module.forward, **_kwargs):
            out, weights = _forward(
                tokens, tokens, tokens, need_weights=True, average_attn_weights=False
            )
            found.append(weights[0])
            return out, None

        module.forward = forward
    with torch.no_grad():
        visual(to_tensor(view[None], encoder.preprocess))
    return torch.stack(found).numpy().astype(np.float64)


def test_that_a_row_and_the_prefix_sum_to_one(encoder, photo):
    maps = attention_maps(encoder, photo)
    for layer, heads in enumerate(maps.heads):
        queries = ["auto"]
        if maps.has_patch_queries(layer):
            queries += ["mean", (0, 0), (maps.geometry.grid_hw[0] - 1, 2)]
        for head in [*range(heads), "mean"]:
            for query in queries:
                grid, prefix = maps.row(layer, head, query)
                assert grid.shape == maps.geometry.grid_hw
                assert grid.dtype == np.float32
                assert grid.sum() + prefix == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("kind", ["clip", "padded", "oblong"])
def test_that_rows_are_those_of_torchs_attention(encoders, photo, kind):
    encoder = encoders[kind]
    maps = attention_maps(encoder, photo)
    expected = torch_attention(encoder, encoder.view(photo))
    height, width = maps.geometry.grid_hw
    for layer, attention in enumerate(expected):
        for query, row in [("cls", 0), ("auto", 0), ((1, 2), 1 + width + 2)]:
            for head, fused in [
                (1, attention[1, row]),
                ("mean", attention[:, row].mean(axis=0)),
                ("max", attention[:, row].max(axis=0)),
            ]:
                grid, prefix = attention_row(maps, layer, head, query)
                np.testing.assert_allclose(grid.ravel(), fused[1:], atol=1e-6)
                assert prefix == pytest.approx(fused[0], abs=1e-6)
        mean, _ = maps.row(layer, "mean", "mean")
        np.testing.assert_allclose(mean.ravel(), attention[:, 1:, 1:].mean((0, 1)), atol=1e-6)
    assert (height, width) == {"clip": (4, 4), "padded": (7, 7), "oblong": (5, 8)}[kind]


def test_that_columns_are_those_of_torchs_attention(encoders, photo):
    encoder = encoders["oblong"]
    maps = attention_maps(encoder, photo)
    expected = torch_attention(encoder, encoder.view(photo))
    _, width = maps.geometry.grid_hw
    for layer, attention in enumerate(expected):
        key = 1 + 3 * width + 4
        for head, fused in [
            (1, attention[1, :, key]),
            ("mean", attention[:, :, key].mean(axis=0)),
            ("max", attention[:, :, key].max(axis=0)),
        ]:
            grid, prefix = maps.column(layer, (3, 4), head)
            np.testing.assert_allclose(grid.ravel(), fused[1:], atol=1e-6)
            np.testing.assert_allclose(prefix, fused[:1], atol=1e-6)
    siglip = attention_maps(encoders["medsiglip"], photo)  # no class token
    assert siglip.column(0, (0, 0))[1].size == 0
    with pytest.raises(NotSupported, match="pooling query"):
        siglip.column(-1, (0, 0))
    with pytest.raises(UsageError, match="no patch"):
        siglip.column(0, (10, 0))


def test_that_a_map_needs_one_pass_only(encoders, photo):
    encoder = encoders["clip"]
    calls = []
    handle = encoder.model.visual.conv1.register_forward_hook(lambda *_: calls.append(1))
    try:
        maps = attention_maps(encoder, photo)
        for layer in range(len(maps.layers)):
            maps.row(layer)
        maps.entropy()
        rollout(maps)
    finally:
        handle.remove()
    assert len(calls) == 1


def test_that_layers_count_backwards_from_minus_one(encoders, photo):
    maps = attention_maps(encoders["siglip"], photo)
    assert maps.layers[-1] == "Pooling head"
    assert maps.layers[0] == "Block 1"
    np.testing.assert_array_equal(maps.row(-1)[0], maps.row(len(maps.layers) - 1)[0])
    assert maps.default_query(-1) == "probe"
    assert maps.default_query(0) == "mean"
    assert attention_maps(encoders["biomedclip"], photo).default_query() == "cls"


def test_that_what_is_not_there_is_refused(encoders, photo):
    maps = attention_maps(encoders["siglip"], photo)
    with pytest.raises(UsageError, match="no layer"):
        maps.row(len(maps.layers))
    with pytest.raises(UsageError, match="no head"):
        maps.row(-1, 99)
    with pytest.raises(UsageError, match="no head"):
        maps.row(-1, "median")
    with pytest.raises(NotSupported, match="pooling query"):
        maps.row(-1, "mean", (0, 0))
    with pytest.raises(NotSupported, match="probe"):
        maps.row(0, "mean", "probe")
    with pytest.raises(UsageError, match="no patch"):
        maps.row(0, "mean", (0, 10))


def test_that_entropy_is_that_of_the_rows(encoders, photo):
    maps = attention_maps(encoders["biomedclip"], photo)
    table = maps.entropy()
    assert table.shape == (len(maps.layers), max(maps.heads))
    row = maps.attention(2, "cls")[1, 0].astype(np.float64)
    assert table[2, 1] == pytest.approx(-(row * np.log2(row)).sum(), abs=1e-5)
    assert (table <= np.log2(row.size) + 1e-5).all()


def test_that_outliers_are_the_far_longer_tokens(encoders, photo):
    maps = attention_maps(encoders["clip"], photo)
    lengths = np.full(17, 10.0, np.float32)
    lengths[1:] += np.linspace(-0.1, 0.1, 16, dtype=np.float32)
    lengths[[0, 7]] = 80
    marked = replace(maps, norms=(maps.norms[0], lengths, maps.norms[2])).outlier_tokens()
    assert np.argwhere(marked).tolist() == [[1, 2]]
    even = replace(maps, norms=(maps.norms[0], np.ones(17, np.float32), maps.norms[2]))
    assert not even.outlier_tokens().any()
    assert not attention_maps(encoders["resnet"], photo).outlier_tokens().any()


def test_that_rollout_is_the_product_of_all_blocks(encoders, photo):
    encoder = encoders["clip"]
    maps = attention_maps(encoder, photo)
    attention = torch_attention(encoder, encoder.view(photo))
    for fusion in ("mean", "max", "min"):
        for start in (0, 1):
            product = np.eye(attention.shape[-1])
            for layer in getattr(attention, fusion)(axis=1)[start:]:
                step = layer + np.eye(len(layer))
                product = step / step.sum(axis=1, keepdims=True) @ product
            grid, prefix = rollout(maps, fusion=fusion, start_layer=start)
            np.testing.assert_allclose(grid.ravel(), product[0, 1:], atol=1e-6)
            assert prefix == pytest.approx(product[0, 0], abs=1e-6)


def test_that_rollout_of_siglip_ends_in_the_pooling_head(encoders, photo):
    maps = attention_maps(encoders["siglip"], photo)
    product = np.eye(maps.keys[0].shape[1])
    for layer in range(len(maps.layers) - 1):
        step = maps.attention(layer).mean(axis=0) + np.eye(len(product))
        product = step / step.sum(axis=1, keepdims=True) @ product
    expected = maps.attention(-1).mean(axis=0)[0] @ product
    grid, prefix = rollout(maps)
    first = maps.prefixes[0]
    np.testing.assert_allclose(grid.ravel(), expected[first:], atol=1e-6)
    assert grid.sum() + prefix == pytest.approx(1, abs=1e-5)


def test_that_rollout_reaches_patches_from_a_head_that_leaves_out_the_class_token(encoders, photo):
    maps = attention_maps(encoders["siglip"], photo)
    keys = (*maps.keys[:-1], maps.keys[-1][:, 1:])
    grid, prefix = rollout(replace(maps, keys=keys, prefixes=(*maps.prefixes[:-1], 0)))
    assert grid.sum() + prefix == pytest.approx(1, abs=1e-5)
    assert grid.shape == (10, 10)


def test_that_discarding_keeps_the_class_tokens_column(encoders, photo):
    encoder = encoders["clip"]
    maps = attention_maps(encoder, photo)
    product = np.eye(17)
    for layer in torch_attention(encoder, encoder.view(photo)).mean(axis=1):
        step = layer.copy()
        smallest = np.argsort(step.ravel(), kind="stable")[: int(0.6 * step.size)]
        step.ravel()[[place for place in smallest if place % 17]] = 0
        step += np.eye(17)
        product = step / step.sum(axis=1, keepdims=True) @ product
    np.testing.assert_allclose(
        rollout(maps, discard_ratio=0.6)[0].ravel(), product[0, 1:], atol=1e-6
    )


def test_that_rollout_refuses_what_it_cannot_do(encoders, photo):
    with pytest.raises(NotSupported, match="single"):
        rollout(attention_maps(encoders["resnet"], photo))
    maps = attention_maps(encoders["clip"], photo)
    with pytest.raises(UsageError, match="starts at"):
        rollout(maps, start_layer=3)
    with pytest.raises(UsageError, match="discards"):
        rollout(maps, discard_ratio=1.0)
    with pytest.raises(UsageError, match="fusion"):
        rollout(maps, fusion="median")


def test_that_a_cancelled_job_reads_nothing(encoders, photo):
    context = JobContext()
    context.cancel()
    with pytest.raises(Cancelled):
        attention_maps(encoders["clip"], photo, context=context)


def test_that_two_threads_find_what_each_finds_alone(encoders, photo):
    encoder, other = encoders["biomedclip"], np.ascontiguousarray(photo[::-1])
    alone = [attention_maps(encoder, picture) for picture in (photo, other)]
    vectors = encoder.encode_images([photo])
    for _ in range(5):
        with ThreadPoolExecutor(3) as pool:
            jobs = [pool.submit(attention_maps, encoder, picture) for picture in (photo, other)]
            encoding = pool.submit(encoder.encode_images, [photo])
        for job, expected in zip(jobs, alone, strict=True):
            for layer in range(len(expected.layers)):
                np.testing.assert_allclose(
                    job.result().row(layer)[0], expected.row(layer)[0], atol=1e-6
                )
        np.testing.assert_allclose(encoding.result(), vectors, atol=1e-6)
