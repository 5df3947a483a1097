"""The regions of a map, found once for each layout and kept with it."""

from __future__ import annotations

import hashlib
import uuid
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.group_levels import SHARES, Codes
from vlm_explorer.jobs import JobContext
from vlm_explorer.processes import run_in_process

_WORTH_KEEPING = 2000  # points, below which finding them anew takes no longer than reading


def regions_of(
    xy: NDArray[np.float32], folder: Path | None, *, context: JobContext | None = None
) -> Codes:
    """Return the regions of a map, int16 (levels, N); see `analysis.group_levels`.

    A child process finds them: scikit-learn's import alone would hold up a window.

    Args:
        xy: float32 (N, 2), where images lie.
        folder: of the collection, in which they are kept; None keeps nothing.
        context: cancellation; the child process is killed.
    """
    file = None if folder is None or len(xy) < _WORTH_KEEPING else _file(folder, xy)
    kept = None if file is None else _read(file, len(xy))
    if kept is not None:
        return kept
    codes: Codes = run_in_process(find_regions, xy, context=context or JobContext())
    if file is not None:
        _keep(file, codes)
    return codes


def find_regions(xy: NDArray[np.float32], *, context: JobContext) -> Codes:
    """Find the regions of a map (child process)."""
    from vlm_explorer.analysis.group_levels import assign_levels

    context.check()
    return assign_levels(xy)


def _file(folder: Path, xy: NDArray[np.float32]) -> Path:
    digest = hashlib.sha256(repr(SHARES).encode())
    digest.update(np.ascontiguousarray(xy, np.float32).tobytes())
    return folder / "layouts" / "regions" / f"{digest.hexdigest()[:24]}.npy"


def _read(file: Path, points: int) -> Codes | None:
    """Return what was kept; None where nothing was, or it is damaged."""
    try:
        codes = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if codes.shape != (len(SHARES), points) or codes.dtype != np.int16:
        return None
    return np.asarray(codes)


def _keep(file: Path, codes: Codes) -> None:
    """Write whole or not at all; a collection that cannot be written to keeps nothing."""
    partial = file.with_name(f".{uuid.uuid4().hex}.npy")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(partial, codes)
        partial.replace(file)
    except OSError:
        with suppress(OSError):
            partial.unlink()
