"""The methods that explain a prompt: one map a prompt."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.preprocess import plan
from vlm_explorer.encoders.registry import describe
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency import contributions, gradients
from vlm_explorer.saliency.found import Found, tower_of
from vlm_explorer.saliency.occlusion import Baseline, OnPartial, default_window, occlude
from vlm_explorer.saliency.outliers import outliers
from vlm_explorer.saliency.text_maps import OnPrompt, TextMaps

_STAND_IN = (
    "Each block is asked for the score that its tokens would have had; these scores stand in for "
    "the encoder's own."
)
_GRADIENT = "gradient (cosine by attention)"


def legrad(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    texts: list[str],
    context: JobContext | None,
    *,
    start_layer: int = 0,
) -> Found:
    """See `gradients.legrad`."""
    maps = gradients.legrad(
        encoder, encoder.view(pixels), encoder.encode_texts(texts),
        start_layer=start_layer, on_prompt=_told(context),
    )  # fmt: skip
    settings = {"start_layer": start_layer}
    return _of_text(encoder, pixels, maps, settings, _GRADIENT, warnings=[_STAND_IN])


def gradattn(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    texts: list[str],
    context: JobContext | None,
    *,
    start_layer: int = 0,
) -> Found:
    """See `gradients.gradattn`."""
    maps = gradients.gradattn(
        encoder, encoder.view(pixels), encoder.encode_texts(texts),
        start_layer=start_layer, on_prompt=_told(context),
    )  # fmt: skip
    settings = {"start_layer": start_layer, "scale": encoder.logit_scale}
    return _of_text(encoder, pixels, maps, settings, "relevance (attention x gradient)")


def gradcam(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    texts: list[str],
    context: JobContext | None,
) -> Found:
    """See `gradients.gradcam`."""
    vectors = encoder.encode_texts(texts)
    maps = gradients.gradcam(encoder, encoder.view(pixels), vectors, on_prompt=_told(context))
    return _of_text(encoder, pixels, maps, {}, "channels x mean gradient")


def decomp(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    texts: list[str],
    context: JobContext | None,
) -> Found:
    """See `contributions.decomp`."""
    if context is not None:
        context.check()
    maps = contributions.decomp(encoder, encoder.view(pixels), encoder.encode_texts(texts))
    return _of_text(encoder, pixels, maps, {}, "cosine", signed=True)


def patchsim(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    texts: list[str],
    context: JobContext | None,
    *,
    tokens: contributions.Tokens | Literal["auto"] = "auto",
    ffn: bool = True,
    residual: bool = True,
) -> Found:
    """See `contributions.patchsim`; by default the last tokens where patches know texts."""
    if context is not None:
        context.check()
    view, vectors = encoder.view(pixels), encoder.encode_texts(texts)
    if tokens == "auto":
        tokens = "last" if describe(encoder.id).patches == "text" else "value"
    by_value = {"ffn": ffn, "residual": residual} if tokens == "value" else {}
    maps = contributions.patchsim(encoder, view, vectors, tokens=tokens, **by_value)
    settings = {"tokens": tokens, **by_value}
    return _of_text(encoder, pixels, maps, settings, "cosine", signed=True)


def _told(context: JobContext | None) -> OnPrompt | None:
    """Return what reports prompt by prompt."""
    if context is None:
        return None
    words = "Following gradients"
    context.report(0, None, words)
    return lambda done, total: context.report(done, total, words)


def _of_text(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    maps: TextMaps,
    params: dict[str, Any],
    unit: str,
    *,
    signed: bool = False,
    warnings: list[str] | None = None,
) -> Found:
    tower = tower_of(encoder)
    rows, columns = pixels.shape[:2]
    grid_hw, patch_hw = tower.grid_hw, tower.patch_hw
    if maps.grid.shape[1:] != grid_hw:  # a stage of a tower without patches has cells of its own
        height, width = grid_hw = maps.grid.shape[1:]
        patch_hw = (encoder.preprocess.size // height, encoder.preprocess.size // width)
    none = np.zeros(grid_hw, bool)
    prefix = tower.blocks[0].prefix if tower.blocks else 0
    return Found(
        grid=maps.grid,
        score=maps.score,
        geometry=plan(rows, columns, encoder.preprocess, grid_hw, patch_hw),
        params=params,
        unit=unit,
        signed=signed,
        outlier_tokens=(none if maps.lengths is None else outliers(maps.lengths[prefix:], grid_hw)),
        forward=1,
        backward=maps.backward,
        warnings=warnings or [],
        residual=maps.residual,
        per_layer=maps.per_layer,
        per_head=maps.per_head,
    )


def occlusion(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    texts: list[str],
    context: JobContext | None,
    *,
    window: int | None = None,
    stride: int | None = None,
    baseline: Baseline = "blur",
    batch_size: int | None = None,
    on_partial: OnPartial | None = None,
) -> Found:
    """See `occlusion.occlude`."""
    tower = tower_of(encoder)
    window = window or default_window(tower)
    stride = stride or window
    grid, score, passes = occlude(
        encoder,
        tower,
        encoder.view(pixels),
        encoder.encode_texts(texts),
        window=window,
        stride=stride,
        baseline=baseline,
        batch_size=batch_size,
        context=context,
        on_partial=on_partial,
    )
    rows, columns = pixels.shape[:2]
    return Found(
        grid=grid,
        score=score,
        geometry=plan(rows, columns, encoder.preprocess, tower.grid_hw, tower.patch_hw),
        params={"window": window, "stride": stride, "baseline": baseline},
        unit="cosine drop",
        signed=True,
        outlier_tokens=np.zeros(tower.grid_hw, bool),
        forward=passes,
        warnings=[],
    )
