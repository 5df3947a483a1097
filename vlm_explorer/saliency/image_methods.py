"""The methods that know no prompt: one map an image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.attention import (
    AttentionMaps,
    Head,
    Query,
    attention_maps,
    attention_row,
)
from vlm_explorer.saliency.found import Floats, Found
from vlm_explorer.saliency.rollout import Fusion, rollout


def attention(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    texts: list[str],
    context: JobContext | None,
    *,
    layer: int = -1,
    head: Head = "mean",
    query: Query = "auto",
    column: bool = False,
) -> Found:
    """Where one layer looks, or who looks there; see `attention.AttentionMaps.row`, `column`."""
    maps = attention_maps(encoder, pixels, context=context)
    return attention_of(encoder, maps, texts, layer=layer, head=head, query=query, column=column)


def attention_of(
    encoder: Encoder,
    maps: AttentionMaps,
    texts: list[str],
    *,
    layer: int = -1,
    head: Head = "mean",
    query: Query = "auto",
    column: bool = False,
) -> Found:
    """Where one layer looks, or who looks there, by what was kept of an image's attention."""
    query = tuple(query) if isinstance(query, list) else query
    params: dict[str, Any] = {
        "layer": layer % len(maps.layers),
        "layer_name": maps.layers[layer],
        "head": head,
        "query": maps.default_query(layer) if query == "auto" else query,
        "column": column,
    }
    if column:
        if not isinstance(query, tuple):
            raise UsageError(
                "A column of attention is that of a patch, and none was given.",
                "Give the query as a row and a column of the grid.",
            )
        grid, before = maps.column(layer, query, head)
        params["prefix_attention"] = [float(share) for share in before]
        return _image_only(encoder, maps, grid, 0.0, texts, params)
    grid, prefix_mass = attention_row(maps, layer, head, query)
    params["prefix_mass"] = prefix_mass
    return _image_only(encoder, maps, grid, prefix_mass, texts, params)


def rolled_out(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    texts: list[str],
    context: JobContext | None,
    *,
    fusion: Fusion = "mean",
    discard_ratio: float = 0.0,
    start_layer: int = 0,
) -> Found:
    """Attention followed through all blocks; see `rollout.rollout`."""
    maps = attention_maps(encoder, pixels, context=context)
    settings: dict[str, Any] = {
        "fusion": fusion,
        "discard_ratio": discard_ratio,
        "start_layer": start_layer,
    }
    grid, prefix_mass = rollout(maps, **settings)
    settings["prefix_mass"] = prefix_mass
    return _image_only(encoder, maps, grid, prefix_mass, texts, settings)


def _image_only(
    encoder: Encoder,
    maps: AttentionMaps,
    grid: Floats,
    prefix_mass: float,
    texts: list[str],
    params: dict[str, Any],
) -> Found:
    warnings = []
    score = np.empty(0, np.float32)
    if texts:
        score = encoder.encode_texts(texts) @ maps.embedding
        warnings.append(
            "This method shows where the encoder looks in the image, whatever the prompt: there "
            "is one map for all prompts."
        )
    if prefix_mass >= 0.5:
        warnings.append(
            f"{100 * prefix_mass:.0f} % of the attention goes to tokens that are no part of the "
            "image."
        )
    return Found(
        grid=grid[None],
        score=score,
        geometry=maps.geometry,
        params=params,
        unit="attention",
        signed=False,
        outlier_tokens=maps.outlier_tokens(),
        forward=1,
        warnings=warnings,
    )
