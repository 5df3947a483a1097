"""What every method answers with, before it becomes an `Explanation`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.preprocess import Geometry
from vlm_explorer.saliency.tower import Tower, image_module, read_tower

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """What a method has found; the rest of an `Explanation` is the same for all."""

    grid: Floats
    score: Floats
    geometry: Geometry
    params: dict[str, Any]
    unit: str
    signed: bool
    outlier_tokens: NDArray[np.bool_]
    forward: int
    backward: int = 0
    warnings: list[str] = field(default_factory=list)
    residual: Floats | None = None
    per_layer: Floats | None = None
    per_head: Floats | None = None


def tower_of(encoder: Encoder) -> Tower:
    """Return what is known of an encoder's image tower."""
    return read_tower(image_module(encoder), encoder.preprocess.size)
