"""Keeps Python's garbage collector from holding up the window.

The collector goes through all objects that may be part of a cycle, while no thread can run Python
code: 0.3 s among the modules of torch, 0.1 s among the rows of 100,000 images. It starts when many
objects come, which is just when a large thing is being loaded.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Collector:
    """The garbage collector, off as long as anybody loads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loading = 0
        self._was_enabled = True

    def leave_off(self) -> None:
        with self._lock:
            if not self._loading:
                self._was_enabled = gc.isenabled()
                gc.collect()
                gc.disable()
            self._loading += 1

    def go_on(self, *, freeze: bool) -> None:
        with self._lock:
            self._loading -= 1
            frozen = gc.get_freeze_count()
            gc.freeze()
            if not freeze and not frozen:
                gc.unfreeze()  # into the oldest generation
            if not self._loading and self._was_enabled:
                gc.enable()


_collector = _Collector()


@contextmanager
def nothing_collected(*, freeze: bool = True) -> Iterator[None]:
    """Let nothing be collected while something large is loaded, and never look at it afterwards.

    What can be collected before is, which is quick: only what came since the last time is looked
    at. Several threads may be within; collections go on when the last has left.

    Args:
        freeze: what is there at the end is never looked at again. It is still let go of when
            nobody refers to it, so it must be free of cycles, or live as long as the program.
            That is for programs to decide, not for what others import: False only spares what
            came from being looked at twice while it is young, where nothing was frozen before.
    """
    _collector.leave_off()
    try:
        yield
    finally:
        _collector.go_on(freeze=freeze)
