"""What hiding parts of an image does to its cosines, beside what hiding any such parts would do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.preprocess import plan
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.found import tower_of
from vlm_explorer.saliency.hiding_places import (
    Rectangle,
    boxes_in_view,
    elsewhere,
    mask_of,
    picture_box,
)
from vlm_explorer.saliency.occlusion import Baseline, batch_size_of, make_baseline, view_encoder

Floats = NDArray[np.float32]
Views = NDArray[np.uint8]

REPEATS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Hidden:
    """What an encoder says of an image, and of the same with parts replaced; P prompts.

    Attributes:
        view: uint8 (S, S, 3), what the encoder saw with the parts hidden.
        share: share, 0 to 1, of what the encoder sees of the image that was hidden.
        baseline: what was put in its place.
        repeats: how often parts of the same sizes are to be hidden at random places instead.
        overlap: share of those, 0 to 1, that was hidden at first as well: where much is hidden
            there is no room elsewhere. NaN without any.
        seed: of the random places.
        before: float32 (P,), cosines of the whole image.
        after: float32 (P,), cosines with the parts hidden.
        elsewhere: float32 (n, P), cosines with the random parts hidden, as far as that is done.
    """

    view: Views
    share: float
    baseline: Baseline
    repeats: int
    overlap: float
    seed: int
    before: Floats
    after: Floats
    elsewhere: Floats

    @property
    def change(self) -> Floats:
        """Float32 (P,), how the cosines change; below zero they fall."""
        return self.after - self.before

    @property
    def change_elsewhere(self) -> Floats:
        """Float32 (n, P), how they change with the random parts hidden."""
        return self.elsewhere - self.before

    def as_far(self, prompt: int) -> int:
        """Return how many of the random parts change a prompt's cosine as far, the same way.

        If hiding the parts changed nothing, all of them do.
        """
        change, others = self.change[prompt], self.change_elsewhere[:, prompt]
        return int((np.sign(change) * others >= abs(change)).sum())


OnHidden = Callable[[Hidden], None]


def hide(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    rectangles: Sequence[Rectangle],
    texts: Floats,
    *,
    baseline: Baseline = "blur",
    repeats: int = REPEATS,
    seed: int = 0,
    context: JobContext | None = None,
    on_partial: OnHidden | None = None,
) -> Hidden:
    """Have an encoder look again at an image with parts of it replaced.

    The parts are replaced in what the encoder sees, after its own resizing, as in `occlude`. For
    comparison parts of the same sizes are hidden at random elsewhere (`hiding_places.elsewhere`).

    Args:
        encoder: any.
        pixels: the image as rendered, uint8 (rows, columns) or (rows, columns, 3).
        rectangles: the parts to hide, in pixels of the image.
        texts: float32 (P, D), unit rows; their number costs nothing.
        baseline: as in `occlude`.
        repeats: how often random parts are hidden.
        seed: of their places.
        context: told the progress and asked for cancellation after each batch.
        on_partial: called after each batch with what is known so far.

    Raises:
        UsageError: the encoder sees nothing of the rectangles, or there is no such baseline.
    """
    view = encoder.view(pixels)
    geometry = plan(pixels.shape[0], pixels.shape[1], encoder.preprocess)
    picture, boxes = picture_box(geometry), boxes_in_view(geometry, rectangles)
    if not boxes:
        raise UsageError(
            "The encoder sees nothing of what is to be hidden.",
            "Draw on the part of the image that is not hatched.",
        )
    hidden, random = mask_of(view.shape, boxes), np.random.default_rng(seed)
    masks = [elsewhere(picture, boxes, hidden, random) for _ in range(repeats)]
    replaced = make_baseline(view, baseline, encoder.preprocess.mean)
    views = [view, *(np.where(mask[..., None], replaced, view) for mask in (hidden, *masks))]
    nothing = np.empty((0, len(texts)), np.float32)
    answer = Hidden(
        view=views[1],
        share=float(hidden[picture].mean()),
        baseline=baseline,
        repeats=repeats,
        overlap=_overlap(hidden, masks),
        seed=seed,
        before=nothing.sum(axis=0),
        after=nothing.sum(axis=0),
        elsewhere=nothing,
    )
    return _look(encoder, views, texts, answer, context, on_partial)


def _look(
    encoder: Encoder,
    views: Sequence[Views],
    texts: Floats,
    answer: Hidden,
    context: JobContext | None,
    on_partial: OnHidden | None,
) -> Hidden:
    """Fill the cosines in: of the whole image, with the parts hidden, then of each random try."""
    encode = view_encoder(encoder)
    size = max(batch_size_of(encoder, tower_of(encoder)), 2)
    cosines = np.empty((0, len(texts)), np.float32)
    for start in range(0, len(views), size):
        rows = encode(np.stack(views[start : start + size])) @ texts.T
        cosines = np.concatenate([cosines, rows])
        answer = replace(answer, before=cosines[0], after=cosines[1], elsewhere=cosines[2:])
        if context is not None:
            context.report(len(cosines), len(views), "Looking again")
        if on_partial is not None:
            on_partial(answer)
    return answer


def _overlap(hidden: NDArray[np.bool_], masks: Sequence[NDArray[np.bool_]]) -> float:
    covered = sum(int(mask.sum()) for mask in masks)
    return sum(int((mask & hidden).sum()) for mask in masks) / covered if covered else float("nan")
