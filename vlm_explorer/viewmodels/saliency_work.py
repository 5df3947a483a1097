"""What the saliency overlay has done off the GUI thread. No Qt; heavy imports inside functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.encoders.preprocess import plan
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.viewmodels.saliency_display import RawMap

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.saliency.attention import AttentionMaps


@dataclass(frozen=True, slots=True, eq=False)
class PromptMap:
    """What hiding parts of an image does to its cosine with a prompt.

    Attributes:
        prompt: the text.
        score: cosine of image and prompt, nothing hidden.
        raw: cosine drop of each patch.
    """

    prompt: str
    score: float
    raw: RawMap


class PartialMaps:
    """Carries the newest partial map from the worker to whoever looks.

    Attributes:
        raw: the map so far, NaN where nothing was hidden yet; None before the first.
    """

    def __init__(self) -> None:
        self.raw: RawMap | None = None


def read_attention(
    encoder: Encoder, frame: Frame, ct_window: str, *, context: JobContext
) -> AttentionMaps:
    """Return the attention of all layers for a frame, CT through the collection's window.

    Raises:
        NotSupported: the encoder's attention cannot be shown.
    """
    from vlm_explorer.pixels.encoding_window import render_for_encoder
    from vlm_explorer.saliency.attention import attention_maps

    context.check()
    pixels = render_for_encoder(frame, ct_window).pixels
    return attention_maps(encoder, pixels, context=context)


def occlude_prompt(
    encoder: Encoder,
    frame: Frame,
    ct_window: str,
    prompt: str,
    partial: PartialMaps,
    *,
    context: JobContext,
) -> PromptMap:
    """Return what hiding parts of the encoder's picture of a frame does to a prompt's cosine.

    Windows overlap by half: a coarse map is there after a quarter of the time, and is refined.
    """
    from vlm_explorer.pixels.encoding_window import render_for_encoder
    from vlm_explorer.saliency.explain import explain
    from vlm_explorer.saliency.occlusion import default_window
    from vlm_explorer.saliency.tower import image_module, read_tower

    context.check()
    pixels = render_for_encoder(frame, ct_window).pixels
    tower = read_tower(image_module(encoder), encoder.preprocess.size)
    window = default_window(tower)
    rows, columns = pixels.shape[:2]
    geometry = plan(rows, columns, encoder.preprocess, tower.grid_hw, tower.patch_hw)

    def keep(grid: np.ndarray, _done: int, _total: int) -> None:
        partial.raw = RawMap(grid[0], geometry, "cosine drop", signed=True)

    found = explain(
        encoder,
        pixels,
        [prompt],
        "occlusion",
        window=window,
        stride=max(1, window // 2),
        on_partial=keep,
        context=context,
    )
    raw = RawMap(found.grid[0], found.geometry, found.unit, found.signed)
    return PromptMap(prompt, float(found.score[0]), raw)
