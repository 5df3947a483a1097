import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vlm_explorer.encoders.preprocess import PreprocessConfig, plan
from vlm_explorer.saliency.geometry import (
    share_in_padding,
    share_unseen,
    to_original,
)

MODES = ("shortest", "longest", "squash")


def open_clips_view(image, size, mode):
    """Return what open_clip's own transform makes of a float picture."""
    from open_clip.transform import CenterCropOrPad, ResizeKeepRatio
    from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Resize

    bilinear = InterpolationMode.BILINEAR
    steps = {
        "squash": [Resize((size, size), interpolation=bilinear)],
        "shortest": [Resize(size, interpolation=bilinear), CenterCrop((size, size))],
        "longest": [
            ResizeKeepRatio((size, size), interpolation=bilinear, longest=1),
            CenterCropOrPad((size, size), fill=float("nan")),
        ],
    }
    return np.asarray(Compose(steps[mode])(Image.fromarray(image)))


@settings(max_examples=60)
@given(
    height=st.integers(20, 400),
    width=st.integers(20, 400),
    size=st.sampled_from([56, 112, 160, 224]),
    mode=st.sampled_from(MODES),
    axis=st.sampled_from([0, 1]),
)
def test_that_a_ramp_comes_back_to_where_it_was(height, width, size, mode, axis):
    ramp = np.mgrid[:height, :width][axis].astype(np.float32)
    seen = open_clips_view(ramp, size, mode)
    geometry = plan(height, width, PreprocessConfig(size=size, resize_mode=mode), (size, size))
    back = to_original(seen, geometry)
    scale = geometry.resized_hw[axis] / geometry.orig_hw[axis]
    # Where the resampling kernel runs over the picture's edge, the ramp itself is not linear.
    edge = int(np.ceil(2 + 2 / min(scale, 1)))
    inside = np.zeros((height, width), bool)
    inside[edge : height - edge, edge : width - edge] = True
    inside &= np.isfinite(back)
    # Beyond the outermost centres values stay as they are, by half an input pixel.
    rim = np.isfinite(to_original(np.where(frame(size), np.nan, seen), geometry))
    error = np.abs(back - ramp)[inside & rim] * scale
    assert error.max(initial=0) < 0.1


def frame(size):
    rim = np.ones((size, size), bool)
    rim[1:-1, 1:-1] = False
    return rim


@pytest.mark.parametrize("mode", MODES)
def test_that_a_hot_patch_lands_on_what_the_encoder_saw_in_it(mode):
    config = PreprocessConfig(size=64, resize_mode=mode, interpolation="bilinear")
    geometry = plan(200, 120, config, (4, 8), (16, 8))
    for patch in [(1, 3), (2, 4)]:
        grid = np.zeros((4, 8), np.float32)
        grid[patch] = 1
        overlay = to_original(grid, geometry, "nearest")
        hot = np.nan_to_num(overlay).astype(np.float32)
        seen = np.nan_to_num(open_clips_view(hot, 64, mode))
        expected = np.kron(grid, np.ones((16, 8)))
        assert np.abs(seen - expected)[expected == 1].mean() < 0.2
        assert np.abs(seen - expected)[expected == 0].mean() < 0.02


def test_that_what_was_cut_off_is_not_a_number():
    geometry = plan(100, 200, PreprocessConfig(size=50), (5, 5))
    overlay = to_original(np.ones((5, 5), np.float32), geometry)
    assert overlay.shape == (100, 200)
    assert overlay.dtype == np.float32
    assert np.isnan(overlay[:, :50]).all()
    assert np.isnan(overlay[:, 150:]).all()
    assert (overlay[:, 50:150] == 1).all()
    assert share_unseen(geometry) == pytest.approx(0.5)


def test_that_pixels_beyond_the_last_whole_patch_are_unseen():
    geometry = plan(64, 64, PreprocessConfig(size=64), (4, 4), (14, 14))
    overlay = to_original(np.ones((4, 4), np.float32), geometry)
    assert np.isfinite(overlay[:56, :56]).all()
    assert np.isnan(overlay[56:]).all()
    assert np.isnan(overlay[:, 56:]).all()


def test_that_padding_hides_nothing_and_its_share_is_told():
    geometry = plan(100, 200, PreprocessConfig(size=80, resize_mode="longest"), (4, 4))
    assert share_unseen(geometry) == 0
    assert np.isfinite(to_original(np.ones((4, 4), np.float32), geometry)).all()
    assert share_in_padding(np.ones((4, 4), np.float32), geometry) == pytest.approx(0.5)
    middle = np.zeros((4, 4), np.float32)
    middle[1:3] = -1
    assert share_in_padding(middle, geometry) == 0
    assert share_in_padding(np.zeros((4, 4), np.float32), geometry) == 0


@pytest.mark.parametrize("grid_hw", [(1, 1), (1, 4), (7, 7), (5, 8)])
def test_that_bilinear_values_are_torchs_without_aligned_corners(grid_hw):
    import torch

    size = 280
    grid = np.random.default_rng(0).normal(size=grid_hw).astype(np.float32)
    patch = (size // grid_hw[0], size // grid_hw[1])
    config = PreprocessConfig(size=size, resize_mode="squash")
    overlay = to_original(grid, plan(size, size, config, grid_hw, patch))
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(grid)[None, None], (size, size), mode="bilinear", align_corners=False
    )
    np.testing.assert_allclose(overlay, expected[0, 0].numpy(), atol=1e-5)


def test_that_a_constant_map_stays_constant():
    geometry = plan(301, 77, PreprocessConfig(size=112, resize_mode="squash"), (14, 14))
    for interp in ("bilinear", "nearest"):
        np.testing.assert_array_equal(
            to_original(np.full((14, 14), 0.25, np.float32), geometry, interp), 0.25
        )
