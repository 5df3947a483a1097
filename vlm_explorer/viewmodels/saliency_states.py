"""What the user chose of the saliency overlay, and how far it has come. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from vlm_explorer.rendering.colour_maps import DIVERGING, SEQUENTIAL
from vlm_explorer.rendering.map_scaling import Scaling
from vlm_explorer.saliency.directions import quoted
from vlm_explorer.saliency.method_words import WORDS, MethodWords, hint_of, title_of
from vlm_explorer.viewmodels.saliency_caption import Head
from vlm_explorer.viewmodels.saliency_display import Cell

__all__ = ["AUTO", "METHODS", "OFF", "Choice", "Method", "Stage", "hint_of", "quoted", "title_of"]

Method = Literal[
    "off",
    "auto",
    "attention",
    "rollout",
    "legrad",
    "gradattn",
    "decomp",
    "patchsim",
    "occlusion",
    "gradcam",
]


METHODS = WORDS  # for widgets, too, which do not see the core
OFF = MethodWords("No overlay", "The scan alone")
AUTO = MethodWords("Auto", "Attention without a prompt, the usual method with one")


class Stage(StrEnum):
    """How far the overlay has come; `message` says more."""

    OFF = "off"
    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user chose.

    Attributes:
        method: `off`, `auto` or one of `explain.METHODS`.
        layer: of the attention, from 0; -1 for the last.
        head: a head's number from 0, or the mean or max over heads.
        cell: the patch whose attention is shown; None for what leads to the image's vector.
        column: whether those are shown that attend to the patch, not where it looks itself.
        opacity: 0 to 1.
        hidden: whether the overlay is out of sight for the moment.
        squares: whether patches are shown as they are, not interpolated.
        scaling: which values the ends of the colours stand for.
        sequential, diverging: palettes of unsigned and of signed maps.
        fade: whether low values leave more of the scan to be seen.
        contours: whether lines at 50, 75 and 90 % of the greatest value take the colours' place.
        edge: the share of the pane's width, 0 to 1, left of which the scan is bare; None for an
            overlay over all of it.
        mute: whether outlier tokens are replaced by what lies around them.
    """

    method: Method = "off"
    layer: int = -1
    head: Head = "mean"
    cell: Cell | None = None
    column: bool = False
    opacity: float = 0.45
    hidden: bool = False
    squares: bool = False
    scaling: Scaling = "minmax"
    sequential: str = SEQUENTIAL[0]
    diverging: str = DIVERGING[0]
    fade: bool = True
    contours: bool = False
    edge: float | None = None
    mute: bool = False
