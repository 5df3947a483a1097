"""Seconds of UMAP with a seed, against umap-learn with and without one, at equal trust.

50,000 vectors of 512 dimensions from 200 von Mises-Fisher clusters; cosine metric, 15 neighbours,
a least distance of 0.1; all warm and in the same run: neighbours, graph and layout. Trust is the
trustworthiness (k = 15) of 5,000 fixed points ranked against all. `VLM_BENCH_POINTS` for fewer.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable

import numpy as np

from vlm_explorer.analysis.projection import pca
from vlm_explorer.analysis.umap_layout import umap_coordinates
from vlm_explorer.jobs import JobContext

POINTS = int(os.environ.get("VLM_BENCH_POINTS", "50000"))
DIMENSION, CLUSTERS, CONCENTRATION = 512, 200, 600.0
JUDGED, K = 5_000, 15
SEED = 42


def clusters(points: int) -> np.ndarray:
    """Return unit rows around 200 directions (Wood 1994, for high concentration a normal)."""
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(CLUSTERS, DIMENSION))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    rows = centres[chance.integers(0, CLUSTERS, points)]
    rows = rows + chance.normal(size=rows.shape) / np.sqrt(CONCENTRATION)
    unit: np.ndarray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return unit


def trust(vectors: np.ndarray, xy: np.ndarray) -> float:
    """Return the trustworthiness of fixed points, each ranked against all others."""
    from scipy.spatial import cKDTree

    count = len(vectors)
    judged = np.random.default_rng(1).choice(count, min(JUDGED, count), replace=False)
    near = cKDTree(xy).query(xy[judged], k=K + 1)[1]
    penalty = 0
    for row, found in zip(judged, near, strict=True):
        cosine = vectors @ vectors[row]
        cosine[row] = np.inf
        others = found[found != row][:K]
        ranks = np.count_nonzero(cosine[:, None] > cosine[others][None], axis=0)
        penalty += int(np.maximum(ranks - K, 0).sum())
    return 1 - 2 * penalty / (len(judged) * K * (2 * count - 3 * K - 1))


def ours(vectors: np.ndarray) -> np.ndarray:
    return umap_coordinates(vectors, pca(vectors), K, 0.1, SEED, context=JobContext())


def theirs(vectors: np.ndarray, seed: int | None) -> np.ndarray:
    import umap

    model = umap.UMAP(n_neighbors=K, min_dist=0.1, metric="cosine", random_state=seed)
    return np.asarray(model.fit_transform(vectors), np.float32)


def run() -> dict[str, float | int]:
    warnings.simplefilter("ignore")  # umap-learn says that a seed costs it its threads
    small, vectors = clusters(2_000), clusters(POINTS)
    makers: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "ours_seeded": ours,
        "umap_learn": lambda rows: theirs(rows, None),
        "umap_learn_seeded": lambda rows: theirs(rows, SEED),
    }
    result: dict[str, float | int] = {"points": POINTS}
    for name, make in makers.items():
        make(small)  # compiled
        start = time.perf_counter()
        xy = make(vectors)
        result[f"{name}_s"] = time.perf_counter() - start
        result[f"{name}_trust"] = trust(vectors, xy)
    result["share_of_umap_learns_time"] = result["ours_seeded_s"] / result["umap_learn_s"]
    return result
