"""Maps from gradients: what a change of attention, or of a channel, would do to the score.

The gradient of a score with respect to attention A is not taken by way of A, which fused kernels
never make: where O = A V is what a head gives, dS/dA = (dS/dO) V^T.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from vlm_explorer.errors import UsageError
from vlm_explorer.saliency.heads import ClassHead, PoolingHead, read_block, read_head
from vlm_explorer.saliency.listening import LayerTap, heads_of
from vlm_explorer.saliency.taps import Capture, capture, encode_views, exactly, shadow
from vlm_explorer.saliency.text_maps import (
    Floats,
    OnPrompt,
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
from vlm_explorer.saliency.tower import image_module, last_stage, read_tower

if TYPE_CHECKING:
    import torch

    from vlm_explorer.encoders.encoder import Encoder

    Tensor = torch.Tensor


def legrad(
    encoder: Encoder,
    view: Views,
    texts: Floats,
    *,
    start_layer: int = 0,
    norm: bool = True,
    on_prompt: OnPrompt | None = None,
) -> TextMaps:
    """LeGrad (Bousselham et al. 2025, equations 5 to 8): gradients that attention would follow.

    Each block is asked for the score that the mean of all its tokens would have behind the tower's
    own last step; the gradient of that with respect to the block's attention, without its negative
    part, is averaged over heads and over who looks. Blocks are summed. With a pooling head the
    score is that of the block's tokens behind the head, and the attention is the head's.

    These scores are stand-ins: the one of the last block is near the encoder's own, those of
    others need not be.

    Args:
        encoder: one with a class token or a pooling head.
        view: uint8 (S, S, 3), what the encoder sees.
        texts: float32 (P, D), unit rows.
        start_layer: first block that takes part, from 0.
        norm: whether a block's tokens pass the tower's last LayerNorm before a pooling head, as in
            the encoder; in its authors' code they do not.
        on_prompt: called after each prompt.

    Raises:
        NotSupported: the tower is of another kind.
        UsageError: no such block.
    """
    import torch

    with capture(encoder, deep=True) as tapped:
        head = read_head(tapped)
        if not isinstance(head, ClassHead | PoolingHead):
            raise without_blocks(encoder, "legrad")
        if isinstance(head, PoolingHead) and not norm:
            head = replace(head, norm=torch.nn.Identity())
        blocks = _from(tapped, start_layer)
        embedding = tapped.trace(view[None])
        taps = block_taps(tapped)
        prompts = torch.as_tensor(texts, device=embedding.device)
        prefix = tapped.tower.layers[0].prefix
        maps = np.zeros((len(texts), len(blocks), *tapped.tower.grid_hw), np.float32)
        stand_ins = [_stand_in(head, tapped, taps[block]) for block in blocks]
        for number, prompt in enumerate(prompts):
            for place, (vector, attended, value) in enumerate(stand_ins):
                (gradient,) = torch.autograd.grad(
                    (vector @ prompt).sum(), attended, retain_graph=True
                )
                pull = by_attention(gradient, value).clamp(min=0).mean(dim=(0, 1, 2))
                first = prefix if isinstance(head, ClassHead) else prefix - head.prefix
                maps[number, place] = on_grid(pull[first:], tapped)
            if on_prompt is not None:
                on_prompt(number + 1, len(texts))
        score, lengths = cosines(embedding, texts), lengths_of(tapped)
        return TextMaps(maps.sum(axis=1), score, lengths, len(texts), per_layer=maps)


def gradattn(
    encoder: Encoder,
    view: Views,
    texts: Floats,
    *,
    start_layer: int = 0,
    on_prompt: OnPrompt | None = None,
) -> TextMaps:
    """Gradient times attention, followed through the blocks (Chefer et al. 2021, GAE, eqs. 5, 6).

    Of each block, attention times its gradient, without the negative part, is averaged over heads
    to a matrix C; relevance R = I grows by R += C R. The map is the class token's row of R, with a
    pooling head the head's own row followed through the blocks. The score is the encoder's logit:
    with C next to I, its size counts.

    Args, raises: as `legrad`.
    """
    import torch

    with capture(encoder, deep=True) as tapped:
        head = read_head(tapped)
        if not isinstance(head, ClassHead | PoolingHead):
            raise without_blocks(encoder, "gradattn")
        blocks = _from(tapped, start_layer)
        embedding = tapped.trace(view[None])
        vector = embedding if isinstance(head, PoolingHead) else _by_class_token(tapped, head)
        chosen = [tapped.taps[block] for block in blocks]
        if isinstance(head, PoolingHead):
            chosen.append(tapped.taps[-1])
        prompts = torch.as_tensor(texts, device=embedding.device)
        maps = np.zeros((len(texts), *tapped.tower.grid_hw), np.float32)
        for number, prompt in enumerate(prompts):
            logit = encoder.logit_scale * (vector @ prompt).sum()
            gradients = torch.autograd.grad(
                logit, [kept(tap.attended) for tap in chosen], retain_graph=True
            )
            # attention is rebuilt layer by layer: all at once would be gigabytes of 1024 tokens
            steps = [
                (attention_of(tap) * by_attention(gradient, kept(tap.value)))
                .clamp(min=0)
                .mean(dim=1)[0]
                for gradient, tap in zip(gradients, chosen, strict=True)
            ]
            row = _relevance(steps, head, kept(chosen[0].key).shape[2])
            maps[number] = on_grid(row[tapped.tower.layers[0].prefix :], tapped)
            if on_prompt is not None:
                on_prompt(number + 1, len(texts))
        return TextMaps(maps, cosines(embedding, texts), lengths_of(tapped), len(texts))


def gradcam(
    encoder: Encoder,
    view: Views,
    texts: Floats,
    *,
    on_prompt: OnPrompt | None = None,
) -> TextMaps:
    """Grad-CAM (Selvaraju et al. 2017): channels weighed by their mean gradient, negatives cut.

    Of a convolutional tower the last stage; of blocks with attention what enters the last one's
    attention, since behind it the patches of a tower with a class token have no gradient at all.

    Args, raises: as `legrad`, but without a start.
    """
    import torch

    seen: list[Tensor] = []

    def keep(_module: Any, _inputs: Any, output: Tensor) -> None:
        seen[:] = [output]

    with _watched(encoder) as (visual, module, tapped):
        handle = module.register_forward_hook(keep)
        try:
            embedding = encode_views(encoder, visual, view[None], traced=True)
        finally:
            handle.remove()
        (output,) = seen
        prompts = torch.as_tensor(texts, device=embedding.device)
        maps = []
        for number, prompt in enumerate(prompts):
            (gradient,) = torch.autograd.grad((embedding @ prompt).sum(), output, retain_graph=True)
            maps.append(_weighed(output.detach()[0], gradient[0], tapped))
            if on_prompt is not None:
                on_prompt(number + 1, len(texts))
        lengths = None if tapped is None else lengths_of(tapped)
        return TextMaps(np.stack(maps), cosines(embedding, texts), lengths, len(texts))


@contextmanager
def _watched(encoder: Encoder) -> Iterator[tuple[Any, Any, Capture | None]]:
    """Yield a tower, the module whose output Grad-CAM weighs, and the capture of its attention.

    There is no capture of a convolutional tower without attention that can be read.
    """
    original = image_module(encoder)
    staged = last_stage(original) is not None
    if original is not None and staged and read_tower(original, encoder.preprocess.size).reason:
        visual = shadow(original)
        with exactly(encoder.device):
            yield visual, last_stage(visual), None
        return
    with capture(encoder, deep=True) as tapped:
        if staged:
            yield tapped.visual, last_stage(tapped.visual), tapped
        elif tapped.tower.blocks:
            last = read_block(tapped, len(tapped.tower.blocks) - 1)
            yield tapped.visual, last.norm_attention, tapped
        else:
            raise without_blocks(encoder, "gradcam")


def _weighed(output: Tensor, gradient: Tensor, tapped: Capture | None) -> Floats:
    """Return channels by their mean gradient, float32 (gh, gw): of a stage (C, gh, gw) or tokens.

    Without its negative part.
    """
    if tapped is None or output.dim() == 3:
        weighed = (output * gradient.mean(dim=(1, 2), keepdim=True)).sum(dim=0).clamp(min=0)
        return np.asarray(weighed.cpu().numpy(), np.float32)
    prefix = tapped.tower.layers[0].prefix
    return on_grid((output[prefix:] @ gradient[prefix:].mean(dim=0)).clamp(min=0), tapped)


def _stand_in(
    head: ClassHead | PoolingHead, tapped: Capture, tap: LayerTap
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the vector that a block's tokens stand for, and what attention gave and weighed."""
    import torch

    with torch.enable_grad():
        if isinstance(head, ClassHead):
            vector = head.embed(kept(tap.left).mean(dim=1))
            return vector, kept(tap.attended), kept(tap.value).detach()
        vector = head.pool(kept(tap.left).detach().requires_grad_())
    pooling = tapped.taps[-1]
    return vector, kept(pooling.attended), kept(pooling.value).detach()


