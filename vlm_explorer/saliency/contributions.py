"""What single patches add to the score, read off one pass and with no gradient.

`decomp` splits the cosine into exact parts; `patchsim` asks what each patch would score alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from vlm_explorer.errors import ModelProblem, NotSupported
from vlm_explorer.saliency.heads import (
    Block,
    ClassHead,
    PoolingHead,
    StageHead,
    read_block,
    read_head,
)
from vlm_explorer.saliency.listening import LayerTap
from vlm_explorer.saliency.taps import Capture, capture
from vlm_explorer.saliency.text_maps import (
    Floats,
    TextMaps,
    Views,
    attention_of,
    block_taps,
    cosines,
    kept,
    lengths_of,
    on_grid,
    without_blocks,
)

if TYPE_CHECKING:
    import torch

    from vlm_explorer.encoders.encoder import Encoder

    Tensor = torch.Tensor

Tokens = Literal["value", "last"]

_EXACT = 1e-4  # by how much the parts may miss the score


def decomp(encoder: Encoder, view: Views, texts: Floats) -> TextMaps:
    """Split the cosine into what each patch adds directly (Gandelsman et al. 2024, section 3).

    The class token is a sum of what it was at first and of what attention and MLPs of each block
    added to it; attention is a sum over heads and over the tokens that were looked at. With the
    scale of the last LayerNorm held as it is, the cosine is a sum, too. The map holds what patches
    added through attention, over all blocks and heads; the residual is the rest: the class token's
    own, MLPs, biases, registers. With a pooling head the sum is taken over that head's attention,
    and what its MLP adds is in the residual.

    Only direct effects count: what earlier blocks moved between patches goes to the patch that
    carried it last.

    Args:
        encoder: one with a class token or a pooling head.
        view: uint8 (S, S, 3), what the encoder sees.
        texts: float32 (P, D), unit rows; their number costs next to nothing.

    Raises:
        NotSupported: the tower is of another kind.
        ModelProblem: the parts do not sum to the score within 1e-4.
    """
    import torch

    with capture(encoder, deep=True) as tapped, torch.no_grad():
        head = read_head(tapped)
        if isinstance(head, StageHead):
            raise without_blocks(encoder, "decomp")
        embedding = tapped.encode(view[None])
        prompts = torch.as_tensor(texts, device=embedding.device)
        score = cosines(embedding, texts)
        if isinstance(head, ClassHead):
            parts, whole = _class_parts(tapped, head, prompts)
            _check(score, whole, encoder)
        else:
            parts = _pooling_parts(tapped, head, prompts)
        prefix = tapped.tower.layers[-1].prefix
        per_head = on_grid(parts[..., prefix:], tapped)
        grid = per_head.sum(axis=(1, 2))
        return TextMaps(
            grid,
            score,
            lengths_of(tapped),
            per_layer=per_head.sum(axis=2),
            per_head=per_head,
            residual=score - grid.sum(axis=(1, 2)),
        )


def patchsim(
    encoder: Encoder,
    view: Views,
    texts: Floats,
    *,
    tokens: Tokens = "value",
    ffn: bool = True,
    residual: bool = True,
) -> TextMaps:
    """Cosine of each patch with each prompt.

    By values (MaskCLIP, Zhou et al. 2022, section 3), in the last block no patch looks at another:
    its own value takes the place of what attention would have given. A pooling head is given each
    patch as if it were the whole image; a ResNet's pooling is its values and its projection. By
    the last tokens, patches are what the tower gives out: right where training has aligned them
    with texts, elsewhere known to prefer the background (CLIP Surgery, Li et al. 2023, section 3).

    Args:
        encoder: one whose attention can be read.
        view: uint8 (S, S, 3), what the encoder sees.
        texts: float32 (P, D), unit rows.
        tokens: `value`, or `last` for the patches as the last block gives them out.
        ffn: by values, whether the last block's MLP follows.
        residual: by values, whether the patch's own token is added to its value.

    Raises:
        NotSupported: the tower is of another kind, or has no class token beside its `last` ones.
    """
    import torch
    from torch.nn.functional import normalize

    with capture(encoder, deep=True) as tapped, torch.no_grad():
        head = read_head(tapped)
        if tokens == "last" and not isinstance(head, ClassHead):
            raise NotSupported(
                f"The last tokens of {encoder.id} are no vectors of the joint space.",
                "Ask for the patches' values (tokens=value).",
            )
        embedding = tapped.encode(view[None])
        prompts = torch.as_tensor(texts, device=embedding.device)
        score, lengths = cosines(embedding, texts), lengths_of(tapped)
        if isinstance(head, StageHead):
            values = kept(tapped.taps[-1].value)[0].transpose(0, 1).flatten(1)
            vectors = normalize(head.attention.c_proj(values[1:]), dim=-1)
        elif isinstance(head, PoolingHead):
            patches = kept(block_taps(tapped)[-1].left)[0, tapped.tower.layers[0].prefix :]
            alone = torch.nn.functional.pad(patches[:, None], (0, 0, head.prefix, 0))
            vectors = head.pool(alone)
        else:
            last = block_taps(tapped)[-1]
            block = read_block(tapped, len(tapped.tower.blocks) - 1)
            if tokens == "last":
                given = kept(last.left)[0]
            else:
                given = _by_value(last, block, ffn=ffn, residual=residual)
            vectors = head.embed(given[tapped.tower.layers[-1].prefix :])
        return TextMaps(on_grid(prompts @ vectors.T, tapped), score, lengths)


def _class_parts(tapped: Capture, head: ClassHead, prompts: Tensor) -> tuple[Tensor, Tensor]:
    """Return what each token adds by each head (P, L, H, N), and the sum of all parts (P,).

    The sum is made of what the modules themselves gave, part by part, so that it can be compared
    with the score.
    """
    import torch

    taps = block_taps(tapped)
    blocks = [read_block(tapped, number) for number in range(len(taps))]
    last = kept(taps[-1].left)[0, 0]
    deviation = torch.sqrt(last.var(unbiased=False) + head.norm.eps)
    length = (head.norm(last) @ head.projection).norm()
    pull = head.projection @ prompts.T  # (D, P): where a token must go to raise the score
    weight = pull * head.norm.weight[:, None]
    weight = (weight - weight.mean(dim=0)) / (deviation * length)
    parts = torch.stack(
        [_by_head(tap, block, weight) for tap, block in zip(taps, blocks, strict=True)], dim=1
    )
    rest = kept(taps[0].entered)[0, 0] @ weight
    for tap, block in zip(taps, blocks, strict=True):
        bias = block.out.bias
        if bias is not None:
            rest = rest + block.scale_attention(bias) @ weight
        middle = block.attend(kept(tap.entered)[0, 0], kept(tap.attended)[0, 0])
        rest = rest + block.feed(middle) @ weight
    if head.norm.bias is not None:
        rest = rest + head.norm.bias @ pull / length
    return parts, parts.sum(dim=(1, 2, 3)) + rest


def _by_head(tap: LayerTap, block: Block, weight: Tensor) -> Tensor:
    """Return what attention's class row adds by head and token (P, H, N), along `weight` (D, P)."""
    value = kept(tap.value)[0]
    attention = attention_of(tap, slice(0, 1))[0, :, 0]
    return _along(value, attention, _through(block.out.weight, block, weight))


