"""Hooks that keep what a layer of attention does, one function a style of layer.

They are set on a shadow (`taps.shadow`), never on the encoder itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vlm_explorer.saliency.tower import AttentionLayer, Style

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor


@dataclass(slots=True)
class LayerTap:
    """What one layer did, of the images last encoded; H heads of width d, N tokens of width D.

    Attributes:
        deep: whether more than queries, keys and lengths is kept.
        query: float32 (B, H, Q, d), scaled, so that attention is softmax(query @ key^T). Q is the
            number of tokens, or 1 for a pooling layer.
        key: float32 (B, H, N, d).
        mask: float32, broadcast to (B, H, Q, N), what is added before softmax: -inf where a token
            may not look; None where every token may look everywhere.
        norms: float32 (B, N), lengths of the tokens that the block gives out; None for a pooling
            layer.
        value: float32 (B, H, N, d); where the tap is deep, as all that follows.
        attended: float32 (B, Q, H d), attention @ value, before the output projection.
        entered, left: float32 (B, N, D), the block's tokens before and after; None for a pooling
            layer.
    """

    deep: bool = False
    query: Tensor | None = None
    key: Tensor | None = None
    mask: Tensor | None = None
    norms: Tensor | None = None
    value: Tensor | None = None
    attended: Tensor | None = None
    entered: Tensor | None = None
    left: Tensor | None = None

    def keep(self, query: Tensor, key: Tensor, value: Tensor) -> None:
        """Keep what attention is made of."""
        self.query, self.key = query, key
        if self.deep:
            self.value = value

    def keep_attended(self, attended: Tensor) -> None:
        """Keep what attention gave, (B, Q, H d)."""
        if self.deep:
            self.attended = attended

    def keep_block(self, entered: Tensor, left: Tensor) -> None:
        """Keep a block's tokens."""
        self.norms = left.detach().norm(dim=-1)
        if self.deep:
            self.entered, self.left = entered, left


def listen(layer: AttentionLayer, tap: LayerTap) -> list[Any]:
    """Have a layer fill the tap; returns the handles of the hooks."""
    handles = _LISTENERS[layer.style](layer.module, tap)
    if layer.block is not None:

        def hook(_module: Any, inputs: tuple[Any, ...], output: Any) -> None:
            # the blocks of transformers gave out a tuple before its version 5
            tap.keep_block(inputs[0], output[0] if isinstance(output, tuple) else output)

        handles.append(layer.block.register_forward_hook(hook))
    return handles


def heads_of(tokens: Tensor, heads: int) -> Tensor:
    """Return (B, N, H * d) as (B, H, N, d)."""
    return tokens.reshape(*tokens.shape[:2], heads, -1).transpose(1, 2)


