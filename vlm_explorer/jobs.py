"""Progress and cancellation for long work. No Qt here."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

FRAMES_EVERY = 0.25  # s between two looks at a result that is still being made


class Cancelled(Exception):
    """The user asked for the work to stop."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job has come: `done` of `total` (None where the total is unknown)."""

    done: int
    total: int | None
    message: str = ""


class JobContext:
    """What a long-running core function uses to report and to be stopped.

    The function takes it as the keyword `context`, calls `report` once a batch, and cleans up
    with `with` or `finally`; it never handles `Cancelled` itself.

    Attributes:
        on_check: called wherever the function checks for cancellation; it may block, which is how
            long work gives way to what the user waits for.
        on_frame: given what the result looks like so far; None where nobody watches.
    """

    def __init__(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        min_interval: float = 0.05,
    ) -> None:
        self._cancel = threading.Event()
        self._on_progress = on_progress
        self._min_interval = min_interval
        self._last_report = 0.0
        self._last_frame = 0.0
        self.on_check: Callable[[], None] | None = None
        self.on_frame: Callable[[Any], None] | None = None

    @property
    def cancelled(self) -> bool:
        """Whether the user asked for the work to stop."""
        return self._cancel.is_set()

    def cancel(self) -> None:
        """Ask for the work to stop; from any thread."""
        self._cancel.set()

    def check(self) -> None:
        """Raise `Cancelled` if the work should stop."""
        if self.on_check is not None:
            self.on_check()
        if self._cancel.is_set():
            raise Cancelled

    def report(self, done: int, total: int | None = None, message: str = "") -> None:
        """Check for cancellation, then publish progress at most every `min_interval` seconds."""
        self.check()
        now = time.monotonic()
        due = done == total or now - self._last_report >= self._min_interval
        if self._on_progress is not None and due:
            self._last_report = now
            self._on_progress(Progress(done, total, message))

    def show(self, make: Callable[[], Any]) -> None:
        """Publish what `make` returns, the result so far, where somebody watches and it is time.

        The work must not depend on it: with or without frames the result is the same.
        """
        now = time.monotonic()
        if self.on_frame is not None and now - self._last_frame >= FRAMES_EVERY:
            self._last_frame = now
            self.on_frame(make())

    def translating(self, change: Callable[[Any], Any]) -> JobContext:
        """Return this context for a part of the work, whose frames `change` turns into its own."""
        inner, watch = copy(self), self.on_frame
        if watch is not None:
            inner.on_frame = lambda frame: watch(change(frame))
        return inner

    def part(self, done: int, total: int, message: str) -> JobContext:
        """Return this context for a part of the work, which counts on from `done` of `total`.

        Args:
            message: what is said instead of what the part says.
        """
        inner, publish = copy(self), self._on_progress
        if publish is not None:
            inner._on_progress = lambda of: publish(Progress(done + of.done, total, message))
        return inner
