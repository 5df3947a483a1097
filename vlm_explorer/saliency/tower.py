"""What an encoder's image tower is made of: its grid of patches and its layers of attention."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, Literal

from vlm_explorer.encoders.encoder import Encoder

# How a layer computes attention: timm's block, torch's module (in open_clip's blocks and in the
# pooling head of transformers' SigLIP), timm's pooling head with a learned query (SigLIP), the
# pooling of CLIP's ResNets, the block of transformers' CLIP and SigLIP, that of a BERT.
Style = Literal["timm", "torch", "latent", "resnet", "transformers", "bert"]

_NOT_SHOWN = "this encoder does not show its inside"
# Sides of a cell where a tower has no patches of its own, the usual patch first.
_CELL_SIDES = (16, 14, 32, 20, 12, 10, 8)


@dataclass(frozen=True, slots=True)
class AttentionLayer:
    """One layer of attention in the tower that was read.

    Attributes:
        name: what users see.
        style: how it computes attention.
        module: the attention module itself.
        block: the module whose output are the layer's tokens; None for a pooling layer.
        prefix: tokens before the patches, such as the class token.
    """

    name: str
    style: Style
    module: Any
    block: Any | None
    prefix: int


@dataclass(frozen=True, slots=True)
class Tower:
    """What was read of an image tower.

    Attributes:
        grid_hw: rows and columns of patches.
        patch_hw: a patch's sides in pixels of the encoder's input.
        layers: in the order of computation; empty where attention cannot be shown.
        class_token: whether the blocks have a class token, as their first token.
        pooled_by: `class` where that token becomes the image's vector, else `patches`.
        reason: why attention cannot be shown; empty where it can.
    """

    grid_hw: tuple[int, int]
    patch_hw: tuple[int, int]
    layers: tuple[AttentionLayer, ...] = ()
    class_token: bool = False
    pooled_by: Literal["class", "patches"] = "patches"
    reason: str = ""

    @property
    def blocks(self) -> tuple[AttentionLayer, ...]:
        """The layers in which patches attend to each other, without pooling layers."""
        return tuple(layer for layer in self.layers if layer.block is not None)


def image_module(encoder: Encoder) -> Any | None:
    """Return the encoder's image tower as a torch module; None where it has none to show."""
    return getattr(getattr(encoder, "model", None), "visual", None)


def last_stage(visual: Any | None) -> Any | None:
    """Return the last stage of a convolutional tower, whose output is (B, C, gh, gw); else None."""
    tower: Any = getattr(visual, "trunk", visual)
    if type(tower).__name__ in ("ModifiedResNet", "ResNet"):
        return tower.layer4
    return tower.stages[-1] if type(tower).__name__ in ("FastVit", "ConvNeXt") else None


def read_tower(visual: Any | None, size: int) -> Tower:
    """Read an encoder's image tower, a torch module; `size` is the side of its input in pixels."""
    if visual is None:
        return _cells(size, _NOT_SHOWN)
    trunk = getattr(visual, "trunk", None)
    kind = type(visual).__name__
    if trunk is not None:
        return _read_timm(trunk, size)
    if kind == "TransformersVision":
        return _read_transformers(visual.tower)
    if kind == "VisionTransformer":
        return _read_open_clip(visual)
    if kind == "ModifiedResNet":
        return _read_resnet(visual, size)
    return _cells(size, f"its image tower is a {kind}, whose attention is not known")


def _cells(size: int, reason: str) -> Tower:
    """Return square cells over the input, for towers without patches."""
    side = next((side for side in _CELL_SIDES if size % side == 0), size)
    return Tower((size // side, size // side), (side, side), reason=reason)


def _read_open_clip(visual: Any) -> Tower:
    from torch.nn import MultiheadAttention

    grid, patch = tuple(visual.grid_size), tuple(visual.patch_size)
    blocks = list(visual.transformer.resblocks)
    if not all(type(block.attn) is MultiheadAttention for block in blocks):
        return Tower(grid, patch, reason="its blocks compute attention in a way of their own")
    layers = tuple(
        AttentionLayer(f"Block {number}", "torch", block.attn, block, 1)
        for number, block in enumerate(blocks, 1)
    )
    by_class = visual.attn_pool is None and visual.pool_type == "tok"
    return Tower(grid, patch, layers, True, "class" if by_class else "patches")


def _read_timm(trunk: Any, size: int) -> Tower:
    # Where timm keeps these classes has changed; this module has had them throughout.
    vit: Any = importlib.import_module("timm.models.vision_transformer")
    blocks = list(getattr(trunk, "blocks", ()))
    embed: Any = getattr(trunk, "patch_embed", None)
    if not blocks or getattr(embed, "grid_size", None) is None:
        return _cells(size, f"its image tower, a {type(trunk).__name__}, is not a plain ViT")
    grid, patch = tuple(embed.grid_size), tuple(embed.patch_size)
    if getattr(embed, "backbone", None) is not None:
        # a stem of convolutions lies before the patches, whose size is in the stem's output
        patch = (size // grid[0], size // grid[1])
    if not all(type(getattr(block, "attn", None)) is vit.Attention for block in blocks):
        return Tower(grid, patch, reason="its blocks compute attention in a way of their own")
    prefix = trunk.num_prefix_tokens
    layers = tuple(
        AttentionLayer(f"Block {number}", "timm", block.attn, block, prefix)
        for number, block in enumerate(blocks, 1)
    )
    pool: Any = getattr(trunk, "attn_pool", None)
    if type(pool) is vit.AttentionPoolLatent and pool.pool == "token":
        pooled_prefix = prefix if trunk.pool_include_prefix else 0
        layers += (AttentionLayer("Pooling head", "latent", pool, None, pooled_prefix),)
    class_token = trunk.cls_token is not None
    by_class = class_token and pool is None and trunk.global_pool == "token"
    return Tower(grid, patch, layers, class_token, "class" if by_class else "patches")


def _read_transformers(tower: Any) -> Tower:
    patch = int(tower.embeddings.patch_size)
    side = int(tower.embeddings.image_size) // patch
    class_token = hasattr(tower.embeddings, "class_embedding")
    layers = tuple(
        AttentionLayer(f"Block {number}", "transformers", block.self_attn, block, int(class_token))
        for number, block in enumerate(tower.encoder.layers, 1)
    )
    head = getattr(tower, "head", None)
    if head is not None:
        layers += (AttentionLayer("Pooling head", "torch", head.attention, None, 0),)
    pooled_by: Literal["class", "patches"] = "class" if class_token else "patches"
    return Tower((side, side), (patch, patch), layers, class_token, pooled_by)


def _read_resnet(visual: Any, size: int) -> Tower:
    stride = 32  # of CLIP's ResNets, from the input to the last stage
    side = size // stride
    layer = AttentionLayer("Attention pooling", "resnet", visual.attnpool, None, 1)
    return Tower((side, side), (stride, stride), (layer,))
