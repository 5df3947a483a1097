import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vlm_explorer.saliency.explain import explain
from vlm_explorer.saliency.outliers import mute, muted


def lengthened(encoder, token):
    """Return the encoder with a block before the last that makes one token far longer."""
    from vlm_explorer.saliency.tower import read_tower

    model = copy.deepcopy(encoder.model)
    tower = read_tower(model.visual, encoder.preprocess.size)
    block = tower.blocks[-2].block

    def stretch(_module, _inputs, output):
        tokens = (output[0] if isinstance(output, tuple) else output).clone()
        tokens[:, token] *= 50
        return (tokens, *output[1:]) if isinstance(output, tuple) else tokens

    block.register_forward_hook(stretch)
    return replace(encoder, model=model), tower


def test_that_a_long_token_is_found_in_every_tower_and_by_every_method(encoder, photo):
    from vlm_explorer.saliency.explain import available_methods
    from vlm_explorer.saliency.tower import image_module, read_tower

    tower = read_tower(image_module(encoder), encoder.preprocess.size)
    if not tower.blocks:
        for method in ("attention", "patchsim"):
            assert not explain(encoder, photo, ["effusion"], method).outlier_tokens.any()
        return
    height, width = tower.grid_hw
    down, across = height - 1, 1
    prefix = tower.blocks[0].prefix
    with torch.no_grad():
        long, _ = lengthened(encoder, prefix + down * width + across)
    why_not = available_methods(long)
    for method in ("attention", "rollout", "legrad", "gradattn", "decomp", "patchsim"):
        if not why_not[method]:
            marked = explain(long, photo, ["effusion"], method).outlier_tokens
            assert marked[down, across], method
            # at random weights others may be long as well; most are not
            assert marked.sum() <= 0.2 * marked.size, method


def naive(grid, marks):
    """Return the muted map by the rule, cell by cell."""
    height, width = grid.shape
    quiet = grid.copy()
    for down in range(height):
        for across in range(width):
            if not marks[down, across]:
                continue
            around = [
                grid[y, x]
                for y in range(down - 1, down + 2)
                for x in range(across - 1, across + 2)
                if 0 <= y < height and 0 <= x < width and not marks[y, x]
            ]
            rest = around or grid[~marks]
            quiet[down, across] = np.median(rest) if len(rest) else np.nan
    return quiet


cells = st.floats(-4, 4, width=32)


@given(arrays(np.float32, st.just((2, 4, 5)), elements=cells), arrays(np.bool_, st.just((4, 5))))
def test_that_muted_cells_are_the_median_of_their_unmarked_neighbours(grids, marks):
    quiet = mute(grids, marks)
    for before, after in zip(grids, quiet, strict=True):
        np.testing.assert_allclose(after, naive(before, marks), atol=1e-6)
    np.testing.assert_array_equal(quiet[:, ~marks], grids[:, ~marks])


def test_that_a_muted_explanation_says_so_and_the_original_stays(encoders, photo):
    found = explain(encoders["clip"], photo, ["effusion"], "decomp")
    marks = np.zeros(found.grid.shape[1:], bool)
    marks[1, 2] = True
    found = replace(found, outlier_tokens=marks)
    before = found.grid.copy()
    quiet = muted(found)
    np.testing.assert_array_equal(found.grid, before)
    assert quiet.grid[0, 1, 2] == pytest.approx(
        np.median(np.delete(before[0, 0:3, 1:4].ravel(), 4)), abs=1e-7
    )
    assert quiet.params["muted_outlier_tokens"] == [[1, 2]]
    assert "1 outlier token is muted" in quiet.warnings[-1]
    assert not quiet.additive
    assert quiet.residual is None
    plain = replace(found, outlier_tokens=np.zeros_like(marks))
    assert muted(plain) is plain
