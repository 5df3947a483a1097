"""How far a fetch has come, at which rate, and how long it will still take."""

from __future__ import annotations

import time
from collections import deque

from vlm_explorer.encoders.registry import in_words
from vlm_explorer.jobs import JobContext

WINDOW = 8.0  # seconds over which the rate is taken
SETTLED = 1.0  # seconds before a rate is worth saying


class FetchProgress:
    """Counts the bytes of all files of an encoder, and reports them."""

    def __init__(self, name: str, total: int, context: JobContext) -> None:
        self._name = name
        self._context = context
        self._arrivals: deque[tuple[float, int]] = deque()
        self._fetched = 0
        self.total = total
        self.done = 0

    def arrived(self, count: int) -> None:
        """Count bytes that came from the hub.

        Raises:
            Cancelled: the user wants to stop.
        """
        self.done += count
        self._fetched += count
        self._arrivals.append((time.monotonic(), self._fetched))
        while self._arrivals[-1][0] - self._arrivals[0][0] > WINDOW:
            self._arrivals.popleft()
        self._report(f"Fetching {self._name}{self._pace()}")

    def found(self, count: int) -> None:
        """Count bytes that were there already."""
        self.done += count
        self._report(f"Fetching {self._name}: checking what is there already")

    def take_back(self, count: int) -> None:
        """Count bytes that have to be fetched again after all."""
        self.done -= count

    def say(self, text: str) -> None:
        """Report what happens once all bytes are here."""
        self._context.report(self.total, self.total, text)

    def _report(self, message: str) -> None:
        self._context.report(min(self.done, self.total), self.total, message)

    def _pace(self) -> str:
        (start, first), (now, last) = self._arrivals[0], self._arrivals[-1]
        amount = f": {in_words(self.done)} of {in_words(self.total)}"
        if now - start < SETTLED or last == first:
            return amount
        rate = (last - first) / (now - start)
        left = duration(max(self.total - self.done, 0) / rate)
        return f"{amount}, {in_words(rate)}/s, {left} left"


def duration(seconds: float) -> str:
    """Return a time span in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
