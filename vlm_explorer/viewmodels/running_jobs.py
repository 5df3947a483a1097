"""The jobs that the status line shows: those that have run for a moment."""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels.job_runner import Job, JobRunner

DELAY = 300  # ms; what is quicker is not worth a word
# Of these the views themselves show that they go on.
QUIET = frozenset({"thumbnails", "reading", "peek", "preview", "models"})
# These count bytes; their own message says how far they are.
WORDED = ("fetch ", "import")


@dataclass(frozen=True, slots=True)
class RunningJob:
    """What is said about a job: title, detail, and the done share (None where unknown)."""

    key: str
    title: str
    detail: str
    share: float | None


class RunningJobs(QObject):
    """Follows the runner's jobs.

    Signals:
        changed(): `jobs` are others, or further on.
    """

    changed = Signal()

    def __init__(self, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._started: dict[Job, float] = {}
        self._shown: list[Job] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._show_due)
        runner.job_started.connect(self._add)

    @property
    def jobs(self) -> list[RunningJob]:
        """The jobs to show, the oldest first."""
        return [_describe(job) for job in self._shown]

    def cancel(self, key: str) -> None:
        """Cancel a job."""
        self._runner.cancel(key)

    @Slot(object)
    def _add(self, job: Job) -> None:
        if job.key in QUIET or job.key.startswith("keep "):
            return
        self._started[job] = time.monotonic()
        job.finished.connect(self._remove)
        job.progressed.connect(self._advance)
        if not self._timer.isActive():
            self._timer.start(DELAY)

    @Slot(object)
    def _remove(self, job: Job) -> None:
        self._started.pop(job, None)
        if job in self._shown:
            self._shown.remove(job)
            self.changed.emit()

    @Slot()
    def _advance(self) -> None:
        if self._shown:
            self.changed.emit()

    @Slot()
    def _show_due(self) -> None:
        """Show the jobs whose moment has passed; wait on for the others."""
        waiting = [job for job in self._started if job not in self._shown]
        now = time.monotonic()
        due = [job for job in waiting if 1000 * (now - self._started[job]) >= DELAY - 5]
        self._shown += due
        if due:
            self.changed.emit()
        if rest := [job for job in waiting if job not in due]:
            left = DELAY - 1000 * (now - min(self._started[job] for job in rest))
            self._timer.start(max(1, round(left)))


def _describe(job: Job) -> RunningJob:
    progress = job.progress
    share = progress.done / progress.total if progress.total else None
    worded = job.key.startswith(WORDED)
    said = progress.message.removeprefix(job.title).lstrip(": ")
    detail = said[:1].upper() + said[1:] if worded else describe_progress(progress, job.pace.rate)
    return RunningJob(job.key, job.title, detail, share)


def describe_progress(progress: Progress, rate: float | None) -> str:
    """Return how far, how quick and how long still: "1,204 of 10,000 · 86/s · 2 min left".

    Args:
        rate: how many a second; None where that is not known.
    """
    if not progress.total or progress.total == 1:
        return progress.message
    parts = [f"{progress.done:,} of {progress.total:,}"]
    if progress.done and rate:
        parts.append(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
        if progress.done < progress.total:  # else what is left is not counted
            parts.append(_time_left((progress.total - progress.done) / rate))
    return " · ".join(parts)


def _time_left(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s left"
    if seconds < 5400:
        return f"{round(seconds / 60)} min left"
    return f"{seconds / 3600:.1f} h left"
