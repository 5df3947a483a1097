"""Explanations made of noise, for whatever is done with a map and asks no encoder."""

from __future__ import annotations

import numpy as np

from vlm_explorer.encoders.preprocess import PreprocessConfig, plan
from vlm_explorer.saliency.explanation import Explanation


def explanation_of(
    shape: tuple[int, int],
    *,
    prompts: tuple[str, ...] = ("large heart",),
    signed: bool = True,
    seed: int = 0,
) -> Explanation:
    """Return maps of 6 x 6 patches over an image, whose middle part alone was seen."""
    geometry = plan(*shape, PreprocessConfig(size=50, resize_mode="shortest"), (6, 6), (8, 8))
    random = np.random.default_rng(seed)
    grid = random.normal(size=(max(1, len(prompts)), 6, 6)).astype(np.float32)
    return Explanation(
        method="occlusion" if prompts else "attention",
        params={"window": 2, "baseline": "blur"},
        target={
            "kind": "cosine" if prompts else "none",
            "prompts": list(prompts),
            "negatives": None,
        },
        model_id="demo",
        weights_sha256="ab" * 32,
        versions={"torch": "2.9"},
        score=random.normal(size=len(prompts)).astype(np.float32),
        grid=grid if signed else np.abs(grid),
        unit="cosine drop" if prompts else "attention",
        signed=signed,
        additive=False,
        residual=None,
        per_layer=None,
        per_head=None,
        outlier_tokens=np.zeros((6, 6), bool),
        geometry=geometry,
        cost={"forward": 3, "backward": 0, "seconds": 0.5},
        seed=None,
        warnings=["A warning worth reading."],
    )
