"""The scores of the labels for what is selected, and what unrelated prompts make of them."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels import questions
from vlm_explorer.viewmodels.label_words import describe
from vlm_explorer.viewmodels.session import Session


class LabelScores(QObject):
    """Those of the selected images (their mean), or of the image in the viewer.

    Attributes:
        of: what is known of each label, float (labels,): `cosine`, `probability`, and `z` and
            `percentile` among unrelated prompts once these are judged.
        summary: what the scores say, and about what; one or two sentences.
        called: whether a label is called.
        best: the label with the highest probability; -1 where there are no scores.

    Signals:
        judged(): `z` and `percentile` are there.
    """

    judged = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._watched = False
        self.clear()

    def clear(self) -> None:
        """Forget all scores."""
        self.of: dict[str, np.ndarray] = {}
        self.summary, self.called, self.best = "", False, -1

    def watch(self, watched: bool) -> None:
        """Compare with unrelated prompts only while somebody looks."""
        self._watched = watched
        if watched:
            self.judge()

    def take(self) -> None:
        """Read the scores of what is selected now."""
        self.clear()
        state, rows = self._session.label_state, self._rows()
        answer, shape = state.answer, (len(self._session.images), len(state.labels))
        if answer is None or not len(rows) or answer.cosine.shape != shape:
            return
        chosen_count, rows = len(rows), rows[answer.known[rows]]
        if not len(rows):
            self.summary = f"No vector of {answer.model} yet"
            return
        self.of["cosine"] = answer.cosine[rows].mean(axis=0)
        self.of["probability"] = answer.probability[rows].mean(axis=0)
        self.summary, self.called = describe(answer, rows)
        highest = answer.logit[rows[0]] if len(rows) == 1 else self.of["probability"]
        self.best = int(highest.argmax())
        if len(rows) < chosen_count:
            self.summary += f" · {chosen_count - len(rows):,} without a vector"

    def judge(self) -> None:
        """Have the scores compared with those of unrelated prompts, off this thread."""
        session, answer = self._session, self._session.label_state.answer
        session.runner.cancel("label meaning")
        if not (self._watched and self.of) or answer is None:
            return
        if session.encoder is None or session.content is None:
            return
        rows = self._rows()
        session.runner.start(
            questions.judge_labels,
            session.content,
            session.encoder,
            answer,
            rows[answer.known[rows]],
            title="Comparing labels with unrelated prompts",
            key="label meaning",
            on_success=self._take_judgement,
            on_failure=session.messages.show_error,
        )

    @Slot(object)
    def _take_judgement(self, found: tuple[np.ndarray, np.ndarray] | None) -> None:
        if found is not None and self.of and len(found[0]) == len(self.of["cosine"]):
            self.of["z"], self.of["percentile"] = found
            self.judged.emit()

    def _rows(self) -> np.ndarray:
        """Return the rows of the selected images, else of the one in the viewer, int64 (n,)."""
        chosen = self._session.selection
        ids = chosen.ids or frozenset([chosen.current] if chosen.current else [])
        return np.asarray(self._session.images.rows_of(ids), np.int64)
