"""Occlusion by captum: `pip install captum==0.9.0 open_clip_torch==3.3.0`, then run this."""

from __future__ import annotations

import numpy as np
import torch
from captum.attr import Occlusion
from towers import Scene, Scores, keep

PATCH = {"native": (8, 8), "oblong": (10, 8)}


def maps(kind: str, window: int, stride: int) -> np.ndarray:
    """Return maps float32 (P, S, S): the cosine that is lost where the mean colour lies."""
    scene = Scene(kind)
    colour = np.rint(scene.view.mean(axis=(0, 1))).astype(np.uint8)
    baseline = (torch.from_numpy(colour).float()[None, :, None, None] / 255 - 0.5) / 0.5
    height, width = PATCH[kind]
    rows, columns = scene.view.shape[0] // height * height, scene.view.shape[1] // width * width
    scores = Scores(scene).requires_grad_(False)

    def of_whole_patches(pixels):
        """Pixels beyond the last whole patch are never read."""
        padding = (0, scene.view.shape[1] - columns, 0, scene.view.shape[0] - rows)
        return scores(torch.nn.functional.pad(pixels, padding))

    found = []
    for prompt in range(len(scene.texts)):
        drops = Occlusion(of_whole_patches).attribute(
            scene.pixels[..., :rows, :columns],
            sliding_window_shapes=(3, window * height, window * width),
            strides=(3, stride * height, stride * width),
            baselines=baseline.expand(1, 3, rows, columns),
            target=prompt,
        )
        found.append(drops[0, 0].numpy())
    return np.stack(found)


if __name__ == "__main__":
    for kind in PATCH:
        settings = {"tiles": (2, 2), "overlapping": (2, 1), "single": (1, 1)}
        found = {name: maps(kind, *setting) for name, setting in settings.items()}
        keep(f"occlusion-{kind}", **found)
