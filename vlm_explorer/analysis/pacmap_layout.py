"""PaCMAP (Wang et al. 2021), where its package is installed; run in a process of its own."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.neighbours import nearest_of
from vlm_explorer.errors import NotSupported
from vlm_explorer.jobs import JobContext

INSTALL = "pip install 'vlm-explorer[pacmap]'"


def pacmap_is_here() -> bool:
    """Whether PaCMAP's package is installed; it is not imported."""
    found = find_spec("pacmap")
    return found is not None and found.origin is not None  # a folder of that name is no package


def require_pacmap() -> None:
    """Make sure that PaCMAP's package is installed.

    Raises:
        NotSupported: it is not.
    """
    if not pacmap_is_here():
        raise NotSupported("PaCMAP is not installed.", f"Install it with: {INSTALL}")


def pacmap_coordinates(
    points: NDArray[np.float32],
    start: NDArray[np.float32],
    n_neighbors: int,
    seed: int,
    *,
    context: JobContext,
) -> NDArray[np.float32]:
    """Lay out points by PaCMAP; to be run by `run_in_process`.

    Neighbours are by cosine in the full space; unit rows have the same ones by Euclidean distance,
    which PaCMAP takes the pairs from afar by.

    Args:
        points: float32 (N, D), unit rows, N > 3 * n_neighbors + 1.
        start: float32 (N, 2), the layout to start from.
        n_neighbors: size of a neighbourhood.
        seed: of all that is random.
        context: told the phase; PaCMAP itself tells nothing.

    Returns:
        float32 (N, 2).
    """
    from pacmap import PaCMAP

    context.report(0, None, "Preparing the layout")
    indices, _ = nearest_of(points, n_neighbors + 1, seed, context=context)
    rows = np.repeat(np.arange(len(points), dtype=np.int32), n_neighbors)
    pairs = np.stack([rows, indices[:, 1:].ravel().astype(np.int32)], axis=1)
    context.report(0, None, "Laying out")
    model = PaCMAP(n_neighbors=n_neighbors, pair_neighbors=pairs, random_state=seed)
    return np.asarray(model.fit_transform(points, init=start), np.float32)
