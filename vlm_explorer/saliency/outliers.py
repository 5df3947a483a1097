"""Patches whose tokens are far longer than the others: found, and taken out of a map openly.

Encoders may use a few patches where little is to be seen as storage for the whole image (Darcet
et al. 2024, "Vision transformers need registers"). Attention goes there, and so does much of what
maps show, whatever lies at that place of the scan.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.saliency.explanation import Explanation

Floats = NDArray[np.float32]
Marks = NDArray[np.bool_]

_DEVIATIONS = 6


def outliers(lengths: Floats, grid_hw: tuple[int, int]) -> Marks:
    """Return bool (gh, gw): which patches are far longer than the others.

    Longer than the median by more than 6 median absolute deviations, of the tokens that enter the
    last block.

    Args:
        lengths: float32 (gh * gw,), of the patches' tokens, without those before them.
        grid_hw: rows and columns of patches.
    """
    middle = np.median(lengths)
    deviation = max(float(np.median(np.abs(lengths - middle))), 1e-4 * float(middle))
    return np.asarray((lengths > middle + _DEVIATIONS * deviation).reshape(grid_hw))


def mute(grid: Floats, marks: Marks) -> Floats:
    """Return maps with each marked cell replaced by the median of its neighbours.

    Args:
        grid: float32 (..., gh, gw).
        marks: bool (gh, gw).

    Returns:
        A copy. The neighbours are those of the 8 around a cell that are on the grid, not marked
        themselves, and known; a cell without any becomes the median of the rest of its map.
    """
    quiet = np.array(grid, np.float32)
    known = np.where(marks, np.float32(np.nan), quiet)
    rest = _median(known, np.full(known.shape[:-2], np.nan, np.float32))
    for down, across in np.argwhere(marks):
        around = known[..., max(down - 1, 0) : down + 2, max(across - 1, 0) : across + 2]
        quiet[..., down, across] = _median(around, rest)
    return quiet


def muted(explanation: Explanation) -> Explanation:
    """Return an explanation whose outlier tokens are muted, and which says so.

    `params` tells under `muted_outlier_tokens` which cells were replaced, `warnings` how many;
    what no longer holds of the changed map, that its parts sum to the score, is taken back.
    """
    cells = np.argwhere(explanation.outlier_tokens)
    if not len(cells):
        return explanation
    return replace(
        explanation,
        params={**explanation.params, "muted_outlier_tokens": cells.tolist()},
        grid=mute(explanation.grid, explanation.outlier_tokens),
        additive=False,
        residual=None,
        per_layer=None,
        per_head=None,
        warnings=[*explanation.warnings, f"{muted_words(len(cells))}."],
    )


def is_muted(explanation: Explanation) -> bool:
    """Return whether its outlier tokens were muted."""
    return "muted_outlier_tokens" in explanation.params


def muted_words(count: int) -> str:
    """Return how many outlier tokens are muted, and how."""
    tokens = "1 outlier token is" if count == 1 else f"{count} outlier tokens are"
    return f"{tokens} muted: replaced by the median of the patches around"


def _median(cells: Floats, otherwise: Floats) -> Floats:
    """Return the medians (...) of the known values of (..., h, w), `otherwise` where none is."""
    flat = cells.reshape(*cells.shape[:-2], -1)
    some = np.asarray(np.isfinite(flat).any(axis=-1, keepdims=True))
    medians = np.nanmedian(np.where(some, flat, np.float32(0)), axis=-1)
    return np.asarray(np.where(some[..., 0], medians, otherwise), np.float32)
