"""Brings frames into the viewing pane: the one asked for last, and its neighbours ahead of time."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels.job_runner import JobRunner
from vlm_explorer.viewmodels.viewer_frames import FrameCache, FrameKey, LoadedFrame

_SLOTS = 3  # neighbours that are read at the same time


class FrameLoader(QObject):
    """Loads one wanted frame at a time; what was asked for before is dropped.

    Signals:
        arrived(LoadedFrame): the frame asked for last.
        failed(Exception): it cannot be had.
    """

    arrived = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        runner: JobRunner,
        cache: FrameCache,
        name: str = "viewer",
        parent: QObject | None = None,
    ) -> None:
        """Load through `cache`; `name` sets the loader's jobs apart from another pane's."""
        super().__init__(parent)
        self._runner = runner
        self._cache = cache
        self._key = f"{name}.frame"
        self._ahead = tuple(f"{name}.ahead.{slot}" for slot in range(_SLOTS))

    def get(self, key: FrameKey) -> LoadedFrame | None:
        """Return the frame at once if it is in memory; else read it, and say so when it is."""
        self._runner.cancel(self._key)
        if (loaded := self._cache.get(key)) is not None:
            return loaded
        self._runner.start(
            self._cache.load,
            key,
            title="Reading image",
            key=self._key,
            lane="io",
            on_success=self._arrive,
            on_failure=self._fail,
        )
        return None

    @Slot(object)
    def _arrive(self, loaded: LoadedFrame) -> None:
        self.arrived.emit(loaded)

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self.failed.emit(error)

    def read_ahead(self, keys: Sequence[FrameKey]) -> None:
        """Read frames that may be asked for next, the likeliest first."""
        for job, key in zip(self._ahead, keys, strict=False):
            if self._cache.get(key) is None:
                self._runner.start(self._cache.load, key, title="Reading ahead", key=job, lane="io")

    def stop(self) -> None:
        """Drop what is being read."""
        for key in (self._key, *self._ahead):
            self._runner.cancel(key)

    def forget(self) -> None:
        """Drop what is being read and what is kept."""
        self.stop()
        self._cache.clear()
