"""The same map once more: with other prompts, another tower, or to see that it repeats."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.check_ranks import spearman
from vlm_explorer.saliency.explain import explain
from vlm_explorer.saliency.explanation import Explanation
from vlm_explorer.saliency.methods import RUNNERS
from vlm_explorer.saliency.outliers import is_muted, muted


def settings_of(explanation: Explanation) -> dict[str, Any]:
    """Return the settings that make the method do again what it did.

    Of `params`, which also say what followed from the settings.
    """
    known = inspect.signature(RUNNERS[explanation.method]).parameters.values()
    names = {known_one.name for known_one in known if known_one.kind is known_one.KEYWORD_ONLY}
    return {name: value for name, value in explanation.params.items() if name in names}


def explain_again(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    explanation: Explanation,
    texts: Sequence[str],
    context: JobContext | None,
) -> Explanation:
    """Return the maps of other texts, made as `explanation` was; its progress is not reported."""
    settings = settings_of(explanation)
    silent = None if context is None else Silent(context)
    again = explain(encoder, pixels, texts, explanation.method, context=silent, **settings)
    return muted(again) if is_muted(explanation) else again


class Silent(JobContext):
    """Ends when another context does, and reports nothing: for parts of a larger piece of work."""

    def __init__(self, outer: JobContext) -> None:
        super().__init__()
        self.on_check = outer.check


@dataclass(frozen=True, slots=True)
class Repeatability:
    """Whether the method gives the same map again.

    Attributes:
        rho: Spearman's rank correlation of both maps; NaN where they are flat.
        largest_difference: of a patch's two values, as a share of the map's range; 0 where they
            are equal to the bit.
    """

    rho: float
    largest_difference: float


def repeatability(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    explanation: Explanation,
    row: int = 0,
    *,
    context: JobContext | None = None,
) -> Repeatability:
    """Explain again with nothing changed, and compare."""
    prompts = explanation.target["prompts"]
    again = explain_again(encoder, pixels, explanation, prompts, context)
    grid, other = explanation.grid[row], again.grid[row]
    difference = float(np.abs(grid - other).max())
    extent = float(np.ptp(grid))
    share = difference / extent if extent > 0 else float(difference > 0)
    return Repeatability(spearman(grid, other), share)
