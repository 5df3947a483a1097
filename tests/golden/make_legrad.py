"""LeGrad by its authors' package: `pip install legrad-torch==1.1 torch==2.14.1`, then run this.

An environment of its own: it requires open_clip_torch 2.23 or older.
"""

from __future__ import annotations

import numpy as np
import torch
from legrad import LeWrapper
from torch import nn
from towers import LAYERS, Scene, keep


class Model(nn.Module):
    """What the package asks of a model."""

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self.visual = scene.visual

    def encode_image(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.visual(pixels)


def maps(kind: str, start: int) -> np.ndarray:
    """Return maps float32 (P, S, S), each scaled to 0..1 as the package does."""
    scene = Scene(kind)
    wrapped = LeWrapper(Model(scene), layer_index=start)
    found = []
    for text in scene.texts:
        settings = {"apply_correction": False} if kind == "pooling" else {}
        found.append(wrapped.compute_legrad(text[None], image=scene.pixels, **settings)[0, 0])
    return torch.stack(found).detach().numpy()


if __name__ == "__main__":
    for kind in ("native", "pooling"):
        keep(f"legrad-{kind}", all=maps(kind, 0), last_two=maps(kind, LAYERS - 2))
