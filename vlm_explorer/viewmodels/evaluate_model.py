"""Labels held against what is true of the images: figures, curves, and what is called wrongly."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.queries.classify import ClassifyRequest
from vlm_explorer.queries.evaluate_answer import EvaluateAnswer, Evaluation
from vlm_explorer.queries.label_set import Calibration
from vlm_explorer.viewmodels import evaluate_words, evaluate_work
from vlm_explorer.viewmodels.evaluate_plots import (
    SquarePlot,
    precision_plot,
    reliability_plot,
    roc_plot,
)
from vlm_explorer.viewmodels.evaluate_words import FigureRow
from vlm_explorer.viewmodels.evaluate_work import Against, Found, Truth
from vlm_explorer.viewmodels.job_runner import Job
from vlm_explorer.viewmodels.measuring import Measuring
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.truth_choice import FINDINGS, Known, TruthChoice

SHOWN, SELECTED = "shown", "selected"
_KEY = "evaluate"
_NO_TRUTH = (
    "Nothing says what is true of these images. Choose a table, or put a captions.csv with the "
    "columns file and label beside them, and index the folder again."
)


class EvaluateModel(Measuring):
    """Measures when it is asked to; the answer stays until labels, encoder or collection change.

    Attributes:
        scope: `SHOWN` or `SELECTED`.
        against: what the labels are compared with, or None.
        notes: what the figures leave out, or rest on.
        evaluation: the answer, or None.
        rows, differences: the tables.
        chosen: the label whose curves are shown, -1 for none.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, parent)
        self.scope = SHOWN
        self.against: Against | None = None
        self.evaluation: Evaluation | None = None
        self.rows: tuple[FigureRow, ...] = ()
        self.differences: tuple[FigureRow, ...] = ()
        self.chosen = -1
        self._asked: object = None  # the labels that the answer is about
        self._truth: Truth | None = None  # by which they were measured
        self._of: Path | None = None
        self._wrong: dict[str, tuple[str, ...]] = {}
        self._job: Job | None = None
        self._watched = False
        session.collection_changed.connect(self._follow)
        session.encoder_changed.connect(self._forget)
        session.labels_changed.connect(self._follow_labels)
        session.truth_choice.changed.connect(self._follow_truth)
        for signal in (session.shown_changed, session.selection_changed):
            signal.connect(self._describe)

    # What the user asks for

    def watch(self, watched: bool) -> None:
        """Look what there is, now that somebody looks."""
        self._watched = watched
        if watched:
            self._session.truth_choice.look()
            self._describe()

    @property
    def known(self) -> Known | None:
        """What the collection offers; None until somebody has looked."""
        return self._session.truth_choice.known

    @property
    def column(self) -> str:
        """Which column says what is true."""
        return self._session.truth_choice.column

    def set_column(self, column: str) -> None:
        """Take what is true from another column."""
        self._session.truth_choice.set_column(column)

    @property
    def choice(self) -> TruthChoice:
        """Where it stands what is true."""
        return self._session.truth_choice

    @property
    def standing(self) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
        """Each label, what is called so in the truth, and what stands for it."""
        labels, choice = self._session.label_state.chosen.labels, self._session.truth_choice
        stands = choice.stands(labels)
        return tuple((name, own, stands[name]) for name, own in choice.matched(labels).items())

    @property
    def standing_words(self) -> str:
        """For how many labels there is truth."""
        stands = [own for _, _, own in self.standing]
        return f"Truth for {sum(map(bool, stands)):,} of {len(stands):,}" if stands else ""

    def set_scope(self, scope: str) -> None:
        """Ask about what is shown, or about what is selected."""
        self.scope = scope
        self._describe()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the figures leave out, or rest on."""
        return self.evaluation.warnings if self.evaluation is not None else ()

    @property
    def possible(self) -> bool:
        """Whether there is something to measure, and an encoder to do it with."""
        session = self._session
        ready = session.encoder is not None and self.stage is not Stage.RUNNING
        return ready and bool(self.column and session.label_state.labels and self._count())

    @property
    def opponents(self) -> tuple[tuple[Against, str], ...]:
        """What the labels could be compared with, in words."""
        encoder = self._session.encoder
        if encoder is None:
            return ()
        models = self.known.models if self.known is not None else ()
        return evaluate_work.opponents(self._session.label_state, encoder.id, models)

    @property
    def fitted(self) -> Calibration | None:
        """What probabilities could be calibrated with; None where nothing was fitted."""
        encoder = self._session.encoder
        if self.evaluation is None or encoder is None:
            return None
        first = self.evaluation.answers[0]
        return first.calibration(encoder.fingerprint) if first.model == encoder.id else None

    def calibrate(self) -> None:
        """Give the labels the probabilities that were fitted; the figures stay."""
        if (fitted := self.fitted) is not None:
            self._asked = None
            self._session.labelling.calibrate(fitted)
            self._asked = self._request()
            self.changed.emit()

    @property
    def calibrated(self) -> bool:
        """Whether the labels are calibrated by what was fitted here."""
        state, fitted = self._session.label_state, self.fitted
        return fitted is not None and state.calibrated and fitted in state.chosen.calibrations

    def run(self) -> None:
        """Measure the labels alone, or beside what they were compared with last."""
        self._start(self.against)

    def compare(self, against: Against) -> None:
        """Measure the labels beside other templates or another encoder, on the same cases."""
        self._start(against)

    def stop(self) -> None:
        """Measure no further; the last answer stays."""
        if self.stage is Stage.RUNNING and self._job is not None:
            self._session.runner.cancel(_KEY)
            self._take_stop(self._job)

    def choose(self, label: int) -> None:
        """Show the curves of a label; -1 for the mean over labels."""
        known = self.answer is not None and 0 <= label < len(self.answer.rows)
        self.chosen = label if known else -1
        self.changed.emit()

    # What is shown

    @property
    def answer(self) -> EvaluateAnswer | None:
        """The answer about the labels as they are in the window."""
        return self.evaluation.answers[0] if self.evaluation is not None else None

    def plots(self) -> tuple[SquarePlot | None, SquarePlot | None, SquarePlot | None]:
        """Return ROC, precision and reliability of the label that is chosen."""
        if self.answer is None:
            return None, None, None
        row = self.answer.rows[self.chosen] if self.chosen >= 0 else None
        reliability = reliability_plot(self.answer, row)
        return (
            (roc_plot(row), precision_plot(row), reliability) if row else (None, None, reliability)
        )

    def confusion(self) -> tuple[np.ndarray, tuple[str, ...]] | None:
        """Return true by called, int64 (C, C), with the names of the classes.

        Of a choice of one label all of them, else absent and present of the label that is chosen.
        """
        answer = self.answer
        if answer is None:
            return None
        if answer.classes is not None:
            return answer.classes.confusion, answer.labels
        if self.chosen < 0 or answer.rows[self.chosen].at_threshold is None:
            return None
        return answer.confusion_of(self.chosen), ("absent", "present")

    def select_cell(self, truth: int, called: int) -> None:
        """Select the images of a cell of the confusion matrix, on map and grid."""
        if self.answer is None:
            return
        label = None if self.answer.classes is not None else self.chosen
        self._select(self.answer.cell(truth, called, label))

    @property
    def wrong(self) -> int:
        """How many images are called wrongly: of the label that is chosen, or of all."""
        return len(self._wrong_ids())

    def select_wrong(self) -> None:
        """Select what is called wrongly: of the label that is chosen, or of all."""
        self._select(self._wrong_ids())

    def _wrong_ids(self) -> tuple[str, ...]:
        """Return the ids of what is called wrongly, each once, the most confident first."""
        if self.answer is None:
            return ()
        return self._wrong.get(self.answer.labels[self.chosen] if self.chosen >= 0 else "", ())

    @property
    def words(self) -> str:
        """What the curves say of the label that is chosen, in a few lines."""
        return "\n".join(plot.short for plot in self.plots() if plot is not None)

    def _select(self, ids: tuple[str, ...]) -> None:
        if ids:
            self._session.select(ids, ids[0])

    # The work

    def _request(self) -> ClassifyRequest:
        """Return what is asked: the scores as the model says them, whatever was fitted before."""
        return ClassifyRequest.of(self._session.label_state.chosen, temperature=1.0)

    def _where(self) -> Truth:
        choice = self._session.truth_choice
        names = self._session.label_state.labels
        corrected = tuple(each for each in choice.corrections if each[0] in names)
        return Truth(choice.column, str(choice.table or ""), corrected)

    def _start(self, against: Against | None) -> None:
        session = self._session
        if not self.possible or session.content is None or session.encoder is None:
            return
        self.against = against
        self.stage, self.progress = Stage.RUNNING, Progress(0, None)
        self._of, self._asked = session.content.collection.folder, self._request()
        self._truth = self._where()
        job = self._job = session.runner.start(
            evaluate_work.evaluate,
            session.content,
            session.encoder,
            self._request(),
            self._truth,
            self._ids(),
            against,
            title="Measuring labels",
            key=_KEY,
            lane="long",
            on_success=self._take,
            on_failure=self._fail,
            on_progress=self._report,
        )
        job.cancelled.connect(partial(self._take_stop, job))
        self._describe()

    def _take_stop(self, job: Job) -> None:
        """The last answer stays, wherever the work was stopped."""
        if job is self._job and self.stage is Stage.RUNNING:
            self.stage = Stage.OFF if self.evaluation is None else Stage.READY
            self._describe()

    def _ids(self) -> tuple[str, ...] | None:
        """Return the images that are asked about; None for all."""
        session = self._session
        if self.scope == SELECTED:
            return tuple(session.selection.ids)
        return None if session.shown.all() else tuple(session.images.ids[session.shown].tolist())

    def _count(self) -> int:
        session = self._session
        return len(session.selection.ids) if self.scope == SELECTED else int(session.shown.sum())

    @Slot(object)
    def _take(self, found: Found) -> None:
        self.evaluation, self.stage = found.evaluation, Stage.READY
        self.rows, self.differences, self._wrong = found.rows, found.differences, found.wrong
        rows = found.evaluation.answers[0].rows
        if not 0 <= self.chosen < len(rows) or rows[self.chosen].skipped:
            self.chosen = next((n for n, row in enumerate(rows) if not row.skipped), -1)
        self._describe()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._say_failure(error, "The labels could not be measured.")

    # From the session

    @Slot()
    def _follow_truth(self) -> None:
        """Forget what was measured by another truth."""
        if self._watched:
            self._session.truth_choice.look()
        if self._truth is not None and self._truth != self._where():
            self._forget()
        else:
            self._describe()

    @Slot()
    def _describe(self) -> None:
        """Say what there is, if anybody reads it."""
        if not self._watched:
            return
        if self.evaluation is not None and self.stage is Stage.READY:
            self.message = evaluate_words.summary(self.evaluation)
        elif self.stage is not Stage.FAILED:
            self.message = self._before()
        self.changed.emit()

    def _before(self) -> str:
        """Return what to say before anything has been measured."""
        session = self._session
        if session.content is None:
            return "No images"
        if self.known is None:
            return "Looking for a column that says what is true."
        if not self.known.columns:
            return _NO_TRUTH
        if session.encoder is None:
            return "Labels are measured once the encoder is there."
        labels = len(session.label_state.labels)
        if not labels:
            return "There are no labels yet. Choose or write some under Labels."
        what = "1 label" if labels == 1 else f"{labels:,} labels"
        where = "selected" if self.scope == SELECTED else "shown"
        says = f"the column {self.column} says"
        if self.column == FINDINGS:
            says = f"{len(self._session.truth_choice.values):,} columns of 0 and 1 say"
        return (
            f"Measure how well the {what} of the tab Labels fit the {self._count():,} images "
            f"{where}, where {says} what is true."
        )

    @Slot()
    def _follow(self) -> None:
        """Forget what was said of another collection."""
        content = self._session.content
        if content is None or content.collection.folder != self._of:
            self._forget()

    @Slot()
    def _follow_labels(self) -> None:
        """Forget what was said of other labels; scores that arrive change nothing."""
        if self._asked is not None and self._request() != self._asked:
            self._forget()
        else:
            self._describe()

    @Slot()
    def _forget(self) -> None:
        self._session.runner.cancel(_KEY)
        self.evaluation, self.stage, self._asked, self._truth = None, Stage.OFF, None, None
        self.rows, self.differences, self.chosen, self.against = (), (), -1, None
        self._describe()
