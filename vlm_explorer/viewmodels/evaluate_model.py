"""Labels held against what is true of the images: figures, curves, and what is called wrongly."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.queries.classify import ClassifyRequest
from vlm_explorer.queries.evaluate_answer import EvaluateAnswer, Evaluation
from vlm_explorer.queries.label_set import Calibration
from vlm_explorer.viewmodels import evaluate_words, evaluate_work, image_scope
from vlm_explorer.viewmodels.evaluate_reading import Reading
from vlm_explorer.viewmodels.evaluate_words import FigureRow
from vlm_explorer.viewmodels.evaluate_work import Against, Found, Truth
from vlm_explorer.viewmodels.image_scope import SHOWN
from vlm_explorer.viewmodels.job_runner import Job
from vlm_explorer.viewmodels.measuring import Measuring
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.truth_choice import Standing, TruthChoice

_KEY = "evaluate"


class EvaluateModel(Measuring):
    """Measures when it is asked to; the answer stays until labels, encoder or collection change.

    Attributes:
        scope: `SHOWN` or `SELECTED`.
        against: what the labels are compared with, or None.
        reading: what was measured, read for the label that is chosen; or None.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, parent)
        self.scope = SHOWN
        self.against: Against | None = None
        self.reading: Reading | None = None
        self._asked: object = None  # the labels that the answer is about
        self._truth: Truth | None = None  # by which they were measured
        self._of: Path | None = None
        self._measured: object = None  # the images
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
    def choice(self) -> TruthChoice:
        """Where it stands what is true."""
        return self._session.truth_choice

    @property
    def standing(self) -> tuple[Standing, ...]:
        """What stands for each label in the truth."""
        return self.choice.standing(self._session.label_state.chosen.labels)

    @property
    def standing_words(self) -> str:
        """For how many labels there is truth."""
        found = [own for _, _, own in self.standing]
        return f"Truth for {sum(map(bool, found)):,} of {len(found):,}" if found else ""

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
        ready = ready and self.choice.known is not None
        return ready and bool(
            self.choice.column
            and session.label_state.labels
            and image_scope.count_within(session, self.scope)
        )

    @property
    def opponents(self) -> tuple[tuple[Against, str], ...]:
        """What the labels could be compared with, in words."""
        encoder = self._session.encoder
        if encoder is None:
            return ()
        known = self.choice.known
        models = known.models if known is not None else ()
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
        if self.reading is not None:
            self.reading = self.reading.of(label)
            self.changed.emit()

    # What is shown

    @property
    def answer(self) -> EvaluateAnswer | None:
        """The answer about the labels as they are in the window."""
        return self.reading.answer if self.reading is not None else None

    @property
    def chosen(self) -> int:
        """The label whose curves are shown, -1 for none."""
        return self.reading.chosen if self.reading is not None else -1

    @property
    def rows(self) -> tuple[FigureRow, ...]:
        """The table of figures."""
        return self.reading.found.rows if self.reading is not None else ()

    @property
    def differences(self) -> tuple[FigureRow, ...]:
        """The table of what differs from what the labels were compared with."""
        return self.reading.found.differences if self.reading is not None else ()

    @property
    def evaluation(self) -> Evaluation | None:
        """All that was measured."""
        return self.reading.found.evaluation if self.reading is not None else None

    def select_cell(self, truth: int, called: int) -> None:
        """Select the images of a cell of the confusion matrix, on map and grid."""
        if self.reading is not None:
            self._select(self.reading.cell(truth, called))

    def select_wrong(self) -> None:
        """Select what is called wrongly: of the label that is chosen, or of all."""
        if self.reading is not None:
            self._select(self.reading.wrong)

    def _select(self, ids: tuple[str, ...]) -> None:
        if ids:
            self._session.select(ids, ids[0])

    # The work

    def _request(self) -> ClassifyRequest:
        """Return what is asked: the scores as the model says them, whatever was fitted before."""
        return ClassifyRequest.of(self._session.label_state.chosen, temperature=1.0)

    def _where(self) -> Truth:
        return Truth.of(self._session.truth_choice, self._session.label_state.labels)

    def _start(self, against: Against | None) -> None:
        session = self._session
        if not self.possible or session.content is None or session.encoder is None:
            return
        self.against = against
        self.stage, self.progress = Stage.RUNNING, Progress(0, None)
        self._of, self._asked = session.content.collection.folder, self._request()
        self._truth, self._measured = self._where(), image_scope.state_of(session, self.scope)
        job = self._job = session.runner.start(
            evaluate_work.evaluate,
            session.content,
            session.encoder,
            self._request(),
            self._truth,
            None
            if image_scope.is_whole(session, self.scope)
            else image_scope.ids_within(session, self.scope),
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

    @Slot(object)
    def _take(self, found: Found) -> None:
        self.reading, self.stage = Reading.first(found, self.chosen), Stage.READY
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
            other = self._measured != image_scope.state_of(self._session, self.scope)
            self.message = evaluate_words.summary(self.evaluation, of_others=other)
        elif self.stage is not Stage.FAILED:
            self.message = self._before()
        self.changed.emit()

    def _before(self) -> str:
        """Return what to say before anything has been measured."""
        session = self._session
        if session.content is None:
            return "No images"
        if session.encoder is None:
            return "Labels are measured once the encoder is there."
        labels, count = (
            len(session.label_state.labels),
            image_scope.count_within(session, self.scope),
        )
        return evaluate_words.unmeasured(self.choice, labels, count, self.scope)

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
        self.reading, self.stage, self._asked, self._truth = None, Stage.OFF, None, None
        self.against = None
        self._describe()
