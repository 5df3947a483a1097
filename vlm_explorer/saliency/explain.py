"""One call for every method: an encoder, an image and prompts to an `Explanation`."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.preprocess import Geometry, plan
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.attention import (
    AttentionMaps,
    Head,
    Query,
    attention_maps,
    attention_row,
)
from vlm_explorer.saliency.explanation import Cost, Explanation
from vlm_explorer.saliency.geometry import share_in_padding, share_unseen
from vlm_explorer.saliency.occlusion import Baseline, OnPartial, default_window, occlude
from vlm_explorer.saliency.rollout import Fusion, rollout
from vlm_explorer.saliency.tower import Tower, image_module, read_tower

METHODS = ("attention", "rollout", "occlusion")
_LIBRARIES = ("torch", "open_clip_torch", "timm", "transformers")

Floats = NDArray[np.float32]

# Below these shares nothing is said of what is cut off or lies in the padding.
_UNSEEN_WORTH_SAYING = 0.01
_PADDING_WORTH_SAYING = 0.05


@dataclass(frozen=True, slots=True)
class _Found:
    """What a method has found; the rest of an `Explanation` is the same for all."""

    grid: Floats
    score: Floats
    geometry: Geometry
    params: dict[str, Any]
    unit: str
    signed: bool
    outlier_tokens: NDArray[np.bool_]
    forward: int
    warnings: list[str]


def available_methods(encoder: Encoder) -> dict[str, str]:
    """Return why each of `METHODS` does not apply to an encoder; empty where it does."""
    tower = _tower(encoder)
    few = "it has a single layer of attention" if not tower.blocks else ""
    return {"attention": tower.reason, "rollout": tower.reason or few, "occlusion": ""}


def explain(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    texts: Sequence[str] = (),
    method: str = "auto",
    *,
    context: JobContext | None = None,
    **params: Any,
) -> Explanation:
    """Explain what an encoder looks at, or what moved an image's cosine with prompts.

    Args:
        encoder: what to explain.
        pixels: the image as rendered, uint8 (rows, columns) or (rows, columns, 3).
        texts: prompts; methods that know no prompt return one map and say so.
        method: one of `METHODS`, or `auto`: attention without prompts, occlusion with.
        context: progress and cancellation.
        **params: the method's own settings. attention: `layer` (from 0, or from -1 backwards),
            `head` (number, `mean` or `max`), `query` (`auto`, `cls`, `probe`, `mean` or a patch's
            row and column). rollout: `fusion`, `discard_ratio`, `start_layer`. occlusion:
            `window`, `stride`, `baseline`, `batch_size`, `on_partial` (see `occlude`).

    Raises:
        NotSupported: the method is not there, or does not apply to this encoder.
        UsageError: no such method or setting, a prompt is missing, or `pixels` is no image.
    """
    started = time.perf_counter()
    method = _choose(encoder, method, texts)
    run = _RUNNERS[method]
    _check_settings(run, method, params)
    found = run(encoder, pixels, list(texts), context, **params)
    return Explanation(
        method=method,
        params=found.params,
        target={
            "kind": "cosine" if method == "occlusion" else "none",
            "prompts": list(texts),
            "negatives": None,
        },
        model_id=encoder.id,
        weights_sha256=encoder.fingerprint,
        versions={name: version(name) for name in _LIBRARIES},
        score=found.score,
        grid=found.grid,
        unit=found.unit,
        signed=found.signed,
        additive=False,
        residual=None,
        per_layer=None,
        per_head=None,
        outlier_tokens=found.outlier_tokens,
        geometry=found.geometry,
        cost=Cost(forward=found.forward, backward=0, seconds=time.perf_counter() - started),
        seed=None,
        warnings=[*found.warnings, *_what_is_unseen(found)],
    )


def _choose(encoder: Encoder, method: str, texts: Sequence[str]) -> str:
    """Return the method to run, or raise why it cannot be."""
    reasons = available_methods(encoder)
    there = ", ".join(name for name, reason in reasons.items() if not reason)
    if method == "auto":
        method = "occlusion" if texts else "attention"
    if method not in METHODS:
        raise NotSupported(
            f"The method {method!r} is not available.", f"Available for this encoder: {there}."
        )
    if reasons[method]:
        raise NotSupported(
            f"The method {method} does not apply to the encoder {encoder.id}: {reasons[method]}.",
            f"Available for this encoder: {there}. Occlusion needs a prompt.",
        )
    if method == "occlusion" and not texts:
        raise UsageError("Occlusion explains a prompt, and none was given.", "Type a prompt.")
    return method


def _check_settings(run: Callable[..., _Found], method: str, params: dict[str, Any]) -> None:
    known = [
        name
        for name, parameter in inspect.signature(run).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    ]
    for name in params:
        if name not in known:
            raise UsageError(
                f"The method {method} has no setting {name!r}.", f"It has: {', '.join(known)}."
            )


def _tower(encoder: Encoder) -> Tower:
    return read_tower(image_module(encoder), encoder.preprocess.size)


def _attention(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    texts: list[str],
    context: JobContext | None,
    *,
    layer: int = -1,
    head: Head = "mean",
    query: Query = "auto",
) -> _Found:
    maps = attention_maps(encoder, pixels, context=context)
    query = tuple(query) if isinstance(query, list) else query
    grid, prefix_mass = attention_row(maps, layer, head, query)
    params = {
        "layer": layer % len(maps.layers),
        "layer_name": maps.layers[layer],
        "head": head,
        "query": maps.default_query(layer) if query == "auto" else query,
        "prefix_mass": prefix_mass,
    }
    return _image_only(encoder, maps, grid, prefix_mass, texts, params)


def _rollout(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    texts: list[str],
    context: JobContext | None,
    *,
    fusion: Fusion = "mean",
    discard_ratio: float = 0.0,
    start_layer: int = 0,
) -> _Found:
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
) -> _Found:
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
            f"{prefix_mass:.0%} of the attention goes to tokens that are no part of the image."
        )
    return _Found(
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


def _occlusion(
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
) -> _Found:
    tower = _tower(encoder)
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
    return _Found(
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


_RUNNERS: dict[str, Callable[..., _Found]] = {
    "attention": _attention,
    "rollout": _rollout,
    "occlusion": _occlusion,
}


def _what_is_unseen(found: _Found) -> list[str]:
    """Return what must be said of the image's parts that are cut off, and of the padding."""
    warnings = []
    unseen = share_unseen(found.geometry)
    if unseen >= _UNSEEN_WORTH_SAYING:
        warnings.append(f"The encoder does not see {unseen:.0%} of the image, at its edges.")
    padding = max(share_in_padding(grid, found.geometry) for grid in found.grid)
    if padding >= _PADDING_WORTH_SAYING:
        warnings.append(f"{padding:.0%} of the map lies in the padding around the image.")
    return warnings
