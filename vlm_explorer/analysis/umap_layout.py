"""UMAP, run in a process of its own, so that the window never waits for it.

Neighbours, fuzzy graph and the epochs of the layout are computed here, after McInnes et al. (2018)
and with the constants of umap-learn, which the tests compare with: its import takes seconds, its
search for neighbours compiles for tens of seconds, and a seed confines its loop to one thread.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.neighbours import nearest_of
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# umap-learn's constants, of the same names.
_SMOOTH_K_TOLERANCE = 1e-5
_MIN_K_DIST_SCALE = 1e-3
# umap-learn's number of epochs, for up to so many points and for more.
_EPOCHS = 10_000, 500, 200
_PARTS = 8  # of the points; the result depends on it
_EXTENT = 10.0  # of the layout that the epochs start from


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
        float32 (N, 2); the same on every number of processors.
    """
    context.report(0, None, "Preparing the layout")
    indices, distances = nearest_of(points, n_neighbors, seed, context=context)
    return optimise(
        fuzzy_graph(indices, distances), _spread(start, seed), min_dist, seed, context=context
    )


def optimise(
    graph: csr_matrix,
    start: NDArray[np.float32],
    min_dist: float,
    seed: int,
    *,
    threads: int | None = None,
    context: JobContext,
) -> NDArray[np.float32]:
    """Return the layout of a fuzzy graph, by stochastic gradient descent (section 3.2).

    Args:
        graph: symmetric (N, N), weights in 0..1.
        start: float32 (N, 2), no axis without extent.
        min_dist: least distance of neighbours on the map.
        seed: of the points that each is pushed away from.
        threads: how many share the work, without effect on the result; by default one a core.
        context: told the epochs done, and shown the places after some of them.

    Returns:
        float32 (N, 2).
    """
    from vlm_explorer.analysis.umap_epochs import forces, move

    count = len(start)
    epochs = _EPOCHS[1] if count <= _EPOCHS[0] else _EPOCHS[2]
    indptr, indices, every = _schedule(graph, epochs)
    due = every.copy()
    pull, push = forces(*membership_curve(min_dist))
    extent = start.max(axis=0) - start.min(axis=0)
    places = np.ascontiguousarray(_EXTENT * (start - start.min(axis=0)) / extent, np.float32)
    copies = np.empty((_PARTS, count, 2), np.float32)
    size = -(-count // _PARTS)

    def follow(number: int, epoch: int) -> None:
        alpha = np.float32(1 - (epoch - 1) / epochs)
        part = min(number * size, count), min((number + 1) * size, count)
        copy = copies[number]
        copy[...] = places
        move(part, epoch, seed, alpha, pull, push, indptr, indices, every, due, copy)

    with ThreadPoolExecutor(threads or os.cpu_count() or 1, "umap") as pool:
        for epoch in range(1, epochs + 1):
            context.report(epoch, epochs, "Laying out")
            list(pool.map(follow, range(_PARTS), repeat(epoch)))
            places += (copies - places).sum(axis=0)
            context.show(places.copy)
    return places


def _schedule(
    graph: csr_matrix, epochs: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Return the edges (indptr, indices), and in how many epochs each is due once.

    The strongest is due in every epoch; edges that would never be are left out.
    """
    edges = graph.tocsr().copy()
    edges.data[edges.data < edges.data.max(initial=0) / epochs] = 0
    edges.eliminate_zeros()
    edges.sort_indices()
    every = edges.data.max(initial=0) / edges.data
    return edges.indptr.astype(np.int64), edges.indices.astype(np.int32), every.astype(np.float32)


def membership_curve(min_dist: float, spread: float = 1.0) -> tuple[float, float]:
    """Return a and b of 1 / (1 + a d^(2 b)), as umap-learn's `find_ab_params` fits them.

    The curve is to be 1 up to `min_dist`, and to fall as exp(-(d - min_dist) / spread) beyond.
    """
    from scipy.optimize import curve_fit

    distance = np.linspace(0, 3 * spread, 300)
    wanted = np.where(distance < min_dist, 1.0, np.exp(-(distance - min_dist) / spread))
    (a, b), _ = curve_fit(lambda d, a, b: 1 / (1 + a * d ** (2 * b)), distance, wanted)
    return float(a), float(b)


def _spread(start: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Return the start with a little noise: no two points on one spot, no axis without extent."""
    extent = float(np.ptp(start, axis=0).max()) or 1.0
    noise = np.random.RandomState(seed).normal(scale=1e-3 * extent, size=start.shape)
    return np.asarray(start + noise, np.float32)


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
