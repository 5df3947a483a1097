"""Reads what happens inside an image tower while it encodes, without touching the tower.

Hooks are set on a shadow: modules of their own over the same weights. The encoder itself is never
changed, so it may encode in other threads meanwhile, and there is nothing to restore after an
error. Fused attention stays on: attention is rebuilt from queries and keys, which take a
fraction of the memory (O(N D) instead of O(H N N) for N tokens of width D and H heads).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.preprocess import to_tensor
from vlm_explorer.errors import NotSupported
from vlm_explorer.saliency.listening import LayerTap, listen
from vlm_explorer.saliency.tower import Tower, image_module, read_tower

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor

_HOOK_TABLES = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
)


@dataclass(frozen=True, slots=True)
class Capture:
    """A shadow of the image tower whose layers are tapped.

    Attributes:
        encoder: whose tower it is.
        visual: the shadow.
        tower: what the shadow is made of.
        taps: one a layer, in the order of `tower.layers`.
    """

    encoder: Encoder
    visual: Any
    tower: Tower
    taps: tuple[LayerTap, ...]

    def encode(self, views: NDArray[np.uint8]) -> Tensor:
        """Encode model views uint8 (B, S, S, 3) and fill the taps; float32 (B, D), unit rows."""
        return encode_views(self.encoder, self.visual, views)

    def trace(self, views: NDArray[np.uint8]) -> Tensor:
        """As `encode`, of a deep capture: the taps and the vectors are in torch's graph."""
        return encode_views(self.encoder, self.visual, views, traced=True)


@contextmanager
def capture(encoder: Encoder, *, deep: bool = False) -> Iterator[Capture]:
    """Tap every layer of attention in an encoder's image tower, in float32.

    Args:
        encoder: whose tower.
        deep: keep values and tokens as well, and let gradients flow from the pixels on.

    Raises:
        NotSupported: the tower's attention cannot be read; the text says why.
    """
    original = image_module(encoder)
    reason = read_tower(original, encoder.preprocess.size).reason
    if original is None or reason:
        raise NotSupported(
            f"The encoder {encoder.id} has no attention to show: {reason}.",
            "Occlusion works with every encoder; it needs a prompt.",
        )
    visual = shadow(original)
    tower = read_tower(visual, encoder.preprocess.size)
    taps = tuple(LayerTap(deep) for _ in tower.layers)
    handles = [
        handle
        for layer, tap in zip(tower.layers, taps, strict=True)
        for handle in listen(layer, tap)
    ]
    try:
        with exactly(encoder.device):
            yield Capture(encoder, visual, tower, taps)
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def exactly(device: str) -> Iterator[None]:
    """Keep what a caller may have switched on out of a block: autocast, and inference mode."""
    import torch

    with torch.inference_mode(False), torch.autocast(device.partition(":")[0], enabled=False):
        yield


def encode_views(
    encoder: Encoder, visual: Any, views: NDArray[np.uint8], *, traced: bool = False
) -> Tensor:
    """Send model views uint8 (B, S, S, 3) through a shadow; float32 (B, D), unit rows.

    Args:
        encoder: whose shadow it is.
        visual: the shadow.
        views: what it sees.
        traced: whether the vectors are in torch's graph, from the pixels on.
    """
    import torch

    with exactly(encoder.device), torch.set_grad_enabled(traced):
        pixels = to_tensor(views, encoder.preprocess).to(encoder.device)
        features = visual(pixels.requires_grad_(traced))
        # CoCa's tower gives out its tokens as well.
        pooled = features[0] if isinstance(features, tuple) else features
        return torch.nn.functional.normalize(pooled, dim=-1)


def shadow(module: torch.nn.Module) -> torch.nn.Module:
    """Return a module of its own over the same weights, in float32.

    Weights already in float32 are shared, others converted. Hooks and attributes that are set on
    the shadow do not reach the original.
    """
    import torch

    twin = module.__class__.__new__(module.__class__)
    twin.__dict__ = module.__dict__.copy()
    for name in _HOOK_TABLES:
        twin.__dict__[name] = OrderedDict(module.__dict__[name])
    for name in ("_parameters", "_buffers"):
        twin.__dict__[name] = {
            key: value.float() if isinstance(value, torch.Tensor) and value.is_floating_point()
            else value
            for key, value in module.__dict__[name].items()
        }  # fmt: skip
    twin.__dict__["_modules"] = {
        key: None if child is None else shadow(child) for key, child in module._modules.items()
    }
    return twin
