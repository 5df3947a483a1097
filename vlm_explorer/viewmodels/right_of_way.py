"""Lets what the user waits for go before long work that shares the processor with it. No Qt."""

from __future__ import annotations

import threading
from concurrent.futures import Future

from vlm_explorer.jobs import JobContext

_LOOK_UP = 0.1  # seconds between looks at the cancel flag while giving way


class RightOfWay:
    """Counts the interactive jobs that are queued or running."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._interactive: set[Future[None]] = set()

    def claim(self, future: Future[None]) -> None:
        """Let long work wait until `future` is done or cancelled."""
        with self._changed:
            self._interactive.add(future)
        future.add_done_callback(self._release)

    def _release(self, future: Future[None]) -> None:
        with self._changed:
            self._interactive.discard(future)
            self._changed.notify_all()

    def wait(self, context: JobContext) -> None:
        """Return when no interactive job is left, or when the waiting job is cancelled."""
        with self._changed:
            while self._interactive and not context.cancelled:
                self._changed.wait(_LOOK_UP)


def give_way(context: JobContext, right_of_way: RightOfWay) -> None:
    """Have a job wait for interactive ones wherever it checks for cancellation."""
    context.on_check = lambda: right_of_way.wait(context)
