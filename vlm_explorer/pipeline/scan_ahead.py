"""The scan in a thread of its own, so that what is found is decoded while it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

from vlm_explorer.files.scan import FoundFile, scan
from vlm_explorer.jobs import Cancelled, JobContext

MOST_AHEAD = 20_000  # files found and not yet taken: a few megabytes
_PAUSE = 0.02  # seconds until a scan that is far ahead looks again


class ScanAhead:
    """Finds files in the background, at most so many ahead; a context manager.

    Attributes:
        found: files met so far.
        taken: those of them that were handed on.
        complete: whether all there are were met.
    """

    def __init__(
        self, paths: Sequence[Path], captions: Path | None, most_ahead: int = MOST_AHEAD
    ) -> None:
        """Raises UsageError: one of `paths` does not exist."""
        self._context = JobContext()
        self._files = scan(paths, captions=captions, context=self._context)
        self._most_ahead = most_ahead
        self._queue: SimpleQueue[FoundFile | BaseException | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True, name="scan")
        self.found = self.taken = 0
        self.complete = False

    def __enter__(self) -> ScanAhead:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._context.cancel()
        self._thread.join()

    def _run(self) -> None:
        try:
            for file in self._files:
                self.found += 1
                self._queue.put(file)
                while self._queue.qsize() >= self._most_ahead:
                    time.sleep(_PAUSE)
                    self._context.check()
            self.complete = True
            self._queue.put(None)
        except Cancelled:
            return
        except BaseException as error:  # noqa: BLE001 - the boundary: raised where files are taken
            self._queue.put(error)

    def __iter__(self) -> Iterator[FoundFile | None]:
        """Yield the files in their order, and None where there is none yet."""
        while True:
            try:
                item = self._queue.get_nowait()
            except Empty:
                yield None
                continue
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            self.taken += 1
            yield item
