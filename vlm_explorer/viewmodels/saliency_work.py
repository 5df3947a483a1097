"""What the saliency overlay has done off the GUI thread; heavy imports inside functions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.preprocess import plan
from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.saliency_display import RawMap
from vlm_explorer.viewmodels.saliency_request import Request
from vlm_explorer.viewmodels.viewer_encoder_view import rendered
from vlm_explorer.viewmodels.viewer_frames import FrameCache

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.saliency.attention import AttentionMaps
    from vlm_explorer.saliency.explanation import Explanation
    from vlm_explorer.viewmodels.saliency_states import Method

_AT_ONCE = 2_000_000  # numbers of a row of attention that take no time worth a thread


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """An explanation; with the attention of all layers, where that was read for it."""

    explanation: Explanation
    maps: AttentionMaps | None = None


class PartialMaps:
    """Carries the newest partial map from the worker to whoever looks.

    Attributes:
        raw: the map so far, NaN where nothing was hidden yet; None before the first.
    """

    def __init__(self) -> None:
        self.raw: RawMap | None = None


def is_quick(maps: AttentionMaps, params: dict[str, Any]) -> bool:
    """Return whether a row of attention can be had without keeping anyone waiting."""
    layer = params.get("layer", -1)
    averaged = params.get("query", "auto") == "auto" and maps.default_query(layer) == "mean"
    heads, tokens, _ = maps.keys[layer].shape
    whole = averaged or params.get("column", False)
    return not whole or heads * tokens * tokens <= _AT_ONCE


def read_row(request: Request, maps: AttentionMaps) -> Explanation:
    """Return the row of attention that a request names."""
    from vlm_explorer.saliency.explain import explain_attention

    return explain_attention(request.encoder, maps, **dict(request.params))


def explain_request(
    request: Request, partial: PartialMaps, maps: AttentionMaps | None, *, context: JobContext
) -> Answer:
    """Return the answer to a request; the image is rendered as the encoder gets it.

    Args:
        request: what is asked.
        partial: told of maps on the way, by the methods that have some.
        maps: the image's attention where it was read before.
        context: progress and cancellation.

    Raises:
        NotSupported: the method does not apply to the encoder.
    """
    from vlm_explorer.saliency.attention import attention_maps
    from vlm_explorer.saliency.explain import explain

    context.check()
    if request.method == "attention" and maps is not None:
        return Answer(read_row(request, maps), maps)
    pixels = rendered(request.frame, request.source, request.ct_window)
    if request.method == "attention":
        maps = attention_maps(request.encoder, pixels, context=context)
        return Answer(read_row(request, maps), maps)
    settings = dict(request.params)
    if request.method == "occlusion":
        settings |= halved_windows(request, pixels, partial)
    found = explain(
        request.encoder, pixels, request.texts, request.method, context=context, **settings
    )
    return Answer(found)


def halved_windows(
    request: Request, pixels: NDArray[np.uint8], partial: PartialMaps
) -> dict[str, Any]:
    """Return settings of occlusion whose windows overlap by half.

    A coarse map is there after a quarter of the time, and is refined.
    """
    from vlm_explorer.saliency.found import tower_of
    from vlm_explorer.saliency.occlusion import default_window

    tower = tower_of(request.encoder)
    window = default_window(tower)
    rows, columns = pixels.shape[:2]
    geometry = plan(rows, columns, request.encoder.preprocess, tower.grid_hw, tower.patch_hw)

    def keep(grid: np.ndarray, _done: int, _total: int) -> None:
        partial.raw = RawMap(grid[0], geometry, "cosine drop", signed=True)

    return {"window": window, "stride": max(1, window // 2), "on_partial": keep}


def explain_ahead(frames: FrameCache, request: Request, *, context: JobContext) -> Answer:
    """Return the answer to a request that may come; its frame is read where it is not yet."""
    frame = frames.load(request.source, context=context).frame
    return explain_request(replace(request, frame=frame), PartialMaps(), None, context=context)


def why_not(encoder: Encoder) -> dict[str, str]:
    """Return by method why it does not apply to an encoder; empty where it does."""
    from vlm_explorer.saliency.explain import available_methods

    return available_methods(encoder)


def usual_methods(encoder: Encoder) -> dict[bool, Method]:
    """Return what `auto` stands for, without a prompt and with one."""
    from vlm_explorer.saliency.explain import default_method

    return {each: cast("Method", default_method(encoder, prompted=each)) for each in (False, True)}
