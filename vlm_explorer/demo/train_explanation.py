"""The explanation loss: what a text draws on lies where the finding is marked.

A tower that is asked for its class token alone may let the value of any patch speak for a text, as
long as nobody looks at it. Maps of gradients by attention (LeGrad) then show such patches. The
loss constrains the explanation as "Right for the right reasons" does (Ross, Hughes, Doshi-Velez
2017): its gradients belong into the annotated region.
"""

# The training part is never imported on the way to the window.
# ruff: noqa: TID253

from __future__ import annotations

from typing import Any

import torch
from open_clip.model import CLIP
from torch import Tensor
from torch.nn import functional


def encode_explained(model: CLIP, images: Tensor, texts: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Embed images as `train_model.encode_images`, and explain a text of each by LeGrad.

    The maps are those of `saliency.gradients.legrad` (Bousselham et al. 2025, equations 5 to 8),
    of all blocks: with O = A V what a head gives, the gradient by attention is
    dS/dA = (dS/dO) V^T. Here both factors keep their graph, so that a loss of the maps reaches
    the weights.

    Args:
        model: the CLIP, whose class token stands for the image.
        images: float (N,3,S,S), normalised.
        texts: unit rows (N,D), one for each image.

    Returns:
        Unit rows (N,D) of the images, (N,P,D) of their patches, and float (N,P), the maps, which
        are not negative.
    """
    visual = model.visual
    tokens = visual._embeds(images)
    maps = torch.zeros(len(images), tokens.shape[1])
    for block in visual.transformer.resblocks:
        tokens, attended, value = _through(block, tokens)
        pooled = visual.ln_post(tokens.mean(dim=1)) @ visual.proj
        scores = (functional.normalize(pooled.float(), dim=-1) * texts).sum()
        (gradient,) = torch.autograd.grad(scores, attended, create_graph=True)
        pull = _heads(gradient, value.shape[1]) @ value.transpose(-1, -2)
        maps = maps + pull.float().clamp(min=0).mean(dim=(1, 2))
    joint = functional.normalize((visual.ln_post(tokens) @ visual.proj).float(), dim=-1)
    return joint[:, 0], joint[:, 1:], maps[:, 1:]


def explanation_loss(maps: Tensor, inside: Tensor) -> Tensor:
    """Return -log of the share of each map that lies inside the box, (N,).

    Args:
        maps: float (N,P), not negative.
        inside: float (N,P), share of the patch inside the finding's box; of each row some are.
    """
    share = (maps * inside).sum(dim=1) / maps.sum(dim=1).clamp(min=1e-12)
    return -share.clamp(min=1e-4).log()


def _through(block: Any, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return a block's tokens, what its heads gave (N,T,H d), and their values (N,H,T,d)."""
    attention = block.attn
    rows = functional.linear(block.ln_1(tokens), attention.in_proj_weight, attention.in_proj_bias)
    query, key, value = (_heads(part, attention.num_heads) for part in rows.chunk(3, dim=-1))
    given = functional.scaled_dot_product_attention(query, key, value)
    attended = given.transpose(1, 2).flatten(2)
    tokens = tokens + attention.out_proj(attended)
    return tokens + block.mlp(block.ln_2(tokens)), attended, value


def _heads(tokens: Tensor, heads: int) -> Tensor:
    """Return (N,T,H d) as (N,H,T,d)."""
    return tokens.reshape(*tokens.shape[:2], heads, -1).transpose(1, 2)
