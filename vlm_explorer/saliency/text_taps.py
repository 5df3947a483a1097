"""Reads what happens inside a text tower while it encodes, without touching the tower.

As in `taps`, hooks are set on a shadow over the same weights: other threads may encode meanwhile,
the tower keeps its fused attention, and nothing is left behind after an error.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import NotSupported
from vlm_explorer.saliency.listening import LayerTap, listen
from vlm_explorer.saliency.taps import shadow
from vlm_explorer.saliency.tower import AttentionLayer, Style

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor


@dataclass(frozen=True, slots=True)
class TextTower:
    """What was read of a text tower.

    Attributes:
        layers: its layers of attention, in the order of computation; empty with a reason.
        embedding: the module that gives each token its vector.
        causal: whether its layers forbid looking ahead by themselves, without being told so.
        reason: why its inside cannot be shown; empty where it can.
    """

    layers: tuple[AttentionLayer, ...] = ()
    embedding: Any = None
    causal: bool = False
    reason: str = ""


@dataclass(slots=True)
class TextCapture:
    """A shadow of a model without its image tower, whose layers are tapped.

    Attributes:
        model: the shadow, with a face as `encoders.text_tower` wants it.
        taps: one a layer.
        embedded: float32 (1, L, D), the vectors of the tokens, where gradients end; of the last
            text.
    """

    model: Any
    taps: tuple[LayerTap, ...]
    embedded: Tensor | None = None

    def trace(self, row: Tensor) -> Tensor:
        """Encode a row of tokens int64 (L,), and fill the taps; float32 (D,), in torch's graph."""
        import torch

        from vlm_explorer.encoders.text_tower import encode_rows

        with torch.enable_grad():
            vector = encode_rows(self.model, row[None])[0]
            return torch.nn.functional.normalize(vector, dim=-1)


@contextmanager
def capture_text(encoder: Encoder) -> Iterator[TextCapture]:
    """Tap every layer of attention in an encoder's text tower, in float32.

    Raises:
        NotSupported: its inside cannot be shown; the text says why.
    """
    original = getattr(encoder, "model", None)
    reason = read_text_tower(original).reason
    if original is None or reason:
        raise NotSupported(
            f"The text tower of {encoder.id} cannot be looked into: {reason}.",
            "Leaving words out works with every encoder.",
        )
    model = shadow(_without_image_tower(original))
    tower = read_text_tower(model)
    captured = TextCapture(model, tuple(LayerTap(deep=True) for _ in tower.layers))

    def embed(_module: Any, _inputs: Any, output: Tensor) -> Tensor:
        captured.embedded = output.detach().requires_grad_()
        return captured.embedded

    handles = [tower.embedding.register_forward_hook(embed)]
    for layer, tap in zip(tower.layers, captured.taps, strict=True):
        handles += listen(layer, tap)
        if tower.causal:
            handles.append(_look_back_only(layer.module, tap))
    try:
        yield captured
    finally:
        for handle in handles:
            handle.remove()


def read_text_tower(model: Any) -> TextTower:
    """Read a model's text tower; `model` is what `load_towers` returned."""
    if model is None:
        return TextTower(reason="this encoder does not show its inside")
    tower = getattr(model, "text", model)
    kind = type(tower).__name__
    if kind == "HFTextEncoder":
        return _read_bert(tower.transformer)
    if kind == "TransformersText":
        inner = tower.tower
        layers = [(layer.self_attn) for layer in inner.encoder.layers]
        embedding = inner.embeddings.token_embedding
        return _found(layers, "transformers", embedding, causal=not tower.reads_padding)
    if hasattr(tower, "transformer") and hasattr(tower, "token_embedding"):
        return _read_open_clip(tower)
    return TextTower(reason=f"it is a {kind}, whose attention is not known")


def _read_open_clip(tower: Any) -> TextTower:
    from torch.nn import MultiheadAttention

    blocks = list(tower.transformer.resblocks)
    if not all(type(block.attn) is MultiheadAttention for block in blocks):
        return TextTower(reason="its blocks compute attention in a way of their own")
    return _found([block.attn for block in blocks], "torch", tower.token_embedding)


def _read_bert(transformer: Any) -> TextTower:
    kind = type(transformer).__name__
    layers = getattr(getattr(transformer, "encoder", None), "layer", None)
    embedding = getattr(getattr(transformer, "embeddings", None), "word_embeddings", None)
    attentions = [getattr(layer, "attention", None) for layer in layers or ()]
    if embedding is None or not attentions or not all(map(_is_bert, attentions)):
        return TextTower(reason=f"it is a {kind}, whose attention is not known")
    return _found(attentions, "bert", embedding)


def _is_bert(attention: Any) -> bool:
    inside, out = getattr(attention, "self", None), getattr(attention, "output", None)
    parts = ("query", "key", "value", "num_attention_heads")
    return all(hasattr(inside, name) for name in parts) and hasattr(out, "dense")


def _found(modules: list[Any], style: Style, embedding: Any, *, causal: bool = False) -> TextTower:
    layers = tuple(
        AttentionLayer(f"Block {number}", style, module, None, 0)
        for number, module in enumerate(modules, 1)
    )
    return TextTower(layers, embedding, causal)


def _without_image_tower(model: Any) -> Any:
    """Return a model over the same modules but the image tower, whose weights may be in half."""
    rest = copy.copy(model)
    rest._modules = {key: child for key, child in model._modules.items() if key != "visual"}
    return rest


def _look_back_only(attention: Any, tap: LayerTap) -> Any:
    """Tell the tap of a mask that the layer does not speak of."""
    import torch

    def hook(_module: Any, _inputs: Any, _output: Any) -> None:
        assert tap.query is not None
        length = tap.query.shape[2]
        ahead = torch.full((length, length), -torch.inf, device=tap.query.device)
        tap.mask = ahead.triu(1)

    return attention.register_forward_hook(hook)
