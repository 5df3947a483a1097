"""Reads what happens inside an image tower while it encodes, without touching the tower.

Hooks are set on a shadow: modules of their own over the same weights. The encoder itself is never
changed, so it may encode in other threads meanwhile, and there is nothing to restore after an
error. Fused attention stays on: attention is rebuilt from queries and keys, which take a
fraction of the memory (O(N D) instead of O(H N N) for N tokens of width D and H heads).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.preprocess import to_tensor
from vlm_explorer.errors import NotSupported
from vlm_explorer.saliency.tower import AttentionLayer, Style, Tower, image_module, read_tower

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor
    Keep = Callable[[Tensor, Tensor], None]

_HOOK_TABLES = (
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_backward_hooks",
    "_backward_pre_hooks",
)


@dataclass(slots=True)
class LayerTap:
    """What one layer did, of the images last encoded.

    Attributes:
        query: float32 (B, H, Q, d), scaled, so that attention is softmax(query @ key^T). Q is the
            number of tokens, or 1 for a pooling layer.
        key: float32 (B, H, N, d) for N tokens.
        norms: float32 (B, N), lengths of the tokens that the block gives out; None for a pooling
            layer.
    """

    query: Tensor | None = None
    key: Tensor | None = None
    norms: Tensor | None = None


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


@contextmanager
def capture(encoder: Encoder) -> Iterator[Capture]:
    """Tap every layer of attention in an encoder's image tower, in float32.

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
    taps = tuple(LayerTap() for _ in tower.layers)
    handles = [
        handle
        for layer, tap in zip(tower.layers, taps, strict=True)
        for handle in _listen(layer, tap)
    ]
    try:
        yield Capture(encoder, visual, tower, taps)
    finally:
        for handle in handles:
            handle.remove()


def encode_views(encoder: Encoder, visual: Any, views: NDArray[np.uint8]) -> Tensor:
    """Send model views uint8 (B, S, S, 3) through a shadow; float32 (B, D), unit rows."""
    import torch

    pixels = to_tensor(views, encoder.preprocess).to(encoder.device)
    with torch.no_grad():
        features = visual(pixels)
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


def _listen(layer: AttentionLayer, tap: LayerTap) -> list[Any]:
    """Set the hooks that fill the tap; returns their handles."""

    def keep(query: Tensor, key: Tensor) -> None:
        tap.query, tap.key = query, key

    def keep_norms(_module: Any, _inputs: Any, output: Any) -> None:
        # the blocks of transformers gave out a tuple before its version 5
        tokens: Tensor = output[0] if isinstance(output, tuple) else output
        tap.norms = tokens.norm(dim=-1)

    handles = _LISTENERS[layer.style](layer.module, keep)
    if layer.block is not None:
        handles.append(layer.block.register_forward_hook(keep_norms))
    return handles


def _heads(tokens: Tensor, heads: int) -> Tensor:
    """Return (B, N, H * d) as (B, H, N, d)."""
    return tokens.reshape(*tokens.shape[:2], heads, -1).transpose(1, 2)


def _timm(attention: Any, keep: Keep) -> list[Any]:
    def hook(_module: Any, _inputs: Any, output: Tensor) -> None:
        query, key, _ = (_heads(part, attention.num_heads) for part in output.chunk(3, dim=-1))
        keep(attention.q_norm(query) * attention.scale, attention.k_norm(key))

    return [attention.qkv.register_forward_hook(hook)]


def _torch(attention: Any, keep: Keep) -> list[Any]:
    def hook(_module: Any, inputs: tuple[Any, ...]) -> None:
        from torch.nn.functional import linear

        weights = attention.in_proj_weight.chunk(3)
        biases = attention.in_proj_bias.chunk(3)
        query = linear(inputs[0], weights[0], biases[0])
        key = linear(inputs[1], weights[1], biases[1])
        scale = attention.head_dim**-0.5
        keep(_heads(query, attention.num_heads) * scale, _heads(key, attention.num_heads))

    return [attention.register_forward_pre_hook(hook)]


def _latent(attention: Any, keep: Keep) -> list[Any]:
    queries: list[Tensor] = []

    def hook_query(_module: Any, _inputs: Any, output: Tensor) -> None:
        # The vector of the first learned query is what leaves the head.
        queries[:] = [attention.q_norm(_heads(output[:, :1], attention.num_heads))]

    def hook_key(_module: Any, _inputs: Any, output: Tensor) -> None:
        key = _heads(output.chunk(2, dim=-1)[0], attention.num_heads)
        keep(queries[0] * attention.scale, attention.k_norm(key))

    return [
        attention.q.register_forward_hook(hook_query),
        attention.kv.register_forward_hook(hook_key),
    ]


def _resnet(attention: Any, keep: Keep) -> list[Any]:
    def hook(_module: Any, inputs: tuple[Any, ...]) -> None:
        import torch

        tokens = inputs[0].flatten(2).transpose(1, 2)
        tokens = torch.cat([tokens.mean(dim=1, keepdim=True), tokens], dim=1)
        tokens = tokens + attention.positional_embedding
        query = _heads(attention.q_proj(tokens[:, :1]), attention.num_heads)
        scale = query.shape[-1] ** -0.5
        keep(query * scale, _heads(attention.k_proj(tokens), attention.num_heads))

    return [attention.register_forward_pre_hook(hook)]


def _transformers(attention: Any, keep: Keep) -> list[Any]:
    queries: list[Tensor] = []

    def hook_query(_module: Any, _inputs: Any, output: Tensor) -> None:
        queries[:] = [_heads(output, attention.num_heads)]

    def hook_key(_module: Any, _inputs: Any, output: Tensor) -> None:
        keep(queries[0] * attention.scale, _heads(output, attention.num_heads))

    return [
        attention.q_proj.register_forward_hook(hook_query),
        attention.k_proj.register_forward_hook(hook_key),
    ]


_LISTENERS: dict[Style, Callable[[Any, Keep], list[Any]]] = {
    "timm": _timm,
    "torch": _torch,
    "latent": _latent,
    "resnet": _resnet,
    "transformers": _transformers,
}
