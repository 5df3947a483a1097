"""What every method answers with: raw values on the grid of patches, and all that explains them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.preprocess import Geometry
from vlm_explorer.saliency.geometry import Interpolation, to_original


class Target(TypedDict):
    """What is explained: nothing in particular, a cosine, a logit, or a difference of prompts."""

    kind: Literal["none", "cosine", "logit", "contrast"]
    prompts: list[str]
    negatives: list[str] | None


class Cost(TypedDict):
    """What the explanation took: passes through the image tower, and time."""

    forward: int
    backward: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Maps of one image, one a prompt, or a single one where the method knows no prompt.

    Attributes:
        method: one of `explain.METHODS`.
        params: the method's settings, complete.
        target: what is explained.
        model_id: the encoder's id.
        weights_sha256: the encoder's fingerprint.
        versions: of the libraries that computed it.
        score: float32 (number of prompts,), the cosine of image and prompt.
        grid: float32 (P, gh, gw), raw: not clipped, not scaled, not enlarged.
        unit: `attention`, `cosine drop`, ...
        signed: whether values below zero mean the opposite.
        additive: whether `grid` and `residual` sum to the score.
        residual: float32 (P,), score less the grid's sum; None unless additive.
        per_layer: float32 (P, L, gh, gw) or None.
        per_head: float32 (P, L, H, gh, gw) or None.
        outlier_tokens: bool (gh, gw), patches that the encoder may use as storage.
        geometry: from the grid to the original image.
        cost: passes and seconds.
        seed: of methods with chance in them.
        warnings: what the user must know to read the maps.
    """

    method: str
    params: dict[str, Any]
    target: Target
    model_id: str
    weights_sha256: str
    versions: dict[str, str]
    score: NDArray[np.float32]
    grid: NDArray[np.float32]
    unit: str
    signed: bool
    additive: bool
    residual: NDArray[np.float32] | None
    per_layer: NDArray[np.float32] | None
    per_head: NDArray[np.float32] | None
    outlier_tokens: NDArray[np.bool_]
    geometry: Geometry
    cost: Cost
    seed: int | None
    warnings: list[str]

    @property
    def overlay(self) -> NDArray[np.float32]:
        """The maps on the original pixels, float32 (P, rows, columns).

        NaN where the encoder saw nothing. Computed anew at each access.
        """
        return np.stack([self.overlay_of(row) for row in range(len(self.grid))])

    def overlay_of(self, row: int, interp: Interpolation = "bilinear") -> NDArray[np.float32]:
        """Return one map on the original pixels, float32 (rows, columns), NaN where unseen."""
        return to_original(self.grid[row], self.geometry, interp)
