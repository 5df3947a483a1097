"""The compiled loops of the map, once they are there; numpy draws until then.

Compiling takes seconds and holds up every thread, so that it is done by another process, which
leaves the result on disk; after that, loading takes a moment. Where the disk cannot be written to,
the loops are compiled here, and the window stutters once.
"""

from __future__ import annotations

import threading
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vlm_explorer.jobs import JobContext

_lock = threading.Lock()
_kernels: ModuleType | None = None
_asked = threading.Event()


def kernels() -> ModuleType | None:
    """Return `loops` if it is loaded; else None, and have it loaded in the background."""
    if _kernels is None and not _asked.is_set():
        _asked.set()
        _start()
    return _kernels


def _start() -> None:
    threading.Thread(target=get_ready, name="compile the map's loops", daemon=True).start()


def forget() -> ModuleType | None:
    """Draw by numpy again, until the loops are asked for or remembered; return them."""
    global _kernels
    with _lock:
        kept, _kernels = _kernels, None
        _asked.clear()
    return kept


def remember(kept: ModuleType | None) -> None:
    """Take back what `forget` returned."""
    global _kernels  # noqa: PLW0603
    with _lock:
        _kernels = kept
        if kept is not None:
            _asked.set()


def get_ready() -> ModuleType | None:
    """Load the loops, compiling them elsewhere first if need be; None where numba is missing."""
    global _kernels  # noqa: PLW0603 - one set of loops a process, as there is one compiler
    _asked.set()
    with _lock:
        if _kernels is None:
            try:
                _compile_elsewhere()
                from vlm_explorer.rendering import loops
            except ImportError:  # numba has no wheel for this machine
                return None
            _kernels = loops
    return _kernels


def _compile_elsewhere() -> None:
    from vlm_explorer.errors import WorkerDied
    from vlm_explorer.jobs import JobContext
    from vlm_explorer.processes import run_in_process

    try:
        run_in_process(_import_kernels, context=JobContext())
    except (WorkerDied, OSError):  # then they are compiled here
        return


def _import_kernels(*, context: JobContext) -> None:  # noqa: ARG001 - the signature of a job
    import vlm_explorer.rendering.loops  # noqa: F401
