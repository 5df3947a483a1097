"""UMAP, run in a process of its own: it cannot be interrupted, and its import has side effects.

Neighbours and fuzzy graph are computed here in numpy and scipy rather than by umap-learn, whose
versions compile for tens of seconds and compare small sets in a Python loop; the layout is
umap-learn's.
"""

from __future__ import annotations

import io
import threading
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.neighbours import nearest, nearest_approximately
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Exact neighbours of so many points take seconds, and four times that of twice as many.
_MOST_FOR_EXACT = 10_000
# umap-learn's constants, of the same names.
_SMOOTH_K_TOLERANCE = 1e-5
_MIN_K_DIST_SCALE = 1e-3


class _EpochCounter(io.StringIO):
    """A stream that takes the progress bar's `done total` and reports it."""

    def __init__(self, context: JobContext) -> None:
        super().__init__()
        self._context = context

    def write(self, text: str) -> int:
        numbers = text.split()
        if len(numbers) == 2 and all(number.isdigit() for number in numbers):
            self._context.report(int(numbers[0]), int(numbers[1]), "Laying out")
        return len(text)


def umap_coordinates(
    points: NDArray[np.float32],
    start: NDArray[np.float32],
    n_neighbors: int,
    min_dist: float,
    seed: int,
    *,
    context: JobContext,
) -> NDArray[np.float32]:
    """Lay out points by UMAP with the cosine metric; to be run by `run_in_process`.

    Args:
        points: float32 (N, D), unit rows, N > n_neighbors.
        start: float32 (N, 2), the layout to start from.
        n_neighbors: size of a neighbourhood, the point itself counted.
        min_dist: least distance of neighbours on the map.
        seed: of all that is random.
        context: told the phase and the epochs done.

    Returns:
        float32 (N, 2).
    """
    context.report(0, None, "Preparing the layout")
    with warnings.catch_warnings():
        # umap-learn says at import that it has no TensorFlow, which is not used here.
        warnings.simplefilter("ignore", ImportWarning)
        from umap.layouts import tqdm
        from umap.umap_ import find_ab_params, simplicial_set_embedding

    # By default the bar takes a lock between processes, which a killed child leaves behind.
    tqdm.set_lock(threading.RLock())
    random = np.random.RandomState(seed)
    if len(points) <= _MOST_FOR_EXACT:
        indices, distances = nearest(points, n_neighbors, context=context)
    else:
        indices, distances = nearest_approximately(points, n_neighbors, seed, context=context)
    a, b = find_ab_params(1.0, min_dist)
    layout, _ = simplicial_set_embedding(
        points, fuzzy_graph(indices, distances), 2, 1.0, a, b, 1.0, 5, None,
        _spread(start, random), random, "cosine", {}, False, {}, False,
        tqdm_kwds=_progress_bar(context),
    )  # fmt: skip
    return np.asarray(layout, np.float32)


def _progress_bar(context: JobContext) -> dict[str, Any]:
    return {
        "disable": False,
        "file": _EpochCounter(context),
        "bar_format": "{n_fmt} {total_fmt}",
        "mininterval": 0.1,
    }


def _spread(start: NDArray[np.float32], random: np.random.RandomState) -> NDArray[np.float32]:
    """Return the start with a little noise: no two points on one spot, no axis without extent."""
    extent = float(np.ptp(start, axis=0).max()) or 1.0
    return np.asarray(start + random.normal(scale=1e-3 * extent, size=start.shape), np.float32)


def fuzzy_graph(indices: NDArray[np.int32], distances: NDArray[np.float32]) -> csr_matrix:
    """Return UMAP's weights of neighbourhood (McInnes et al. 2018, section 3.1).

    Args:
        indices: int (N, k), each row's nearest rows, itself first.
        distances: float32 (N, k), 0 or more, ascending.

    Returns:
        A symmetric sparse matrix (N, N), float32, of weights in 0..1, as umap-learn's
        `fuzzy_simplicial_set` gives it with a local connectivity of 1.
    """
    from scipy.sparse import csr_matrix

    count, k = indices.shape
    ahead = np.where(distances > 0, distances, np.inf).min(axis=1)
    rho = np.where(np.isfinite(ahead), ahead, 0)[:, None].astype(np.float64)
    beyond = np.maximum(distances - rho, 0)
    sigma = _bandwidths(beyond[:, 1:], np.log2(k))[:, None]
    typical = np.where(rho > 0, distances.mean(axis=1, keepdims=True), distances.mean())
    sigma = np.maximum(sigma, _MIN_K_DIST_SCALE * typical)
    weight = np.where(beyond > 0, np.exp(-beyond / np.where(sigma > 0, sigma, 1)), 1)
    weight[indices == np.arange(count)[:, None]] = 0
    rows = np.repeat(np.arange(count), k)
    graph = csr_matrix(
        (weight.ravel().astype(np.float32), (rows, indices.ravel())), shape=(count, count)
    )
    graph.eliminate_zeros()
    flipped = graph.T.tocsr()
    union = (graph + flipped - graph.multiply(flipped)).tocsr()
    union.eliminate_zeros()
    return union


def _bandwidths(beyond: NDArray[np.float64], target: float) -> NDArray[np.float64]:
    """Return, row by row, the sigma at which the weights exp(-beyond / sigma) sum to `target`."""
    low, high = np.zeros(len(beyond)), np.full(len(beyond), np.inf)
    sigma = np.ones(len(beyond))
    done = np.zeros(len(beyond), bool)
    for _ in range(64):
        total = np.exp(-beyond / sigma[:, None]).sum(axis=1)
        done |= np.abs(total - target) < _SMOOTH_K_TOLERANCE
        high = np.where(total > target, sigma, high)
        low = np.where(total > target, low, sigma)
        halved = np.where(np.isinf(high), 2 * sigma, (low + np.minimum(high, 1e300)) / 2)
        sigma = np.where(done, sigma, halved)
        if done.all():
            break
    return sigma
