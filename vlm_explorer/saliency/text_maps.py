"""What the methods that look inside a tower, for a prompt, have in common: captures and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import NotSupported
from vlm_explorer.saliency.listening import LayerTap
from vlm_explorer.saliency.taps import Capture

if TYPE_CHECKING:
    import torch

    from vlm_explorer.encoders.encoder import Encoder

    Tensor = torch.Tensor

Floats = NDArray[np.float32]
Views = NDArray[np.uint8]
OnPrompt = Callable[[int, int], None]  # prompts done, of how many; may raise Cancelled


@dataclass(frozen=True, slots=True)
class TextMaps:
    """Maps of one image, one a prompt, and what they are of.

    Attributes:
        grid: float32 (P, gh, gw).
        score: float32 (P,), cosines.
        lengths: float32 (N,), lengths of the tokens before the last block; None without blocks.
        backward: passes back through the tower.
        per_layer: float32 (P, L, gh, gw), which `grid` is the sum of; None where it is not.
        per_head: float32 (P, L, H, gh, gw), likewise.
        residual: float32 (P,), score less the grid's sum; None where they do not belong together.
    """

    grid: Floats
    score: Floats
    lengths: Floats | None
    backward: int = 0
    per_layer: Floats | None = None
    per_head: Floats | None = None
    residual: Floats | None = None


def attention_of(tap: LayerTap, rows: slice = slice(None)) -> Tensor:
    """Return a layer's attention (B, H, Q, N), or some rows, out of the graph; they sum to 1."""
    import torch

    weights = kept(tap.query).detach()[:, :, rows] @ kept(tap.key).detach().transpose(-1, -2)
    return torch.softmax(weights if tap.mask is None else weights + tap.mask, dim=-1)


def kept(tensor: Tensor | None) -> Tensor:
    """Return what a deep capture keeps of every layer that was run."""
    if tensor is None:
        raise AssertionError("a deep capture keeps this for every layer that was run")
    return tensor


def on_grid(values: Tensor, tapped: Capture) -> Floats:
    """Return values (..., patches) as float32 (..., gh, gw)."""
    rows = values.detach().reshape(*values.shape[:-1], *tapped.tower.grid_hw)
    return np.asarray(rows.cpu().numpy(), np.float32)


def block_taps(tapped: Capture) -> tuple[LayerTap, ...]:
    """Return the taps of the blocks, without those of pooling layers."""
    return tapped.taps[: len(tapped.tower.blocks)]


def lengths_of(tapped: Capture) -> Floats | None:
    """Return the lengths of the tokens before the last block, float32 (N,)."""
    taps = block_taps(tapped)
    norms = taps[max(len(taps) - 2, 0)].norms if taps else None
    return None if norms is None else np.asarray(norms[0].cpu().numpy(), np.float32)


def cosines(embedding: Tensor, texts: Floats) -> Floats:
    """Return float32 (P,), the cosines of the first image's vector with prompts (P, D)."""
    return np.asarray(texts @ embedding[0].detach().cpu().numpy(), np.float32)


def without_blocks(encoder: Encoder, method: str) -> NotSupported:
    """Return why a method that follows blocks does not apply to a tower without them."""
    return NotSupported(
        f"The method {method} follows blocks of attention, which {encoder.id} does not have.",
        "Choose gradcam, patchsim or occlusion.",
    )
