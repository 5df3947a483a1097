"""Runs core functions off the GUI thread and brings the results back to it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot

from vlm_explorer.errors import ExplorerError
from vlm_explorer.jobs import Cancelled, JobContext, Progress
from vlm_explorer.viewmodels.pace import Pace
from vlm_explorer.viewmodels.right_of_way import RightOfWay, give_way

logger = logging.getLogger(__name__)

# The threads of the program. Torch has one for what the user waits for, and one for long work that
# gives way to it between batches; child processes have threads that only wait, those that fetch
# encoders have threads of their own, which may be busy for an hour.
LANES = {"compute": 1, "long": 1, "io": 4, "draw": 1, "process": 3, "fetch": 2}


class Job(QObject):
    """One piece of work as the GUI thread sees it; it lives there all its life.

    Attributes:
        title: what the status line calls it.
        key: what is being computed; a newer job of the same key replaces this one.
        progress: how far it has come, as last heard.
        pace: how long that took.

    Signals:
        progressed(Progress), framed(result so far), succeeded(result), failed(error), cancelled():
            exactly one of the last three is emitted, then finished(self).
    """

    progressed = Signal(object)
    framed = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    finished = Signal(object)
    _posted = Signal(str, object)  # the only member that a worker thread touches

    def __init__(self, title: str, key: str, parent: QObject) -> None:
        super().__init__(parent)
        self.title = title
        self.key = key
        self.progress = Progress(0, None)
        self.pace = Pace()
        self.context = JobContext(lambda progress: self._posted.emit("progress", progress))
        self._posted.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def cancel(self) -> None:
        """Ask the work to stop; its result will not arrive."""
        self.context.cancel()

    def watch(self, take: Callable[[Any], Any]) -> None:
        """Let the work show its result while that is being made; before it begins."""
        self.context.on_frame = lambda frame: self._posted.emit("frame", frame)
        self.framed.connect(take)

    def run(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Do the work (worker thread)."""
        outcome: tuple[str, object]
        try:
            self.context.check()
            outcome = "succeeded", function(*args, **kwargs, context=self.context)
        except Cancelled:
            outcome = "cancelled", None
        except Exception as error:  # noqa: BLE001 - the boundary: every error reaches the user
            outcome = "failed", error
        self._posted.emit(*outcome)

    @Slot(str, object)
    def _deliver(self, kind: str, payload: Any) -> None:
        """Announce what the worker posted (GUI thread); once cancelled, only that."""
        if kind == "progress":
            if not self.context.cancelled:
                self.progress = payload
                self.pace.hear(payload)
                self.progressed.emit(payload)
            return
        if kind == "frame":
            if not self.context.cancelled:
                self.framed.emit(payload)
            return
        if kind == "failed":
            _log_failure(self.title, payload)
        if self.context.cancelled or kind == "cancelled":
            self.cancelled.emit()
        elif kind == "succeeded":
            self.succeeded.emit(payload)
        else:
            self.failed.emit(payload)
        self.finished.emit(self)
        self.deleteLater()


def _log_failure(title: str, error: Exception) -> None:
    """Log an expected error by its kind: its words name files. An unexpected one with its stack."""
    if isinstance(error, ExplorerError):
        logger.warning("%s failed: %s", title, type(error).__name__)
    else:
        logger.error("%s failed", title, exc_info=error)


class JobRunner(QObject):
    """Owns every worker thread of the application.

    Signals:
        job_started(Job): follow the job's own signals from here on.
    """

    job_started = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lanes = {name: ThreadPoolExecutor(size, name) for name, size in LANES.items()}
        self._jobs: dict[str, Job] = {}
        self._ended = False
        self._futures: set[Future[None]] = set()
        self._right_of_way = RightOfWay()

    @property
    def busy(self) -> bool:
        """Whether a job is queued or running whose result is still wanted."""
        return bool(self._jobs)

    def running(self, key: str) -> Job | None:
        """Return the queued or running job of that key."""
        return self._jobs.get(key)

    def start(
        self,
        function: Callable[..., Any],
        *args: Any,
        title: str,
        key: str,
        lane: str = "compute",
        on_success: Callable[[Any], Any] | None = None,
        on_failure: Callable[[Exception], Any] | None = None,
        on_progress: Callable[[Progress], Any] | None = None,
        on_frame: Callable[[Any], Any] | None = None,
        **kwargs: Any,
    ) -> Job:
        """Run `function(*args, context=..., **kwargs)` in a lane of `LANES`.

        A queued or running job of the same key is cancelled, and its result never arrives. The
        callbacks are called in the GUI thread; `on_frame` is given what the result looks like
        before it is done, as far as the function shows that. A job in the lane `long` waits,
        wherever it reports or checks, until the lane `compute` is empty.
        """
        self.cancel(key)
        job = Job(title, key, self)
        if on_success is not None:
            job.succeeded.connect(on_success)
        if on_failure is not None:
            job.failed.connect(on_failure)
        if on_progress is not None:
            job.progressed.connect(on_progress)
        if on_frame is not None:
            job.watch(on_frame)
        if self._ended:  # what a closing window still asks for
            job.cancel()
            return job
        job.finished.connect(self._forget)
        self._jobs[key] = job
        if lane == "long":
            give_way(job.context, self._right_of_way)
        future = self._lanes[lane].submit(job.run, function, args, kwargs)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        if lane == "compute":
            self._right_of_way.claim(future)
        self.job_started.emit(job)
        return job

    def cancel(self, key: str) -> None:
        """Cancel the queued or running job of that key, if there is one."""
        if (job := self._jobs.get(key)) is not None:
            job.cancel()

    def cancel_all(self) -> None:
        """Ask every job to stop."""
        for job in self._jobs.values():
            job.cancel()

    def shutdown(self, timeout: float = 5.0) -> bool:
        """Stop everything, for good; True when all workers stopped within `timeout` seconds."""
        self._ended = True
        self.cancel_all()
        for lane in self._lanes.values():
            lane.shutdown(wait=False, cancel_futures=True)
        return not wait(set(self._futures), timeout).not_done

    @Slot(object)
    def _forget(self, job: Job) -> None:
        if self._jobs.get(job.key) is job:
            del self._jobs[job.key]
