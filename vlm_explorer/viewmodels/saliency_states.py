"""What the user chose of the saliency overlay, and how far it has come. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from vlm_explorer.viewmodels.saliency_caption import Head
from vlm_explorer.viewmodels.saliency_display import Cell

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
        opacity: 0 to 1.
        hidden: whether the overlay is out of sight for the moment.
        squares: whether patches are shown as they are, not interpolated.
    """

    method: Method = "off"
    layer: int = -1
    head: Head = "mean"
    cell: Cell | None = None
    opacity: float = 0.45
    hidden: bool = False
    squares: bool = False
