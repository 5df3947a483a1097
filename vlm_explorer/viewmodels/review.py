"""The review: which check, at which threshold, and what it found."""

from __future__ import annotations

from enum import Enum, auto
from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels import review_checks
from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.job_runner import Job
from vlm_explorer.viewmodels.review_checks import CAPTIONS, CHECKS, PAIRS, WORDS, Findings
from vlm_explorer.viewmodels.session import Session

_KEY = "review"  # of the job
_KEPT = "review"


class Stage(Enum):
    """How far a check has come."""

    EMPTY = auto()  # no collection, or it has not been looked through
    WORKING = auto()
    FAILED = auto()
    READY = auto()


class Review(QObject):
    """Looks through the open collection as soon as somebody watches, once for each check.

    What is found is forgotten when the collection changes. It becomes columns of the map, too.

    Attributes:
        check: the check that is on show, one of `CHECKS`.
        across_series: whether images of one series are not compared with each other.
        progress: how far the work has come.

    Signals:
        changed(): another check, or its stage or its findings.
        threshold_changed(): the limit of the present check.
        progressed(): `progress` is another.
    """

    changed = Signal()
    threshold_changed = Signal()
    progressed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.check = PAIRS
        self.across_series = True
        self.progress = Progress(0, None)
        self._watched = False
        self._found: dict[tuple[str, bool], Findings] = {}
        self._failed: dict[tuple[str, bool], tuple[str, str]] = {}
        self._thresholds: dict[str, float] = {}
        self._working: tuple[str, bool] | None = None
        self._job: Job | None = None
        session.collection_changed.connect(self._forget)
        session.opened.connect(self._restore)

    # What is there

    @property
    def stage(self) -> Stage:
        """How far the present check has come."""
        if self._asked in self._found:
            return Stage.READY
        if self._asked in self._failed:
            return Stage.FAILED
        return Stage.WORKING if self._working == self._asked else Stage.EMPTY

    @property
    def findings(self) -> Findings | None:
        """What the present check found, whatever the threshold."""
        return self._found.get(self._asked)

    @property
    def problem(self) -> tuple[str, str]:
        """Why the present check failed, and what to do."""
        return self._failed.get(self._asked, ("", ""))

    @property
    def threshold(self) -> float:
        """The limit of the present check, between the ends of its slider."""
        found = self.findings
        if found is None:
            return 0.0
        return min(max(self._thresholds.get(self.check, found.limit), found.least), found.most)

    @property
    def _asked(self) -> tuple[str, bool]:
        """What is asked for; captions have nothing to do with series."""
        return self.check, self.across_series or self.check == CAPTIONS

    # Intents

    def watch(self, watched: bool) -> None:
        """Look through the collection as soon as the review can be seen."""
        self._watched = watched
        self._ask()

    def choose(self, check: str) -> None:
        """Show another check."""
        if check != self.check:
            self.check = check
            self._keep()
            self.changed.emit()
            self._ask()

    def set_across_series(self, across: bool) -> None:
        """Leave out pairs of one series, or compare all."""
        if across != self.across_series:
            self.across_series = across
            self._keep()
            self.changed.emit()
            self._ask()

    def set_threshold(self, threshold: float) -> None:
        """List what reaches another limit."""
        before = self.threshold
        self._thresholds[self.check] = threshold
        if self.threshold != before:
            self._keep()
            self.threshold_changed.emit()

    def retry(self) -> None:
        """Look again where it failed, or was stopped."""
        self._failed.pop(self._asked, None)
        self._ask()

    def stop(self) -> None:
        """Give up the work that is going on."""
        if self._job is not None:
            self._job.cancel()
            self._take_stop(self._job)

    # The work

    def _ask(self) -> None:
        session, asked = self._session, self._asked
        if session.content is None or session.opening or not self._watched:
            return
        if asked in self._found or asked in self._failed or self._working == asked:
            return
        self._working, self.progress = asked, Progress(0, None)
        what = WORDS[self.check].title.lower()
        job = self._job = session.runner.start(
            review_checks.find,
            session.content,
            *asked,
            title=f"Looking for {what}{' captions' if self.check == CAPTIONS else ''}",
            key=_KEY,
            lane="long",
            on_success=partial(self._take, asked),
            on_failure=partial(self._fail, asked),
            on_progress=self._take_progress,
        )
        job.cancelled.connect(partial(self._take_stop, job))
        self.changed.emit()

    def _take(self, asked: tuple[str, bool], found: Findings) -> None:
        self._found[asked] = found
        self._working = self._job = None
        for key, title, values in found.columns:
            note = WORDS[found.check].note
            self._session.columns.add(Column(key, title, values, note=note))
        self.changed.emit()

    def _fail(self, asked: tuple[str, bool], error: Exception) -> None:
        self._failed[asked] = error_words(error, "This check failed.")
        self._working = self._job = None
        self.changed.emit()

    def _take_stop(self, job: Job) -> None:
        """Say that the work was stopped, here or wherever jobs can be stopped."""
        if job is self._job and self._working is not None:
            self._failed[self._working] = ("This check was stopped.", "")
            self._working = self._job = None
            self.changed.emit()

    @Slot(object)
    def _take_progress(self, progress: Progress) -> None:
        self.progress = progress
        self.progressed.emit()

    # From the session

    @Slot()
    def _forget(self) -> None:
        self._working = self._job = None
        self._session.runner.cancel(_KEY)
        self._found, self._failed = {}, {}
        if self._session.collection is None:
            self._thresholds = {}
        self.changed.emit()
        self._ask()

    def _keep(self) -> None:
        limits = dict(self._thresholds)
        kept = {"check": self.check, "across": self.across_series, "thresholds": limits}
        self._session.kept.put(_KEPT, kept)

    @Slot()
    def _restore(self) -> None:
        """Put back what was reviewed in this collection, and at which limit."""
        kept = self._session.kept.get(_KEPT, dict, {})
        if (check := kept.get("check")) in CHECKS:
            self.check = check
        self.across_series = bool(kept.get("across", True))
        if isinstance(limits := kept.get("thresholds"), dict):
            self._thresholds = {
                name: float(limit)
                for name, limit in limits.items()
                if name in CHECKS and isinstance(limit, int | float)
            }
        self.changed.emit()
        self._ask()
