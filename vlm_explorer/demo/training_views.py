"""Random views of cached pictures: what other scanners, screens and exports do to a scan.

There is no mirroring: it would turn the sides, which the captions name.
"""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from vlm_explorer.demo.train_model import GRID, IMAGE_SIZE, PATCH_SIZE

CLEAN = 0.2


class ViewMaker:
    """Makes views of a batch, all from one random generator.

    Args:
        generator: the only source of chance, so that a step can be repeated exactly.
    """

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return views and where their patches came from.

        Args:
            pictures: uint8 (N,C,C), the scan in the middle, black around it.

        Returns:
            Float (N,S,S) in 0..1, and float (N,GRID*GRID,2), the (x, y) of each patch's centre
            in the picture, 0..1 from edge to edge.
        """
        count = len(pictures)
        clean = self._chance(count, CLEAN)
        placing = self._placing(count, clean)
        grid = functional.affine_grid(placing, [count, 1, IMAGE_SIZE, IMAGE_SIZE], False)
        source = pictures.unsqueeze(1).float() / 255
        views = functional.grid_sample(source, grid, mode="bilinear", align_corners=False).squeeze(
            1
        )
        changed = self._quality(self._tones(views))
        changed = self._marks(changed)
        views = torch.where(clean.view(-1, 1, 1), views, changed.clamp(0, 1))
        centres = grid.reshape(count, GRID, PATCH_SIZE, GRID, PATCH_SIZE, 2).mean(dim=(2, 4))
        return views, ((centres + 1) / 2).reshape(count, GRID * GRID, 2)

    def _rand(self, *shape: int) -> Tensor:
        return torch.rand(*shape, generator=self._generator)

    def _between(self, count: int, low: float, high: float) -> Tensor:
        return (low + (high - low) * self._rand(count)).view(-1, 1, 1)

    def _chance(self, count: int, share: float) -> Tensor:
        return self._rand(count) < share

    def _when(self, share: float, changed: Tensor, views: Tensor) -> Tensor:
        return torch.where(self._chance(len(views), share).view(-1, 1, 1), changed, views)

    def _placing(self, count: int, clean: Tensor) -> Tensor:
        """Return affine matrices (N,2,3): zoom, aspect, small rotation and shift."""
        zoom = torch.exp((self._rand(count) - 0.6) * 0.5)
        aspect = torch.exp((self._rand(count) - 0.5) * 0.24)
        angle = (self._rand(count) - 0.5) * 2 * math.radians(9)
        shift = (self._rand(count, 2) - 0.5) * 0.16
        zoom, aspect = zoom.masked_fill(clean, 1.0), aspect.masked_fill(clean, 1.0)
        angle, shift = angle.masked_fill(clean, 0.0), shift.masked_fill(clean.unsqueeze(1), 0.0)
        cos, sin = torch.cos(angle), torch.sin(angle)
        rows = [
            cos * zoom * aspect,
            -sin * zoom,
            shift[:, 0],
            sin * zoom,
            cos * zoom / aspect,
            shift[:, 1],
        ]
        return torch.stack(rows, dim=1).view(count, 2, 3)

    def _tones(self, views: Tensor) -> Tensor:
        """Gamma, contrast, brightness, uneven exposure, inversion."""
        count = len(views)
        gamma = torch.exp(self._between(count, -0.6, 0.6))
        views = self._when(0.6, views.clamp(min=1e-4) ** gamma, views)
        contrast, brightness = self._between(count, 0.6, 1.5), self._between(count, -0.2, 0.2)
        middle = views.mean(dim=(1, 2), keepdim=True)
        views = self._when(
            0.6, ((views - middle) * contrast + middle + brightness).clamp(0, 1), views
        )
        steep = torch.sigmoid(
            (views - self._between(count, 0.3, 0.6)) * self._between(count, 5, 11)
        )
        views = self._when(0.15, steep, views)
        size = (IMAGE_SIZE, IMAGE_SIZE)
        coarse = self._rand(count, 1, 3, 3) - 0.5
        field = functional.interpolate(coarse, size=size, mode="bicubic", align_corners=True)
        views = self._when(0.25, views * (1 + 0.6 * field.squeeze(1)), views)
        return self._when(0.06, 1 - views, views)

    def _quality(self, views: Tensor) -> Tensor:
        """Blur, sharpening, coarse resolution, block compression, noise."""
        count = len(views)
        soft = functional.avg_pool2d(views.unsqueeze(1), 3, 1, 1).squeeze(1)
        views = self._when(0.35, views + (soft - views) * self._between(count, -0.7, 1.0), views)
        for size, share in ((56, 0.12), (28, 0.05)):
            small = functional.interpolate(views.unsqueeze(1), size=(size, size), mode="area")
            large = functional.interpolate(small, size=(IMAGE_SIZE, IMAGE_SIZE), mode="bilinear")
            views = self._when(share, large.squeeze(1), views)
        views = self._when(0.2, _compressed(views, self._between(count, 0.02, 0.12)), views)
        noise = torch.randn(views.shape, generator=self._generator)
        return self._when(0.35, views + noise * self._between(count, 0.0, 0.07), views)

    def _marks(self, views: Tensor) -> Tensor:
        """Frames, bars and text-like marks, and a hidden rectangle."""
        count = len(views)
        rows = torch.arange(IMAGE_SIZE).view(1, -1, 1)
        columns = torch.arange(IMAGE_SIZE).view(1, 1, -1)
        edge = torch.minimum(
            torch.minimum(rows, IMAGE_SIZE - 1 - rows),
            torch.minimum(columns, IMAGE_SIZE - 1 - columns),
        )
        frame = torch.where(
            edge < self._between(count, 1, 9), self._between(count, 0, 1).round(), views
        )
        views = self._when(0.06, frame, views)
        for _ in range(2):
            box = self._box(rows, columns, count, (3, 7), (8, 40), border=True)
            strokes = (self._rand(count, IMAGE_SIZE // 2, IMAGE_SIZE // 2) < 0.5).float()
            strokes = strokes.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
            views = self._when(
                0.2, torch.where(box & (strokes > 0), self._between(count, 0.6, 1.0), views), views
            )
        hidden = self._box(rows, columns, count, (8, 26), (8, 26), border=False)
        return self._when(0.1, torch.where(hidden, self._between(count, 0, 0.7), views), views)

    def _box(
        self,
        rows: Tensor,
        columns: Tensor,
        count: int,
        tall: tuple[int, int],
        wide: tuple[int, int],
        *,
        border: bool,
    ) -> Tensor:
        """Return bool (N,S,S): one random rectangle each, near an edge if asked for."""
        height, width = self._between(count, *tall).round(), self._between(count, *wide).round()
        top = self._between(count, 0, 1) * (IMAGE_SIZE - height)
        if border:
            near = self._between(count, 0, 1)
            top = torch.where(near < 0.5, near * 0.4, 1 - (1 - near) * 0.4) * (IMAGE_SIZE - height)
        left = self._between(count, 0, 1) * (IMAGE_SIZE - width)
        return (rows >= top) & (rows < top + height) & (columns >= left) & (columns < left + width)


def _compressed(views: Tensor, step: Tensor) -> Tensor:
    """Round the 8 x 8 cosine coefficients, the finer ones more coarsely, as JPEG does."""
    place = torch.arange(8.0)
    basis = torch.cos((2 * place.view(1, -1) + 1) * place.view(-1, 1) * math.pi / 16) / 2
    basis[0] /= math.sqrt(2)
    count, side = len(views), views.shape[-1]
    blocks = views.view(count, side // 8, 8, side // 8, 8).permute(0, 1, 3, 2, 4)
    steps = step.view(-1, 1, 1, 1, 1) * (1 + 0.5 * (place.view(-1, 1) + place.view(1, -1)))
    rounded = torch.round(basis @ blocks @ basis.T / steps) * steps
    restored = basis.T @ rounded @ basis
    return restored.permute(0, 1, 3, 2, 4).reshape(count, side, side)


def choose_patches(views: Tensor, keep: int, generator: torch.Generator) -> Tensor:
    """Choose patches to look at, empty ones last: int64 (N,keep), ascending.

    Looking at half of the patches halves the cost of a training step (FLIP, Li et al. 2023);
    a flat patch says least. Flat means that grey values differ by less than 4 of 255.

    Args:
        views: float (N,S,S) in 0..1.
        keep: how many to choose.
        generator: the source of chance.
    """
    count = len(views)
    patches = views.view(count, GRID, PATCH_SIZE, GRID, PATCH_SIZE)
    flat = (patches.amax(dim=(2, 4)) - patches.amin(dim=(2, 4))).reshape(count, -1) < 4 / 255
    score = torch.rand(count, GRID * GRID, generator=generator) - 0.8 * flat
    return score.topk(keep, dim=1).indices.sort(dim=1).values
