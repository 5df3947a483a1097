"""Rollout by fast-vit-rollout: `pip install fast-vit-rollout==0.1.1 open_clip_torch==3.3.0`.

It also needs opencv-python-headless. Its maps are asked for before it enlarges them, as it knows
square pictures only.
"""

from __future__ import annotations

import numpy as np
import torch
from fast_vit_rollout import ViTAttentionRollout
from towers import Scene, keep


def maps(kind: str, fusion: str) -> np.ndarray:
    """Return how much of each token the class token is made of, float32 (N,)."""
    scene = Scene(kind)
    for block in scene.visual.trunk.blocks:
        block.attn.fused_attn = False
    rollout = ViTAttentionRollout(scene.visual.trunk, head_fusion=fusion, discard_ratio=0.0)
    with torch.no_grad():
        scene.visual(scene.pixels)
    return rollout._compute_rollout()[0, 0].numpy()


if __name__ == "__main__":
    for kind in ("timm", "registers"):
        found = {fusion: maps(kind, fusion) for fusion in ("mean", "max", "min")}
        keep(f"rollout-{kind}", **found)
