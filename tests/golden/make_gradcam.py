"""Grad-CAM by its best-known package: `pip install grad-cam==1.5.7 open_clip_torch==3.3.0`."""

from __future__ import annotations

import numpy as np
from pytorch_grad_cam import GradCAM
from towers import Scene, Scores, keep

LAYER = {
    "native": lambda visual: visual.transformer.resblocks[-1].ln_1,
    "oblong": lambda visual: visual.transformer.resblocks[-1].ln_1,
    "timm": lambda visual: visual.trunk.blocks[-1].norm1,
    "registers": lambda visual: visual.trunk.blocks[-1].norm1,
    "pooling": lambda visual: visual.trunk.blocks[-1].norm1,
    "resnet": lambda visual: visual.layer4,
}
PREFIX = {"native": 1, "oblong": 1, "timm": 1, "registers": 4, "pooling": 0}
GRID = {"oblong": (3, 4)}


def maps(kind: str) -> np.ndarray:
    """Return maps float32 (P, S, S), each scaled to 0..1 as the package does."""
    scene = Scene(kind)

    def on_grid(tokens):
        patches = tokens[:, PREFIX[kind] :]
        return patches.unflatten(1, GRID.get(kind, (4, 4))).permute(0, 3, 1, 2)

    if kind == "resnet":  # what its channels add cancels out: single precision is not enough
        scene.visual.double()
        scene.pixels, scene.texts = scene.pixels.double(), scene.texts.double()
    reshape = None if kind == "resnet" else on_grid
    explain = GradCAM(Scores(scene), [LAYER[kind](scene.visual)], reshape_transform=reshape)
    targets = [lambda scores, prompt=prompt: scores[prompt] for prompt in range(len(scene.texts))]
    return np.concatenate([explain(scene.pixels, [target]) for target in targets])


if __name__ == "__main__":
    for kind in LAYER:
        keep(f"gradcam-{kind}", maps=maps(kind))
