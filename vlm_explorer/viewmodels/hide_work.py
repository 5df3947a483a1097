"""What looking again with parts hidden has done off the GUI thread. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.saliency.directions import direction_of
from vlm_explorer.viewmodels.viewer_frames import FrameKey

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.saliency.hiding import Hidden
    from vlm_explorer.saliency.hiding_places import Rectangle
    from vlm_explorer.saliency.occlusion import Baseline


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The labels that are scored beside the prompt.

    Attributes:
        words: one a label.
        vectors: float32 (L, D), of their sentences, unit rows.
    """

    words: tuple[str, ...] = ()
    vectors: np.ndarray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class HideTask:
    """What is hidden from whom, and whose cosines are asked for.

    Attributes:
        encoder: that looks again.
        frame: the image.
        source: where that was read.
        ct_window: through which window the encoder sees CT.
        rectangles: the parts to hide, in pixels of the image.
        baseline: what is put in their place.
        prompt: the prompt; "" for labels alone.
        labels: the labels.
    """

    encoder: Encoder
    frame: Frame
    source: FrameKey
    ct_window: str
    rectangles: tuple[Rectangle, ...]
    baseline: Baseline
    prompt: str
    labels: Labels

    @property
    def texts(self) -> tuple[str, ...]:
        """The prompt and the labels, in the order of the answer's columns."""
        return (*((self.prompt,) if self.prompt else ()), *self.labels.words)

    @property
    def called(self) -> tuple[str, ...]:
        """What the window calls them."""
        direction = direction_of(self.encoder, self.prompt)
        return self.texts if direction is None else (direction.title, *self.labels.words)


class Partly:
    """Carries the newest answer from the worker to whoever looks; None before the first."""

    def __init__(self) -> None:
        self.hidden: Hidden | None = None


def look_again(task: HideTask, partly: Partly, *, context: JobContext) -> Hidden:
    """Return what the encoder says with the parts hidden; `partly` brings what is known before.

    Raises:
        UsageError: the encoder sees nothing of the parts.
    """
    from vlm_explorer.saliency.hiding import hide
    from vlm_explorer.viewmodels.viewer_encoder_view import rendered

    context.check()
    rows = [task.encoder.encode_texts([task.prompt])] if task.prompt else []
    if task.labels.vectors is not None:
        rows.append(np.asarray(task.labels.vectors, np.float32))

    def keep(hidden: Hidden) -> None:
        partly.hidden = hidden

    return hide(
        task.encoder,
        rendered(task.frame, task.source, task.ct_window),
        task.rectangles,
        np.concatenate(rows),
        baseline=task.baseline,
        context=context,
        on_partial=keep,
    )
