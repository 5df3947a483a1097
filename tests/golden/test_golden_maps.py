"""Maps of the methods' best-known packages on tiny towers, written by the recipes beside this."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from towers import LAYERS, TOWERS, Scene, read

from vlm_explorer.encoders.preprocess import Geometry, PreprocessConfig
from vlm_explorer.saliency.attention import attention_maps
from vlm_explorer.saliency.found import tower_of
from vlm_explorer.saliency.geometry import to_original
from vlm_explorer.saliency.gradients import gradcam, legrad
from vlm_explorer.saliency.occlusion import occlude
from vlm_explorer.saliency.rollout import rollout


@dataclass
class Bare:
    """A tower as an encoder, as far as saliency looks at it."""

    scene: Scene
    id: str = "tiny"
    device: str = "cpu"
    precision: str = "fp32"
    logit_scale: float = 100.0

    def __post_init__(self):
        self.model = SimpleNamespace(visual=self.scene.visual)
        mean = (0.5, 0.5, 0.5)
        side = len(self.scene.view)
        self.preprocess = PreprocessConfig(size=side, mean=mean, std=mean, resize_mode="squash")

    def view(self, image):
        return image

    def encode_images(self, images, **_settings):
        pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
        with torch.no_grad():
            vectors = self.scene.visual((pixels - 0.5) / 0.5)
        return torch.nn.functional.normalize(vectors, dim=-1).numpy()


def scene_of(kind):
    scene = Scene(kind)
    return Bare(scene), scene.view, scene.texts.numpy()


def assert_near(found, expected, *, within=1e-5):
    np.testing.assert_allclose(found, expected, rtol=0, atol=within, equal_nan=False)


def scaled(maps, least=0.0):
    """Scale each map to 0..1, as the packages do; grad-cam adds 1e-7 to the range."""
    low, high = (edge(maps, axis=(1, 2), keepdims=True) for edge in (np.min, np.max))
    return (maps - low) / (high - low + least)


def enlarged(maps, side):
    """Enlarge maps (P, gh, gw) to (P, side, side) as overlays are enlarged.

    The packages stretch a grid over the whole image, and know of no pixels beyond its end.
    """
    square, grid = (side, side), maps.shape[1:]
    stretched = Geometry(
        orig_hw=square, resized_hw=square, offset_yx=(0, 0), input_hw=square, mode="squash",
        grid_hw=grid, patch_hw=(side / grid[0], side / grid[1]),
    )  # fmt: skip
    return np.stack([to_original(each, stretched) for each in maps])


@pytest.mark.parametrize("kind", ["native", "pooling"])
@pytest.mark.parametrize(("name", "start"), [("all", 0), ("last_two", LAYERS - 2)])
def test_that_legrad_is_that_of_its_authors(kind, name, start):
    encoder, view, texts = scene_of(kind)
    grid = legrad(encoder, view, texts, start_layer=start, norm=False).grid
    grid = scaled(grid) if kind == "pooling" else grid  # before it is enlarged, or only behind
    found = enlarged(grid, len(view))
    found = found if kind == "pooling" else scaled(found)
    assert_near(found, read(f"legrad-{kind}")[name])


@pytest.mark.parametrize("kind", sorted(TOWERS))
def test_that_gradcam_is_that_of_grad_cam(kind):
    encoder, view, texts = scene_of(kind)
    grid = scaled(gradcam(encoder, view, texts).grid, 1e-7)
    found = scaled(enlarged(grid, len(view)), 1e-7)
    # a ResNet's channels cancel out to a tenth of what they are, and the range is a tenth of that
    near = 2e-5 if kind == "resnet" else 1e-5
    assert_near(found, read(f"gradcam-{kind}")["maps"], within=near)


@pytest.mark.parametrize("kind", ["native", "oblong"])
@pytest.mark.parametrize(
    ("name", "window", "stride"), [("tiles", 2, 2), ("overlapping", 2, 1), ("single", 1, 1)]
)
def test_that_occlusion_is_that_of_captum(kind, name, window, stride):
    encoder, view, texts = scene_of(kind)
    tower = tower_of(encoder)
    grid, _, _ = occlude(encoder, tower, view, texts, window=window, stride=stride, baseline="mean")
    expected = read(f"occlusion-{kind}")[name]
    found = grid.repeat(tower.patch_hw[0], axis=1).repeat(tower.patch_hw[1], axis=2)
    assert_near(found, expected)


@pytest.mark.parametrize("kind", ["timm", "registers"])
@pytest.mark.parametrize("fusion", ["mean", "max", "min"])
def test_that_rollout_is_that_of_fast_vit_rollout(kind, fusion):
    encoder, view, _ = scene_of(kind)
    grid, prefix = rollout(attention_maps(encoder, view), fusion=fusion)
    expected = read(f"rollout-{kind}")[fusion]
    tokens = len(expected) - grid.size
    assert_near(grid.ravel(), expected[tokens:])
    assert_near(prefix, expected[:tokens].sum())