def _along(value: Tensor, attention: Tensor, directions: Tensor) -> Tensor:
    """Return values (H, N, d) times attention (H, N), along directions (H d, P): (P, H, N)."""
    heads, _, width = value.shape
    found: Tensor = value @ directions.reshape(heads, width, -1) * attention[..., None]
    return found.permute(2, 0, 1)


def _through(weights: Tensor, block: Block, weight: Tensor) -> Tensor:
    """Return directions (H d, P) in which what attention gives raises the score."""
    import torch

    factor = block.scale_attention(torch.ones(len(weights), device=weights.device))
    directions: Tensor = weights.T @ (factor[:, None] * weight)
    return directions


def _pooling_parts(tapped: Capture, head: PoolingHead, prompts: Tensor) -> Tensor:
    """Return what each patch adds by each of the pooling head's heads (P, 1, H, N)."""
    tap = tapped.taps[-1]
    attention, value = attention_of(tap)[0, :, 0], kept(tap.value)[0]
    vector = head.attend(head.norm(kept(block_taps(tapped)[-1].left)[:, head.prefix :]))[0]
    weight = prompts.T / vector.norm()
    return _along(value, attention, head.out.weight.T @ weight)[:, None]


def _by_value(tap: LayerTap, block: Block, *, ffn: bool, residual: bool) -> Tensor:
    """Return the last block's tokens (N, D), had each looked at itself alone."""
    values = kept(tap.value)[0].transpose(0, 1).flatten(1)
    tokens: Tensor = block.scale_attention(block.out(values))
    if residual:
        tokens = tokens + kept(tap.entered)[0]
    if ffn:
        tokens = tokens + block.feed(tokens)
    return tokens


def _check(score: Sequence[float] | Floats, whole: Tensor, encoder: Encoder) -> None:
    missed = float(np.abs(np.asarray(score) - whole.cpu().numpy()).max(initial=0.0))
    if not missed < _EXACT:
        raise ModelProblem(
            f"The parts of the score do not sum to it for {encoder.id}: {missed:.1e} is missing.",
            "Choose occlusion, and tell the developers which encoder this is.",
        )
