"""Seconds until there is a map: PCA of 100,000 vectors at once, UMAP of 2,000 from a cold start.

The first picture: PCA of a collection whose vectors are in memory, laid out, kept and drawn at
1600 x 1000, as the window does while UMAP is computed; beside it PCA by scikit-learn. The cold
start: a fresh process from its first import to the places of 2,000 vectors of 512 dimensions, ours
with its neighbours, graph and epochs in a process of its own, against umap-learn's `fit_transform`
with the cosine metric and the same seed; both with kernels compiled before and kept on the disk,
and both the very first time, with nothing kept. `VLM_BENCH_POINTS` for fewer in the first picture.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import _synthetic_collection as synthetic

POINTS = int(os.environ.get("VLM_BENCH_POINTS", "100000"))
FEW = 2_000
WIDTH, HEIGHT = 1600, 1000

_VECTORS = f"""
import sys, time, warnings
warnings.simplefilter("ignore")
import numpy
rows = numpy.random.default_rng(0).normal(size=({FEW}, 512)).astype("float32")
rows[:, :8] += 4 * numpy.random.default_rng(1).normal(size=(20, 8))[numpy.arange({FEW}) % 20]
rows /= numpy.linalg.norm(rows, axis=1, keepdims=True)
"""
_OURS = f"""{_VECTORS}
from vlm_explorer.analysis.projection import ProjectionSpec, project
made = project(ProjectionSpec("umap", "raw"), rows, rows[:0])
assert numpy.isfinite(made.xy).all()
"""
_THEIRS = f"""{_VECTORS}
import umap
xy = umap.UMAP(metric="cosine", random_state=42).fit_transform(rows)
assert numpy.isfinite(xy).all()
"""


def run() -> dict[str, float | int]:
    result: dict[str, float | int] = {"points": POINTS, **_first_picture(), "umap_points": FEW}
    codes = {"ours": _OURS, "umap_learn": _THEIRS}
    for name, code in codes.items():
        with tempfile.TemporaryDirectory() as kernels:
            result[f"{name}_very_first_start_s"] = _process(code, kernels)
            result[f"{name}_cold_start_s"] = _process(code, kernels)
    result["share_of_umap_learns_time"] = (
        result["ours_cold_start_s"] / result["umap_learn_cold_start_s"]
    )
    return result


def _process(code: str, kernels: str) -> float:
    """Return how long a fresh process takes; numba keeps what it compiles in `kernels`."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": kernels}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def _first_picture() -> dict[str, float]:
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.queries.layout import LayoutRequest, layout
    from vlm_explorer.rendering.rasteriser import Brush, Level, Points, diameter, rasterise
    from vlm_explorer.rendering.view import View

    with tempfile.TemporaryDirectory() as folder:
        collection = Collection(synthetic.write(Path(folder) / "first.vlmx", POINTS))
        vectors = collection.vectors()
        _ = collection.images, collection.texts
        start = time.perf_counter()
        answer = layout(collection, LayoutRequest("pca", "centred"), judged=False)
        laid_out = time.perf_counter()
        size = len(answer.xy)
        points = Points(
            answer.xy,
            np.zeros(size, np.uint8),
            np.zeros(size, np.bool_),
            np.full(size, Level.PLAIN, np.int8),
        )
        ground, accent, ghost = np.array([[11, 14, 18], [76, 194, 255], [57, 66, 78]], np.uint8)
        brush = Brush(accent[None], ground, accent, ghost, diameter(size))
        rasterise(points, brush, View(width=WIDTH, height=HEIGHT).fitted(points.xy))
        drawn = time.perf_counter()
    return {
        "first_layout_s": laid_out - start,
        "first_drawing_s": drawn - laid_out,
        "first_picture_s": drawn - start,
        "pca_by_scikit_learn_s": _scikit_learns(vectors),
    }


def _scikit_learns(vectors: np.ndarray) -> float:
    from sklearn.decomposition import PCA

    start = time.perf_counter()
    PCA(2).fit_transform(vectors)
    return time.perf_counter() - start
