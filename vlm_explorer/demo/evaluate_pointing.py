"""Whether hiding parts of a picture changes the score most where the finding is."""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.model import CLIP
from torch import Tensor

from vlm_explorer.demo.train_model import GRID, PATCH_SIZE

HIDDEN = 2


def occlusion_maps(
    model: CLIP, images: Tensor, texts: Tensor, *, fill: float
) -> NDArray[np.float32]:
    """Return how much the cosine to a text falls when a square of 2 x 2 patches is hidden.

    Args:
        model: the CLIP.
        images: float (N,3,S,S), normalised.
        texts: unit rows (N,D), one for each image.
        fill: normalised grey value that hides.

    Returns:
        float32 (N,GRID-1,GRID-1), by the square's upper left patch.
    """
    places = [(y, x) for y in range(GRID - 1) for x in range(GRID - 1)]
    side = HIDDEN * PATCH_SIZE
    maps = []
    with torch.inference_mode():
        for image, text in zip(images, texts, strict=True):
            covered = image.unsqueeze(0).repeat(len(places) + 1, 1, 1, 1)
            for row, (y, x) in enumerate(places):
                top, left = y * PATCH_SIZE, x * PATCH_SIZE
                covered[row, :, top : top + side, left : left + side] = fill
            scores = model.encode_image(covered, normalize=True) @ text
            maps.append((scores[-1] - scores[:-1]).reshape(GRID - 1, GRID - 1).numpy())
    return np.stack(maps).astype(np.float32)


def points_inside(peak: tuple[float, float], boxes: Sequence[Sequence[float]]) -> bool:
    """Whether a point (x, y), 0..1 of the padded square, lies in one of the boxes."""
    x, y = peak
    return any(x0 <= x < x1 and y0 <= y < y1 for x0, y0, x1, y1 in boxes)


def peak_of(grid: NDArray[np.float32]) -> tuple[float, float]:
    """Return the middle (x, y) of the most telling hidden square, 0..1 of the padded square."""
    y, x = np.unravel_index(int(grid.argmax()), grid.shape)
    return ((x + HIDDEN / 2) / GRID, (y + HIDDEN / 2) / GRID)


def chance_inside(view: NDArray[np.floating], boxes: Sequence[Sequence[float]]) -> float:
    """Share of hidden squares with something in them whose middle lies in one of the boxes.

    Args:
        view: float (S,S), the grey picture that the encoder sees.
        boxes: x0, y0, x1, y1, 0..1 of the padded square.
    """
    blocks = view.reshape(GRID, PATCH_SIZE, GRID, PATCH_SIZE)
    full = np.ptp(blocks, axis=(1, 3)) > 0.05
    busy = full[:-1, :-1] | full[1:, :-1] | full[:-1, 1:] | full[1:, 1:]
    hits = [
        points_inside(((x + HIDDEN / 2) / GRID, (y + HIDDEN / 2) / GRID), boxes)
        for y, x in zip(*np.nonzero(busy), strict=True)
    ]
    return float(np.mean(hits)) if hits else 0.0