def _by_class_token(tapped: Capture, head: ClassHead) -> Tensor:
    """Return the image's vector once more, the last block's steps done for its class token alone.

    No gradient reaches other tokens there; a whole block of zeros need not be followed back.
    """
    import torch

    tap = block_taps(tapped)[-1]
    block = read_block(tapped, len(tapped.tower.blocks) - 1)
    with torch.enable_grad():
        token = block.attend(kept(tap.entered)[:, 0], kept(tap.attended)[:, 0])
        return head.embed(token + block.feed(token))


def _relevance(steps: list[Tensor], head: ClassHead | PoolingHead, tokens: int) -> Tensor:
    """Return who the image's vector comes from, (tokens,), by way of all `steps`, the last first.

    The class token's own share is left out by the caller, as it is no patch.
    """
    import torch

    if isinstance(head, PoolingHead):
        pooled = steps.pop()[0]
        row = torch.nn.functional.pad(pooled, (tokens - len(pooled), 0))
    else:
        row = torch.zeros(tokens, device=steps[-1].device)
        row[0] = 1
    for step in reversed(steps):
        row = row + row @ step
    return row


def by_attention(gradient: Tensor, value: Tensor) -> Tensor:
    """Return dS/dA (B, H, Q, N) from dS/dO, O as (B, Q, H d), and V (B, H, N, d)."""
    return heads_of(gradient, value.shape[1]) @ value.detach().transpose(-1, -2)


def _from(tapped: Capture, start_layer: int) -> range:
    count = len(tapped.tower.blocks)
    if not -count <= start_layer < count:
        raise UsageError(
            f"There is no block {start_layer}; this encoder has {count}, from 0.",
            "Choose an earlier one.",
        )
    return range(start_layer % count, count)
