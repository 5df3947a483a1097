"""What hangs on the wording of a label or of the present prompt, over many images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels import wording_work
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.truth_choice import TruthChoice
from vlm_explorer.viewmodels.wording_rows import Row, View, headline, rows_of
from vlm_explorer.viewmodels.wording_work import Asked

if TYPE_CHECKING:
    from vlm_explorer.queries.sensitivity_answer import SensitivityAnswer
    from vlm_explorer.queries.text_memory import TextMemory

LABELLED, SELECTED, SHOWN = "labelled", "selected", "shown"
SCOPES = (
    (LABELLED, "Labelled images"),
    (SELECTED, "Selected images"),
    (SHOWN, "All images shown"),
)
_PROMPT = ""  # in place of a label: whatever the prompt says
_PAUSE = 300  # ms of rest before a prompt that is being typed is asked in other words
_KEY = "wording"


class WordingModel(QObject):
    """Asks while somebody looks; the answer stays until something else is asked about.

    Attributes:
        stage, message: how far it has come, and what to say where there is nothing to show.
        progress: of the asking.
        label: which label is asked about; `_PROMPT` for the prompt.
        scope: about which images, of `SCOPES`.
        view: which question is answered.
        finding: what the prompt stands for, of `findings`; "": what is called as it is.
        rows: the answer to it.

    Signals:
        changed(): any of it but the progress.
        progressed(): `progress` is another.
    """

    changed = Signal()
    progressed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.stage, self.message = Stage.WAITING, ""
        self.progress = Progress(0, None)
        self.label, self.scope, self.view = _PROMPT, LABELLED, View.WORDINGS
        self.finding = ""
        self.rows: tuple[Row, ...] = ()
        self._answer: SensitivityAnswer | None = None
        self._asked: Asked | None = None
        self._memory: TextMemory | None = None
        self._watched = self._stopped = False
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._start)
        session.truth_choice.changed.connect(self._follow_truth)
        session.encoder_changed.connect(self._forget)
        session.collection_changed.connect(self._forget)
        for signal in (
            session.labels_changed,
            session.query_changed,
            session.selection_changed,
            session.shown_changed,
        ):
            signal.connect(self._take)

    # Who looks

    def watch(self, watched: bool) -> None:
        """Say whether somebody looks; nothing is computed if not."""
        self._watched = watched
        if watched:
            self.choice.look()
            self._take()
        else:
            self._cancel()

    # What the user chooses

    @property
    def prompts(self) -> tuple[tuple[str, str], ...]:
        """What can be asked about, each with its words: the prompt, then the labels."""
        typed = self._session.query.text
        first = (_PROMPT, f"Prompt: {typed}" if typed else "The prompt")
        return (first, *((label, label) for label in self._session.label_state.labels))

    def set_label(self, label: str) -> None:
        """Ask about a label, or about the prompt."""
        self.label = label
        self._take()

    def set_scope(self, scope: str) -> None:
        """Ask about other images."""
        self.scope = scope
        self._take()

    @property
    def choice(self) -> TruthChoice:
        """Where it stands what is true."""
        return self._session.truth_choice

    @property
    def findings(self) -> tuple[tuple[str, str], ...]:
        """What the prompt can stand for, each with its words; the first is what is called so."""
        called = " or ".join(self._stands()) if not self.finding else ""
        first = f"As called: {called or 'nothing'}" if self._prompt() else "As called"
        return (("", first), *((each, each) for each in self.choice.listed))

    def set_finding(self, finding: str) -> None:
        """Say what the prompt stands for."""
        self.finding = finding
        self._take()

    def set_view(self, view: View) -> None:
        """Answer another question."""
        self.view = view
        self._show()

    def stop(self) -> None:
        """Ask no further, until something else is asked about or it is run again."""
        asked = self._asked
        self._cancel()
        self._asked, self._stopped = asked, True
        self.stage, self.message = Stage.WAITING, "Stopped."
        self.changed.emit()

    def run(self) -> None:
        """Ask again."""
        self._asked = None
        self._take()

    def open(self, place: int) -> None:
        """Search for the wording of a row; an ensemble has none."""
        if 0 <= place < len(self.rows) and self.rows[place].text:
            # the label stays what it is: another prompt must not change what is asked about
            self.label = self.label or self._prompt()
            self._session.search(self.rows[place].text)

    # What is said

    @property
    def stopped(self) -> bool:
        """Whether the user stopped it."""
        return self._stopped and self.stage is Stage.WAITING

    @property
    def headline(self) -> str:
        """What the rows come to, in a line."""
        return "" if self._answer is None else headline(self._answer, self.view)

    @property
    def warning(self) -> str:
        """What to know before relying on the prompt; "" where there is nothing."""
        return "" if self._answer is None else " ".join(self._answer.warnings)

    # What it depends on

    def _prompt(self) -> str:
        """Return what is asked about."""
        return (self.label or self._session.query.text).strip()

    @Slot()
    def _forget(self) -> None:
        """Forget what another encoder said, or what was said of another collection."""
        self._cancel()
        self._asked, self._answer, self.rows = None, None, ()
        self._take()

    @Slot()
    def _take(self) -> None:
        """Ask anew where prompt or images are others."""
        if not self._watched:
            return
        labels = self._session.label_state.labels
        if self.label == _PROMPT and not self._session.query.text and labels:
            self.label = labels[0]
        choice = self.choice
        asked = Asked(
            self._prompt(),
            self._rows(),
            self.finding,
            choice.column,
            str(choice.table or ""),
            self._stands(),
            self.scope == LABELLED,
            choice.counting,
            choice.known is not None,
        )
        before = self._asked
        if self._stopped and before is not None and not before.looked and asked.begun_as(before):
            self._asked = asked  # stopped before it was known what is true: nothing else is asked
        if asked.same(self._asked):
            self.changed.emit()
            return
        self._cancel()
        self._asked, self._stopped = asked, False
        self.stage, self.message = self._what_is_missing(asked)
        if self.stage is Stage.RUNNING and asked.looked:
            self._pause.start()
        elif self.stage is not Stage.RUNNING:
            self._answer, self.rows = None, ()
        self.changed.emit()

    def _stands(self) -> tuple[str, ...]:
        """Return what stands for the prompt in the truth."""
        labels = self._session.label_state.chosen.labels
        return self.choice.standing_for(self._prompt(), self.finding, labels)

    @Slot()
    def _follow_truth(self) -> None:
        """Ask by another truth."""
        if self.finding and self.finding not in self.choice.values:
            self.finding = ""
        if self._watched:
            self.choice.look()
        self._take()

    def _rows(self) -> np.ndarray:
        session = self._session
        if self.scope == SELECTED:
            return np.flatnonzero(session.selected)
        return np.flatnonzero(session.shown)

    def _what_is_missing(self, asked: Asked) -> tuple[Stage, str]:
        if self._session.content is None or not len(self._session.images):
            return Stage.WAITING, "Open a collection to ask a prompt in other words."
        if self._session.encoder is None:
            return Stage.WAITING, "No encoder is loaded yet."
        if not asked.prompt:
            return Stage.WAITING, "Type a prompt (/), or choose a label."
        if not len(asked.rows):
            if self.scope == SELECTED:
                return Stage.WAITING, "Select images, or ask about all images shown."
            return Stage.WAITING, "The filters leave no image."
        if not asked.looked:
            return Stage.RUNNING, "Looking for a column that says what is true."
        if self.scope == LABELLED and not (self.choice.usual or asked.stands):
            return Stage.WAITING, "No image has a label. Ask about all images shown."
        return Stage.RUNNING, "Asking in other words"

    @Slot()
    def _start(self) -> None:
        session = self._session
        encoder = session.encoder
        if self._asked is None or encoder is None or session.content is None:
            return
        if self._memory is None or self._memory.encoder is not encoder:
            self._memory = wording_work.remember(encoder)
        self.progress = Progress(0, None)
        session.runner.start(
            wording_work.ask,
            session.content,
            self._memory,
            self._asked,
            title=f"Asking “{self._asked.prompt}” in other words",
            key=_KEY,
            lane="long",
            on_success=self._take_answer,
            on_failure=self._fail,
            on_progress=self._hear,
        )

    @Slot(object)
    def _hear(self, progress: Progress) -> None:
        self.progress = progress
        self.progressed.emit()

    @Slot(object)
    def _take_answer(self, answer: SensitivityAnswer) -> None:
        self._answer, self.stage, self.message = answer, Stage.READY, ""
        self._show()

    def _show(self) -> None:
        self.rows = () if self._answer is None else rows_of(self._answer, self.view)
        self.changed.emit()

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._answer, self.rows, self.stage = None, (), Stage.FAILED
        self.message = " ".join(error_words(error, "This cannot be asked in other words."))
        self.changed.emit()

    def _cancel(self) -> None:
        self._pause.stop()
        self._session.runner.cancel(_KEY)
        if self.stage is Stage.RUNNING:
            self._asked = None
