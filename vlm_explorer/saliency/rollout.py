"""Attention followed through all blocks."""

from __future__ import annotations

from functools import reduce
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.saliency.attention import AttentionMaps

Floats = NDArray[np.float32]
Fusion = Literal["mean", "max", "min"]

_FUSE = {"mean": np.add, "max": np.maximum, "min": np.minimum}


def rollout(
    maps: AttentionMaps,
    *,
    fusion: Fusion = "mean",
    discard_ratio: float = 0.0,
    start_layer: int = 0,
) -> tuple[Floats, float]:
    """Return attention followed through all blocks (Abnar and Zuidema 2020).

    Each block's attention, fused over heads, is averaged with the identity that its residual
    connection is, its rows brought to sum 1; the product of all tells how much of each patch
    reaches the image's vector, if nothing but attention moved it. A pooling head comes last.

    Args:
        maps: of one image.
        fusion: over heads; `min` and `max` as in Gildenblat's vit-explain.
        discard_ratio: share of each block's smallest entries set to 0, 0 to below 1; never those
            in the class token's column.
        start_layer: first block to follow, from 0.

    Returns:
        float32 (gh, gw), and the share of the tokens before the patches; they sum to 1.

    Raises:
        NotSupported: the encoder has no blocks of attention.
        UsageError: settings out of range.
    """
    blocks = [layer for layer in range(len(maps.layers)) if maps.has_patch_queries(layer)]
    if not blocks:
        raise NotSupported(
            "Rollout follows attention from layer to layer, and this encoder has a single one.",
            "Choose the method attention.",
        )
    if not 0 <= start_layer < len(blocks) or not 0 <= discard_ratio < 1:
        raise UsageError(
            f"Rollout starts at a block from 0 to {len(blocks) - 1} and discards a share from 0 "
            "to below 1."
        )
    reached = _pooled(maps, blocks[-1], fusion)
    for layer in reversed(blocks[start_layer:]):
        step = _discard(_fused(maps, layer, fusion), discard_ratio, maps.class_token)
        step[np.diag_indices_from(step)] += 1
        reached = reached @ (step / step.sum(axis=1, keepdims=True))
    prefix = maps.prefixes[blocks[-1]]
    return reached[prefix:].reshape(maps.geometry.grid_hw), float(reached[:prefix].sum())


def _pooled(maps: AttentionMaps, last_block: int, fusion: Fusion) -> Floats:
    """Return how much of each of the last block's tokens becomes the image's vector, sum 1."""
    prefix, tokens = maps.prefixes[last_block], maps.keys[last_block].shape[1]
    share = np.zeros(tokens, np.float32)
    if last_block < len(maps.layers) - 1:
        paid = _fused(maps, -1, fusion)[0]
        share[tokens - len(paid) :] = paid / paid.sum()
    elif maps.by_class:
        share[0] = 1
    else:
        share[prefix:] = 1 / (tokens - prefix)
    return share


def _fused(maps: AttentionMaps, layer: int, fusion: Fusion) -> Floats:
    """Return a layer's attention fused over heads, (Q, N); two heads at a time are held."""
    if fusion not in _FUSE:
        raise UsageError(f"There is no fusion {fusion!r}.", "Choose mean, max or min.")
    fused: Floats = reduce(_FUSE[fusion], maps.each_head(layer))
    return fused / np.float32(maps.heads[layer]) if fusion == "mean" else fused


def _discard(step: Floats, ratio: float, class_token: bool) -> Floats:
    """Return attention (N, N) with its smallest entries at 0, but for the class token's column."""
    count = int(step.size * ratio)
    if count == 0:
        return step
    smallest = np.argpartition(step.ravel(), count)[:count]
    if class_token:
        smallest = smallest[smallest % step.shape[1] != 0]
    step.ravel()[smallest] = 0
    return step
