"""Tiny image towers with random weights, for the recipes beside this file and for their test.

Run this first: it writes the weights, which are loaded from then on, so that neither a library's
way to initialise nor a generator of random numbers has to stay as it is. It imports nothing of this
project: recipes run in environments of their own, in which it is not installed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn.functional import normalize

SIDE, PATCH, WIDTH, LAYERS, HEADS, OUT = 32, 8, 32, 3, 4, 24
PROMPTS = 3
# Rows and columns of patches that are not square, where a peer can follow: 3 x 4.
OBLONG_PATCH = (10, 8)


def native(patch: int | tuple[int, int] = PATCH) -> nn.Module:
    """open_clip's own Vision Transformer, pooled by its class token."""
    from open_clip.transformer import VisionTransformer

    return VisionTransformer(
        image_size=SIDE, patch_size=patch, width=WIDTH, layers=LAYERS, heads=HEADS, mlp_ratio=4,
        output_dim=OUT,
    )  # fmt: skip


def timm(*, pooling: bool = False, registers: int = 0, patch: object = PATCH) -> nn.Module:
    """timm's in open_clip's shell: a class token, or a pooling head as in SigLIP."""
    from open_clip.timm_model import TimmModel
    from timm.models.vision_transformer import VisionTransformer

    kind = {"class_token": False, "global_pool": "map"} if pooling else {"reg_tokens": registers}
    visual = TimmModel.__new__(TimmModel)
    nn.Module.__init__(visual)
    visual.image_size = (SIDE, SIDE)
    visual.trunk = VisionTransformer(
        img_size=SIDE, patch_size=patch, embed_dim=WIDTH, depth=LAYERS, num_heads=HEADS,
        num_classes=0, **kind,
    )  # fmt: skip
    visual.head = nn.Sequential()
    if not pooling:
        visual.head.add_module("proj", nn.Linear(WIDTH, OUT, bias=False))
    return visual


def resnet() -> nn.Module:
    """CLIP's modified ResNet, of one block a stage; its last stage is 4 x 4."""
    from open_clip.modified_resnet import ModifiedResNet

    return ModifiedResNet(layers=[1, 1, 1, 1], output_dim=OUT, heads=HEADS, image_size=128, width=4)


TOWERS = {
    "native": native,
    "oblong": lambda: native(OBLONG_PATCH),
    "timm": timm,
    "registers": lambda: timm(registers=3),
    "pooling": lambda: timm(pooling=True),
    "resnet": resnet,
}


class Scene:
    """A tower, an image that it sees and prompts.

    Attributes:
        visual: the tower, float32.
        view: uint8 (S, S, 3).
        pixels: float32 (1, 3, S, S), the view with mean and deviation 0.5.
        texts: float32 (P, D), unit rows.
    """

    def __init__(self, kind: str) -> None:
        self.visual = TOWERS[kind]().eval()
        kept = read(f"tower-{kind}")
        self.view, self.texts = kept.pop("view"), torch.from_numpy(kept.pop("texts"))
        weights = {key: torch.from_numpy(array) for key, array in kept.items()}
        self.visual.load_state_dict(weights)
        channels = torch.from_numpy(self.view).permute(2, 0, 1)[None]
        self.pixels = (channels.float() / 255 - 0.5) / 0.5


def read(name: str) -> dict[str, np.ndarray]:
    """Return the arrays that are kept under a name."""
    with np.load(_file(name)) as arrays:
        return {key: arrays[key] for key in arrays.files}


def keep(name: str, **arrays: np.ndarray) -> None:
    """Write arrays beside this file."""
    np.savez_compressed(_file(name), **arrays)
    print(f"{name}: {_file(name).stat().st_size / 1000:.0f} kB")


def _file(name: str) -> Path:
    return Path(__file__).with_name(f"{name}.npz")


def _make(kind: str, seed: int) -> None:
    """Write a tower's weights, exact in half precision to be small, an image and prompts."""
    torch.manual_seed(seed)
    weights = TOWERS[kind]().state_dict()
    noise = 0.3 if kind == "resnet" else 0.05  # what its blocks add begins at 0
    for name, tensor in weights.items():
        if tensor.is_floating_point():
            # scales of 1 and offsets of 0, as at first, would hide mistakes
            tensor.add_(noise * torch.randn(tensor.shape))
        if name.endswith("running_var"):
            tensor.clamp_(min=0.5)
    side = 128 if kind == "resnet" else SIDE
    down, across = np.mgrid[:side, :side] / side
    light = 130 * (np.hypot(down - 0.3, across - 0.6) < 0.25)
    view = torch.randint(0, 120, (side, side, 3)).numpy() + light[..., None]
    texts = normalize(torch.randn(PROMPTS, WIDTH if kind == "pooling" else OUT), dim=-1)
    arrays = {
        key: (tensor.half() if tensor.is_floating_point() else tensor).numpy()
        for key, tensor in weights.items()
    }
    keep(f"tower-{kind}", view=view.astype(np.uint8), texts=texts.numpy(), **arrays)


class Scores(nn.Module):
    """Images to their cosines with prompts, (B, 3, S, S) to (B, P): what peers explain."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self.visual, self.texts = scene.visual, scene.texts

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return normalize(self.visual(pixels), dim=-1) @ self.texts.T


if __name__ == "__main__":
    for number, kind in enumerate(TOWERS):
        _make(kind, seed=20 if kind == "resnet" else number)