def _attend(
    tap: LayerTap, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Return what attention gives, (B, Q, H d), by the fused kernel; the tap keeps the rest."""
    from torch.nn.functional import scaled_dot_product_attention

    if mask is not None and mask.dim() == 3:  # torch's module has images and heads in one
        mask = mask.reshape(*query.shape[:2], *mask.shape[1:])
    tap.mask = mask
    tap.keep(query * query.shape[-1] ** -0.5, key, value)
    found = scaled_dot_product_attention(query, key, value, attn_mask=mask)
    attended = found.transpose(1, 2).flatten(2)
    tap.keep_attended(attended)
    return attended


def _keep_input(module: Any, tap: LayerTap) -> Any:
    """Keep what enters the output projection."""

    def hook(_module: Any, inputs: tuple[Any, ...]) -> None:
        tap.keep_attended(inputs[0])

    return module.register_forward_pre_hook(hook)


def _timm(attention: Any, tap: LayerTap) -> list[Any]:
    def hook(_module: Any, _inputs: Any, output: Tensor) -> None:
        parts = (heads_of(part, attention.num_heads) for part in output.chunk(3, dim=-1))
        query, key, value = parts
        tap.keep(attention.q_norm(query) * attention.scale, attention.k_norm(key), value)

    return [attention.qkv.register_forward_hook(hook), _keep_input(attention.proj, tap)]


def _torch(attention: Any, tap: LayerTap) -> list[Any]:
    """Give the shadow's module a forward of its own: torch's shows nothing of its inside."""

    def forward(
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        **_settings: Any,
    ) -> Any:
        from torch.nn.functional import linear

        parts = zip(
            (query, key, value),
            attention.in_proj_weight.chunk(3),
            attention.in_proj_bias.chunk(3),
            strict=True,
        )
        asked, key, value = (heads_of(linear(*part), attention.num_heads) for part in parts)
        return attention.out_proj(_attend(tap, asked, key, value, attn_mask)), None

    attention.forward = forward
    return []


def _latent(attention: Any, tap: LayerTap) -> list[Any]:
    queries: list[Tensor] = []

    def hook_query(_module: Any, _inputs: Any, output: Tensor) -> None:
        # The vector of the first learned query is what leaves the head.
        queries[:] = [attention.q_norm(heads_of(output[:, :1], attention.num_heads))]

    def hook_key(_module: Any, _inputs: Any, output: Tensor) -> None:
        key, value = (heads_of(part, attention.num_heads) for part in output.chunk(2, dim=-1))
        tap.keep(queries[0] * attention.scale, attention.k_norm(key), value)

    return [
        attention.q.register_forward_hook(hook_query),
        attention.kv.register_forward_hook(hook_key),
        _keep_input(attention.proj, tap),
    ]


def _resnet(attention: Any, tap: LayerTap) -> list[Any]:
    """As for torch's module, whose function CLIP's ResNets call; only the mean asks."""

    def forward(stage: Tensor) -> Tensor:
        import torch

        tokens = stage.flatten(2).transpose(1, 2)
        tokens = torch.cat([tokens.mean(dim=1, keepdim=True), tokens], dim=1)
        tokens = tokens + attention.positional_embedding
        projections = (attention.q_proj, attention.k_proj, attention.v_proj)
        asked = (tokens[:, :1], tokens, tokens)
        parts = [
            heads_of(project(rows), attention.num_heads)
            for project, rows in zip(projections, asked, strict=True)
        ]
        pooled: Tensor = attention.c_proj(_attend(tap, *parts))[:, 0]
        return pooled

    attention.forward = forward
    return []


def _transformers(attention: Any, tap: LayerTap) -> list[Any]:
    parts: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[Any, Any, Tensor], None]:
        def hook(_module: Any, _inputs: Any, output: Tensor) -> None:
            parts[name] = heads_of(output, attention.num_heads)

        return hook

    def hook_out(_module: Any, inputs: tuple[Any, ...]) -> None:
        tap.keep(parts["q"] * attention.scale, parts["k"], parts["v"])
        tap.keep_attended(inputs[0])

    return [
        attention.q_proj.register_forward_hook(keep("q")),
        attention.k_proj.register_forward_hook(keep("k")),
        attention.v_proj.register_forward_hook(keep("v")),
        attention.out_proj.register_forward_pre_hook(hook_out),
    ]


def _bert(attention: Any, tap: LayerTap) -> list[Any]:
    """Listen to a BERT's layer, whose attention and what leaves it are modules of their own."""
    parts: dict[str, Tensor] = {}
    inside = attention.self

    def keep(name: str) -> Callable[[Any, Any, Tensor], None]:
        def hook(_module: Any, _inputs: Any, output: Tensor) -> None:
            parts[name] = heads_of(output, inside.num_attention_heads)

        return hook

    def hook_out(_module: Any, inputs: tuple[Any, ...]) -> None:
        query = parts["query"]
        tap.keep(query * query.shape[-1] ** -0.5, parts["key"], parts["value"])
        tap.keep_attended(inputs[0])

    return [
        *(getattr(inside, name).register_forward_hook(keep(name)) for name in _BERT_PARTS),
        attention.output.dense.register_forward_pre_hook(hook_out),
    ]


_BERT_PARTS = ("query", "key", "value")
_LISTENERS: dict[Style, Callable[[Any, LayerTap], list[Any]]] = {
    "timm": _timm,
    "torch": _torch,
    "latent": _latent,
    "resnet": _resnet,
    "transformers": _transformers,
    "bert": _bert,
}
