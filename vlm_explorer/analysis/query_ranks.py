"""At which ranks many queries find what is relevant to them, without a matrix of all scores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.similarity import TIE
from vlm_explorer.jobs import JobContext

_CELLS_AT_ONCE = 1 << 22  # float32 values, 16 MiB


def query_ranks(
    queries: NDArray[np.float32],
    candidates: NDArray[np.float32],
    pairs: NDArray[np.int64],
    *,
    context: JobContext | None = None,
    message: str = "Ranking",
) -> NDArray[np.int64]:
    """Return the rank of each relevant candidate for its query, from 1, int64 (P,).

    As `retrieval_metrics.ranks_of`: pessimistic, so that of candidates within `TIE` those that are
    not relevant stand first; relevant ones are ordered among each other.

    Args:
        queries: float32 (Q, D), unit rows.
        candidates: float32 (N, D), unit rows.
        pairs: int64 (P, 2), a query and a candidate that is relevant to it; each pair once.
        context: told how many queries are done.
    """
    order = np.argsort(pairs[:, 0], kind="stable")
    query, candidate = pairs[order].T
    ranks = np.zeros(len(pairs), np.int64)
    step = max(1, _CELLS_AT_ONCE // max(len(candidates), 1))
    for start in range(0, len(queries), step):
        if context is not None:
            context.report(start, len(queries), message)
        own = slice(*np.searchsorted(query, (start, start + step)))
        rows, columns = query[own] - start, candidate[own]
        block = queries[start : start + step] @ candidates.T
        scores = block[rows, columns]
        block[rows, columns] = -np.inf
        above = np.concatenate(
            [
                (block[part] > scores[first : first + step, None] - TIE).sum(axis=1)
                for first in range(0, len(rows), step)
                for part in (rows[first : first + step],)
            ]
            or [np.zeros(0, np.int64)]
        )
        ranks[own] = above + _places(rows, scores)
    back = np.empty_like(ranks)
    back[order] = ranks
    return back


def _places(rows: NDArray[np.int64], scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the place of each relevant candidate among those of its query, from 1."""
    order = np.lexsort((-scores, rows))
    starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
    places = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows)))) + 1
    back = np.empty(len(rows), np.int64)
    back[order] = places
    return back
