"""Since when a job counts as it does: a job of several stretches counts each from its beginning."""

from __future__ import annotations

import time
from collections.abc import Callable

from vlm_explorer.jobs import Progress


class Pace:
    """Hears how far a job has come, and knows how long that took."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin the first stretch; `clock` returns seconds."""
        self._clock = clock
        self._began = self._heard = clock()
        self._done = 0

    @property
    def seconds(self) -> float:
        """Seconds since the present stretch began."""
        return self._clock() - self._began

    def hear(self, progress: Progress) -> None:
        """Take what a job reports: fewer done than before are those of another stretch."""
        if progress.done < self._done:
            self._began = self._heard
        self._done, self._heard = progress.done, self._clock()
