"""How far to trust the map that is shown: cheap checks at once, dear ones when asked for."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.saliency.directions import quoted
from vlm_explorer.saliency.outliers import is_muted
from vlm_explorer.viewmodels import check_plots, check_rows, check_work
from vlm_explorer.viewmodels.active_saliency import ActiveSaliency
from vlm_explorer.viewmodels.check_rows import CheckRow, NotApplicable, Verdict
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.saliency_request import SLOW
from vlm_explorer.viewmodels.saliency_states import Stage, title_of
from vlm_explorer.viewmodels.session import Session

if TYPE_CHECKING:
    from vlm_explorer.saliency.explanation import Explanation

_PAUSE = 300  # ms of rest before a new map is checked, so that scrolling does not queue work
_KEY = "checks"
_KEPT = 256  # maps whose findings are remembered
_AT_ONCE = ("prompt_sensitivity", "position_prior")


class CheckModel(QObject):
    """Checks the map over the active scan as it is drawn, one check after the other.

    What they found is remembered by map, and what speaks against a map is said beside it.

    Attributes:
        rows: the checks, a line each; empty where there is no map.
        message: what to say where there is none.
        subject: which map is checked, in words.
        progress: of the check that runs; None where none does.
        deletion, randomisation: the curves; None until they are known.

    Signals:
        changed(): any of it.
    """

    changed = Signal()

    def __init__(
        self, session: Session, saliency: ActiveSaliency, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._saliency = session, saliency
        self._task: check_work.CheckTask | None = None
        self._mutes = False  # whether outlier tokens were to be muted when the map was taken
        self._known: OrderedDict[tuple[Any, ...], dict[str, Any]] = OrderedDict()
        self._found: dict[str, Any] = {}
        self._running, self._waiting = "", tuple[str, ...]()
        self.rows: tuple[CheckRow, ...] = ()
        self.message, self.subject = "", ""
        self.progress: Progress | None = None
        self.deletion: check_plots.Plot | None = None
        self.randomisation: check_plots.Plot | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._check_at_once)
        saliency.explanation_changed.connect(self._take_map)
        saliency.changed.connect(self._take_words)
        self._take_map()

    # What the user asks for

    @property
    def can_check_all(self) -> bool:
        """Whether there is a check that could be run."""
        return any(row.can_run for row in self.rows)

    @property
    def busy(self) -> bool:
        """Whether a check runs."""
        return bool(self._running)

    def check(self, name: str) -> None:
        """Run a check of the map that is shown, after those that are already waiting."""
        row = next((row for row in self.rows if row.name == name), None)
        if row is not None and row.can_run:
            self._waiting = (*self._waiting, name)
            self._run_next()

    def check_all(self) -> None:
        """Run all checks that were not run yet."""
        for name in check_rows.WORDS:
            self.check(name)

    def stop(self) -> None:
        """Run no further check; what is known stays."""
        self._drop()
        self._show()

    # The map

    @Slot()
    def _take_map(self) -> None:
        """Forget the map before; say what is known of this one, and check it as far as is cheap."""
        self._drop()
        self._task, self._found = None, {}
        model = self._saliency.model
        explanation, request = model.drawn, model.request
        self._mutes = model.choice.mute
        if explanation is not None and request is not None:
            images, content = self._session.images, self._session.content
            place = images.row_of.get(request.image_id)
            series = "" if place is None else str(images.series[place])
            folder = "" if content is None else str(content.collection.folder)
            self._task = check_work.CheckTask(request, explanation, folder, series)
            self._found = self._known.setdefault(self._task.key, {})
            self._known.move_to_end(self._task.key)
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            prompts = explanation.target["prompts"]
            if not prompts:
                self._found["insertion_deletion"] = NotApplicable(check_rows.NO_PROMPT)
            named = [title_of(explanation.method), *(quoted(p) for p in prompts)]
            self.subject = ", ".join([*named, *_muting(explanation)])
            self._pause.start()
        self._show()

    @Slot()
    def _take_words(self) -> None:
        if self._task is None:
            self._show()
        elif self._mutes != self._saliency.model.choice.mute:
            self._take_map()

    @Slot()
    def _check_at_once(self) -> None:
        if self._task is None:
            return
        slow = self._task.explanation.method in SLOW
        names = [name for name in _AT_ONCE if not (slow and name == "prompt_sensitivity")]
        # the prior grows with every image that is explained, so that it is asked anew each time
        self._found.pop("position_prior", None)
        self._waiting = (*self._waiting, *(name for name in names if name not in self._found))
        self._run_next()

    # One check after the other

    def _run_next(self) -> None:
        if not self._running and self._waiting and self._task is not None:
            self._running, *rest = self._waiting
            self._waiting = tuple(rest)
            self._session.runner.start(
                check_work.run_checks, self._task, (self._running,),
                title="Checking the map", key=_KEY, lane="long",
                on_success=self._take, on_failure=self._fail, on_progress=self._take_progress,
            )  # fmt: skip
        self._show()

    def _drop(self) -> None:
        self._pause.stop()
        self._session.runner.cancel(_KEY)
        self._running, self._waiting, self.progress = "", (), None

    @Slot(object)
    def _take_progress(self, progress: Progress) -> None:
        self.progress = progress
        self.changed.emit()

    @Slot(object)
    def _take(self, found: dict[str, Any]) -> None:
        self._found.update(found)
        self._go_on()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._found[self._running] = " ".join(error_words(error, "This check failed."))
        self._go_on()

    def _go_on(self) -> None:
        self._running, self.progress = "", None
        self._run_next()

    # What is shown

    def _show(self) -> None:
        self.rows, self.message = (), ""
        if self._task is None:
            self.message = self._why_none()
        else:
            self.rows = tuple(
                check_rows.row_of(name, self._found, self._running, self._waiting)
                for name in check_rows.WORDS
            )
        self.deletion = self._plot("insertion_deletion", check_plots.deletion_plot)
        self.randomisation = self._plot("weight_randomisation", check_plots.randomisation_plot)
        self._saliency.model.set_doubts(check_rows.all_doubts(self._found))
        self.changed.emit()

    def _plot(self, name: str, draw: Any) -> check_plots.Plot | None:
        found = self._found.get(name)
        known = found is not None and not isinstance(found, NotApplicable | str)
        return draw(found) if known else None

    def _why_none(self) -> str:
        model = self._saliency.model
        if model.stage is Stage.OFF:
            return "Show a map over the scan, and it is checked here."
        if model.stage is Stage.RUNNING:
            return "The map is checked once it is there."
        return model.message or "There is no map to check."

    def verdict(self, name: str) -> Verdict:
        """Return what is known of a check."""
        return next((row.verdict for row in self.rows if row.name == name), Verdict.NOT_CHECKED)


def _muting(explanation: Explanation) -> list[str]:
    """Return what to say of outlier tokens, where there are any; checks take them as drawn."""
    count = int(np.count_nonzero(explanation.outlier_tokens))
    if not count:
        return []
    tokens = "1 outlier token" if count == 1 else f"{count} outlier tokens"
    return [f"{tokens} {'muted' if is_muted(explanation) else 'as they are'}"]
