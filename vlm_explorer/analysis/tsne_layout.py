"""t-SNE, by openTSNE, run in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.neighbours import nearest_of
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from openTSNE import TSNEEmbedding

# openTSNE's defaults: (rounds, exaggeration) of the early and of the final phase.
_PHASES = ((250, 12.0), (500, 1.0))
_EVERY = 10  # rounds between two reports
_FIRST_EXTENT = 1e-4  # standard deviation of the layout that the rounds start from


def tsne_coordinates(
    points: NDArray[np.float32],
    start: NDArray[np.float32],
    perplexity: float,
    seed: int,
    *,
    context: JobContext,
) -> NDArray[np.float32]:
    """Lay out points by t-SNE with the cosine metric; to be run by `run_in_process`.

    Affinities of 3 * perplexity neighbours (van der Maaten 2014), a start from PCA (Kobak and
    Berens 2019), openTSNE's gradients: Barnes and Hut's up to 10,000 points, interpolated beyond
    (Linderman et al. 2019). One thread: with several the order of sums would change the map.

    Args:
        points: float32 (N, D), unit rows, N > 3 * perplexity.
        start: float32 (N, 2), the layout to start from.
        perplexity: about how many neighbours each point keeps.
        seed: of all that is random.
        context: told the phase and the rounds done, and shown the places after some of them.

    Returns:
        float32 (N, 2).
    """
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    context.report(0, None, "Preparing the layout")
    k = min(len(points) - 1, round(3 * perplexity))
    indices, distances = nearest_of(points, k + 1, seed, context=context)
    index = PrecomputedNeighbors(indices[:, 1:].copy(), distances[:, 1:].astype(np.float64))
    affinities = PerplexityBasedNN(
        perplexity=perplexity, knn_index=index, n_jobs=1, random_state=seed
    )
    total, done = sum(rounds for rounds, _ in _PHASES), 0
    embedding: TSNEEmbedding = TSNEEmbedding(
        _small(start, seed), affinities, n_jobs=1, random_state=seed, negative_gradient_method=(
            "bh" if len(points) <= 10_000 else "fft"
        ),
    )  # fmt: skip
    for rounds, exaggeration in _PHASES:
        before = done

        def tell(
            round_: int, _error: float, places: NDArray[np.float64], before: int = before
        ) -> None:
            context.report(before + round_, total, "Laying out")
            context.show(lambda: np.array(places, np.float32))

        embedding = embedding.optimize(
            rounds, exaggeration=exaggeration, momentum=0.8, max_step_norm=5,
            callbacks=[tell], callbacks_every_iters=_EVERY, propagate_exception=True,
        )  # fmt: skip
        done += rounds
    context.report(total, total, "Laying out")
    return np.asarray(embedding, np.float32)


def _small(start: NDArray[np.float32], seed: int) -> NDArray[np.float64]:
    """Return the start at t-SNE's first extent, no two points on one spot."""
    spread = float(start.std(axis=0).max()) or 1.0
    noise = np.random.RandomState(seed).normal(scale=1e-2, size=start.shape)
    return np.asarray((start / spread + noise) * _FIRST_EXTENT, np.float64)
