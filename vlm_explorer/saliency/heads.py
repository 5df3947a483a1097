"""From the tokens that a tower's last block gives out to the image's vector, as the tower does it.

Methods that look inside need this last step by itself: to ask what another layer's tokens would
have been worth, or what a single patch would.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vlm_explorer.errors import NotSupported
from vlm_explorer.saliency.taps import Capture
from vlm_explorer.saliency.tower import Tower

if TYPE_CHECKING:
    import torch

    Tensor = torch.Tensor

_HINT = "Occlusion works with every encoder."


@dataclass(frozen=True, slots=True)
class Block:
    """The parts of a transformer block that methods ask for, whatever the library calls them.

    `scale_attention` and `scale_mlp` are the learned factors of the branches, or Identity.
    """

    norm_attention: Any
    out: Any
    scale_attention: Any
    norm_mlp: Any
    mlp: Any
    scale_mlp: Any

    def attend(self, entered: Tensor, attended: Tensor) -> Tensor:
        """Return tokens (..., D) with what attention gave, (..., H d), added to them."""
        from torch.nn.functional import linear

        # as a function, since calling the module would have its tap keep these
        given: Tensor = self.scale_attention(linear(attended, self.out.weight, self.out.bias))
        return entered + given

    def feed(self, tokens: Tensor) -> Tensor:
        """Return what the MLP's branch adds to tokens (..., D)."""
        found: Tensor = self.scale_mlp(self.mlp(self.norm_mlp(tokens)))
        return found


@dataclass(frozen=True, slots=True)
class ClassHead:
    """A tower whose class token becomes the image's vector.

    Attributes:
        norm: the LayerNorm of the token.
        projection: (D, E), so that the vector is norm(token) @ projection, before it is
            normalised.
    """

    norm: Any
    projection: Tensor

    def embed(self, tokens: Tensor) -> Tensor:
        """Return what tokens (..., D) would be worth as class tokens: (..., E), unit rows."""
        from torch.nn.functional import normalize

        return normalize(self.norm(tokens) @ self.projection, dim=-1)

    def pool(self, tokens: Tensor) -> Tensor:
        """Return the vectors of images whose last tokens are (B, N, D): (B, E), unit rows."""
        return self.embed(tokens[:, 0])


@dataclass(frozen=True, slots=True)
class PoolingHead:
    """A tower whose patches are pooled by attention with a learned query (MAP, SigLIP).

    Attributes:
        norm: the LayerNorm of the tokens.
        attend: the pooling head, (B, N, D) to (B, E).
        out: its output projection.
        prefix: tokens before the patches, which it does not see.
    """

    norm: Any
    attend: Any
    out: Any
    prefix: int

    def pool(self, tokens: Tensor) -> Tensor:
        """Return the vectors of images whose last tokens are (B, N, D): (B, E), unit rows."""
        from torch.nn.functional import normalize

        return normalize(self.attend(self.norm(tokens[:, self.prefix :])), dim=-1)


@dataclass(frozen=True, slots=True)
class StageHead:
    """A convolutional tower whose last stage is pooled by attention (CLIP's ResNets)."""

    attention: Any


Head = ClassHead | PoolingHead | StageHead


def find_head(visual: Any, tower: Tower) -> Head | None:
    """Return the last step of a tower that was read; None where it is of a kind not known."""
    if tower.reason or not tower.layers:
        return None
    last, by_class = tower.layers[-1], tower.pooled_by == "class"
    if last.style == "resnet":
        return StageHead(last.module)
    if (trunk := getattr(visual, "trunk", None)) is not None:
        return _timm(visual, trunk, by_class, last.style == "latent")
    if (inner := getattr(visual, "tower", None)) is not None:
        return _transformers(visual, inner, by_class)
    if by_class and visual.proj is not None:
        return ClassHead(visual.ln_post, visual.proj)
    return None


def read_head(capture: Capture) -> Head:
    """Return the last step of a captured tower.

    Raises:
        NotSupported: it is of a kind that is not known.
    """
    head = find_head(capture.visual, capture.tower)
    if head is None:
        raise NotSupported(
            f"The image tower of {capture.encoder.id} makes its vector in a way of its own, which "
            "this method does not know.",
            _HINT,
        )
    return head


def read_block(capture: Capture, number: int) -> Block:
    """Return the parts of the block `number`, from 0.

    Raises:
        NotSupported: its attention does more than attend, which this method does not know.
    """
    from torch.nn import Identity

    layer = capture.tower.blocks[number]
    block: Any = layer.block
    attention, nothing = layer.module, Identity()
    if layer.style == "timm":
        plain = getattr(attention, "gate", None) is None
        if not plain or type(getattr(attention, "norm", nothing)) is not Identity:
            raise NotSupported(
                f"The blocks of {capture.encoder.id} gate or normalise what attention gives.",
                _HINT,
            )
        return Block(block.norm1, attention.proj, block.ls1, block.norm2, block.mlp, block.ls2)
    if layer.style == "torch":
        return Block(block.ln_1, attention.out_proj, block.ls_1, block.ln_2, block.mlp, block.ls_2)
    return Block(
        block.layer_norm1, attention.out_proj, nothing, block.layer_norm2, block.mlp, nothing
    )


def _timm(visual: Any, trunk: Any, by_class: bool, pooled: bool) -> Head | None:
    import torch

    if pooled:
        behind = [trunk.fc_norm, trunk.head_drop, trunk.head, *visual.head]
        if not all(isinstance(part, torch.nn.Identity | torch.nn.Dropout) for part in behind):
            return None  # something follows the head
        prefix = 0 if trunk.pool_include_prefix else trunk.num_prefix_tokens
        return PoolingHead(trunk.norm, trunk.attn_pool, trunk.attn_pool.proj, prefix)
    if not by_class:
        return None
    norm = trunk.norm if type(trunk.fc_norm) is torch.nn.Identity else trunk.fc_norm
    if type(trunk.norm) is not torch.nn.Identity and norm is not trunk.norm:
        return None  # two norms in a row
    projection = _as_matrix(torch.nn.Sequential(trunk.head_drop, trunk.head, visual.head), norm)
    return None if projection is None else ClassHead(norm, projection)


def _transformers(visual: Any, tower: Any, by_class: bool) -> Head | None:
    if by_class:
        projection = _as_matrix(visual.projection, tower.post_layernorm)
        return None if projection is None else ClassHead(tower.post_layernorm, projection)
    return PoolingHead(tower.post_layernorm, tower.head, tower.head.attention.out_proj, 0)


def _as_matrix(projection: Any, norm: Any) -> Tensor | None:
    """Return a module that is linear and has no bias as a matrix (D, E), else None.

    Of what modules it is put together differs by library; what it does is asked of it.
    """
    import torch

    weight = norm.weight
    identity = torch.eye(len(weight), device=weight.device, dtype=weight.dtype)
    with torch.no_grad():
        if projection is None:
            return identity
        if projection(torch.zeros_like(identity[:1])).abs().max() > 0:
            return None
        matrix: Tensor = projection(identity)
        probe = torch.linspace(-3, 3, len(weight), device=weight.device)[None]
        probe = probe.to(weight.dtype)
        near = max(1e-4, 50 * torch.finfo(weight.dtype).eps)
        straight = torch.allclose(projection(probe), probe @ matrix, rtol=near, atol=near)
    return matrix if straight else None
