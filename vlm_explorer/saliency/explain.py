"""One call for every method: an encoder, an image and prompts to an `Explanation`."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.registry import describe
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.attention import AttentionMaps
from vlm_explorer.saliency.directions import one_sided
from vlm_explorer.saliency.explanation import Cost, Explanation
from vlm_explorer.saliency.found import Found
from vlm_explorer.saliency.geometry import share_in_padding, share_unseen
from vlm_explorer.saliency.image_methods import attention_of
from vlm_explorer.saliency.method_words import IMAGE_ONLY
from vlm_explorer.saliency.methods import RUNNERS, reasons

METHODS = tuple(RUNNERS)
_LIBRARIES = ("torch", "open_clip_torch", "timm", "transformers")

Floats = NDArray[np.float32]

# Below these shares nothing is said of what is cut off or lies in the padding.
_UNSEEN_WORTH_SAYING = 0.01
_PADDING_WORTH_SAYING = 0.05


def available_methods(encoder: Encoder) -> dict[str, str]:
    """Return why each of `METHODS` does not apply to an encoder; empty where it does."""
    return reasons(encoder)


def default_method(encoder: Encoder, *, prompted: bool) -> str:
    """Return what `auto` means: the quick method that suits an encoder best.

    Without a prompt it is attention. With one, patches tell by themselves where training has
    aligned them with texts; elsewhere it is LeGrad, the best of those that follow gradients in its
    authors' comparison (Bousselham et al. 2024), and occlusion, which fits all, where the tower
    has no blocks to follow.
    """
    why_not = available_methods(encoder)
    wanted: tuple[str, ...] = ("legrad", "occlusion") if prompted else IMAGE_ONLY
    if prompted and describe(encoder.id).patches == "text":
        wanted = ("patchsim", *wanted)
    return next((name for name in wanted if not why_not[name]), wanted[0])


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
        method: one of `METHODS`, or `auto`, see `default_method`.
        context: progress and cancellation.
        **params: the method's own settings. attention: `layer` (from 0, or from -1 backwards),
            `head` (number, `mean` or `max`), `query` (`auto`, `cls`, `probe`, `mean` or a patch's
            row and column), `column` (of that patch: who looks there). rollout: `fusion`,
            `discard_ratio`, `start_layer`. legrad, gradattn: `start_layer`. patchsim: `tokens`,
            `ffn`, `residual`. occlusion: `window`, `stride`, `baseline`, `batch_size`, `on_partial`
            (see `occlude`).

    Raises:
        NotSupported: the method is not there, or does not apply to this encoder.
        UsageError: no such method or setting, a prompt is missing, or `pixels` is no image.
    """
    started = time.perf_counter()
    method = _choose(encoder, method, texts)
    run = RUNNERS[method]
    _check_settings(run, method, params)
    found = run(encoder, pixels, list(texts), context, **params)
    return _answer(encoder, method, texts, found, started)


def explain_attention(encoder: Encoder, maps: AttentionMaps, **params: Any) -> Explanation:
    """Explain by a row of attention that was kept: no pass through the encoder.

    Args:
        encoder: the one that `maps` are of.
        maps: of the image.
        **params: as for the method attention.
    """
    started = time.perf_counter()
    found = attention_of(encoder, maps, [], **params)
    return _answer(encoder, "attention", [], found, started)


def _answer(
    encoder: Encoder, method: str, texts: Sequence[str], found: Found, started: float
) -> Explanation:
    return Explanation(
        method=method,
        params=found.params,
        target={
            "kind": "none" if method in IMAGE_ONLY else "cosine",
            "prompts": list(texts),
            "negatives": None,
        },
        model_id=encoder.id,
        weights_sha256=encoder.fingerprint,
        versions=dict(_versions()),
        score=found.score,
        grid=found.grid,
        unit=found.unit,
        signed=found.signed,
        additive=found.residual is not None,
        residual=found.residual,
        per_layer=found.per_layer,
        per_head=found.per_head,
        outlier_tokens=found.outlier_tokens,
        geometry=found.geometry,
        cost=Cost(
            forward=found.forward, backward=found.backward, seconds=time.perf_counter() - started
        ),
        seed=None,
        warnings=[
            *found.warnings,
            *one_sided(encoder, texts, signed=found.signed),
            *_what_is_unseen(found),
        ],
    )


@cache
def _versions() -> dict[str, str]:
    return {name: version(name) for name in _LIBRARIES}


def _choose(encoder: Encoder, method: str, texts: Sequence[str]) -> str:
    """Return the method to run, or raise why it cannot be."""
    why_not = available_methods(encoder)
    there = ", ".join(name for name, reason in why_not.items() if not reason)
    if method == "auto":
        method = default_method(encoder, prompted=bool(texts))
    if method not in METHODS:
        raise NotSupported(
            f"The method {method!r} is not available.", f"Available for this encoder: {there}."
        )
    if why_not[method]:
        raise NotSupported(
            f"The method {method} does not apply to the encoder {encoder.id}: {why_not[method]}.",
            f"Available for this encoder: {there}.",
        )
    if method not in IMAGE_ONLY and not texts:
        raise UsageError(
            f"The method {method} explains a prompt, and none was given.",
            "Type a prompt, or choose attention.",
        )
    return method


def _check_settings(run: Callable[..., Found], method: str, params: dict[str, Any]) -> None:
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


def _what_is_unseen(found: Found) -> list[str]:
    """Return what must be said of the image's parts that are cut off, and of the padding."""
    warnings = []
    unseen = share_unseen(found.geometry)
    if unseen >= _UNSEEN_WORTH_SAYING:
        warnings.append(
            f"The encoder does not see {100 * unseen:.0f} % of the image, at its edges."
        )
    padding = max(share_in_padding(grid, found.geometry) for grid in found.grid)
    if padding >= _PADDING_WORTH_SAYING:
        warnings.append(f"{100 * padding:.0f} % of the map lies in the padding around the image.")
    return warnings
