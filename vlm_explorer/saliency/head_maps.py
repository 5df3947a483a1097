"""One layer of attention, head by head: where each looks, and in figures how widely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.attention import (
    AttentionMaps,
    Head,
    Query,
    entropy_bits,
    fuse_heads,
)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class HeadMaps:
    """The rows of attention of one query in one layer; K is all heads in one, twice, and each.

    Attributes:
        heads: `mean`, `max`, then the numbers of the heads, (K,).
        grid: float32 (K, gh, gw), attention paid to each patch.
        prefix_mass: float32 (K,), what goes to the tokens before the patches.
        entropy: float32 (K,), of the row over all tokens, in bits: 0 where one token gets all, at
            most log2(tokens); NaN for `max`, which is no share of anything.
        tokens: N, patches and others.
        query: who looks.
    """

    heads: tuple[Head, ...]
    grid: Floats
    prefix_mass: Floats
    entropy: Floats
    tokens: int
    query: Query


def head_maps(
    maps: AttentionMaps,
    layer: int,
    query: Query = "auto",
    *,
    context: JobContext | None = None,
) -> HeadMaps:
    """Return where each head of a layer looks; one head's attention is held at a time.

    Args:
        maps: of one image.
        layer: from 0, or from -1 backwards.
        query: who looks; a patch where patches look, else what leads to the image's vector.
        context: asked for cancellation between heads.
    """
    if query == "auto" or not maps.has_patch_queries(layer):
        query = maps.default_query(layer)
    found = []
    for attention in maps.each_head(layer, query):
        if context is not None:
            context.check()
        found.append(attention.mean(axis=0))
    each = np.stack(found)
    rows = np.stack([fuse_heads(each, "mean"), fuse_heads(each, "max"), *each])
    entropy = entropy_bits(rows)
    entropy[1] = np.nan
    prefix = maps.prefixes[layer]
    return HeadMaps(
        heads=("mean", "max", *range(len(each))),
        grid=rows[:, prefix:].reshape(len(rows), *maps.geometry.grid_hw),
        prefix_mass=rows[:, :prefix].sum(axis=1),
        entropy=entropy,
        tokens=rows.shape[1],
        query=query,
    )
