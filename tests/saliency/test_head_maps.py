import numpy as np
import pytest

from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import Cancelled, JobContext
from vlm_explorer.saliency.attention import attention_maps
from vlm_explorer.saliency.explain import explain
from vlm_explorer.saliency.head_maps import head_maps


def test_that_heads_are_the_rows_of_attention_with_their_figures(encoder, photo):
    maps = attention_maps(encoder, photo)
    for layer, count in enumerate(maps.heads):
        found = head_maps(maps, layer)
        assert found.heads == ("mean", "max", *range(count))
        assert found.query == maps.default_query(layer)
        attention = maps.attention(layer, "auto").astype(np.float64).mean(axis=1)
        assert found.tokens == attention.shape[1]
        for place, head in enumerate(found.heads):
            grid, prefix_mass = maps.row(layer, head)
            np.testing.assert_allclose(found.grid[place], grid, atol=1e-6)
            assert found.prefix_mass[place] == pytest.approx(prefix_mass, abs=1e-5)
        bits = -(attention * np.log2(attention)).sum(axis=1)
        np.testing.assert_allclose(found.entropy[2:], bits, atol=1e-4)
        mean = attention.mean(axis=0)
        assert found.entropy[0] == pytest.approx(-(mean * np.log2(mean)).sum(), abs=1e-4)
        assert np.isnan(found.entropy[1])


def test_that_a_patch_is_the_query_where_patches_look(encoders, photo):
    maps = attention_maps(encoders["siglip"], photo)
    assert head_maps(maps, 0, (1, 2)).query == (1, 2)
    np.testing.assert_allclose(
        head_maps(maps, 0, (1, 2)).grid[2], maps.row(0, 0, (1, 2))[0], atol=1e-6
    )
    assert head_maps(maps, -1, (1, 2)).query == "probe"


def test_that_one_head_of_a_large_tower_is_held_at_a_time(encoders, photo, monkeypatch):
    maps = attention_maps(encoders["siglip"], photo)
    monkeypatch.setattr(type(maps), "attention", lambda *_: pytest.fail("a stack of heads"))
    assert head_maps(maps, 0).grid.shape[0] == maps.heads[0] + 2
    context = JobContext()
    context.cancel()
    with pytest.raises(Cancelled):
        head_maps(maps, 0, context=context)


def test_that_a_column_is_explained_as_one(encoders, photo):
    encoder = encoders["clip"]
    found = explain(encoder, photo, method="attention", layer=0, query=(1, 2), column=True)
    maps = attention_maps(encoder, photo)
    grid, before = maps.column(0, (1, 2))
    np.testing.assert_allclose(found.grid[0], grid, atol=1e-6)
    assert found.params["column"] is True
    assert found.params["prefix_attention"] == pytest.approx(before.tolist(), abs=1e-6)
    with pytest.raises(UsageError, match="none was given"):
        explain(encoder, photo, method="attention", column=True)
