"""How quickly a job counts: a job of several stretches counts each from its beginning."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from vlm_explorer.jobs import Progress

WINDOW = 20.0  # s that a rate looks back
_SURE, _REPORTS = 2.0, 3  # s and reports of counting before there is a rate


class Pace:
    """Hears how far a job has come, and knows its present rate.

    The rate is that of the last reports: what came before the counting, such as loading an encoder
    after the first file, says nothing of what is left.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin the first stretch; `clock` returns seconds."""
        self._clock = clock
        self._heard = clock()
        self._done = 0
        self._counts = deque([(self._heard, 0)])  # when so many were done, the oldest first
        self._reports = 0  # of the stretch, in which more was done than before

    @property
    def rate(self) -> float | None:
        """How many a second are done now; None while that cannot be told."""
        begin, before = self._counts[0]
        seconds = self._clock() - begin
        if self._reports < _REPORTS or seconds <= _SURE:
            return None
        return (self._done - before) / seconds

    def hear(self, progress: Progress) -> None:
        """Take what a job reports: fewer done than before are those of another stretch."""
        now = self._clock()
        if progress.done < self._done:
            self._counts = deque([(self._heard, 0)])
            self._done = self._reports = 0
        self._heard = now
        if progress.done > self._done:
            self._done = progress.done
            self._reports += 1
            self._counts.append((now, progress.done))
        while len(self._counts) > 2 and now - self._counts[0][0] > WINDOW:
            self._counts.popleft()
