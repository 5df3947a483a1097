"""Does a map depend on the prompt? It is held against those of prompts that mean something else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.check_again import explain_again
from vlm_explorer.saliency.check_ranks import spearman, without_padding
from vlm_explorer.saliency.explanation import Explanation
from vlm_explorer.saliency.method_words import IMAGE_ONLY

# Of these, the one least like the prompt is taken: things of the world, and of other examinations.
UNRELATED = (
    "a photo of a bicycle",
    "a bowl of fruit on a table",
    "a fracture of the left wrist",
    "a mammogram with a mass",
    "a cyst of the right kidney",
)
NONSENSE = "blicket dax florp wug tupa"

# From this mean correlation on a map is said to depend hardly on the prompt.
ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class PromptSensitivity:
    """How alike a map is to those of two other prompts.

    Attributes:
        unrelated, nonsense: the other prompts; "" for methods that know no prompt.
        rho_unrelated, rho_nonsense: Spearman's rank correlation with their maps, signed; NaN
            where a map is flat.
        image_only: the method knows no prompt, so that both are 1 by construction.
    """

    unrelated: str
    nonsense: str
    rho_unrelated: float
    rho_nonsense: float
    image_only: bool = False

    @property
    def rho(self) -> float:
        """The mean of both correlations, of the one that is known, or NaN."""
        known = [rho for rho in (self.rho_unrelated, self.rho_nonsense) if np.isfinite(rho)]
        return float(np.mean(known)) if known else float("nan")

    @property
    def failed(self) -> bool:
        """Whether the map would look much the same for any prompt, though it should not."""
        return not self.image_only and self.rho >= ALIKE


def prompt_sensitivity(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    explanation: Explanation,
    row: int = 0,
    *,
    context: JobContext | None = None,
) -> PromptSensitivity:
    """Compare a map with those of an unrelated and a nonsense prompt (one more explanation).

    Args:
        encoder: that was explained.
        pixels: the image as rendered, as given to `explain`.
        explanation: of it.
        row: which of its maps.
        context: asked for cancellation.
    """
    if explanation.method in IMAGE_ONLY:
        return PromptSensitivity("", "", 1.0, 1.0, image_only=True)
    unrelated = least_like(encoder, explanation.target["prompts"][row])
    others = explain_again(encoder, pixels, explanation, [unrelated, NONSENSE], context)
    own = without_padding(explanation.grid[row], explanation.geometry)
    to_unrelated, to_nonsense = (spearman(own, grid) for grid in others.grid)
    return PromptSensitivity(unrelated, NONSENSE, to_unrelated, to_nonsense)


def least_like(encoder: Encoder, prompt: str) -> str:
    """Return the one of `UNRELATED` whose vector is the least like the prompt's."""
    first, *others = encoder.encode_texts([prompt, *UNRELATED])
    return UNRELATED[int(np.argmin(np.stack(others) @ first))]
