"""The labels as the user asks them: each change is a step, and asks only what it has to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Slot

from vlm_explorer.queries.label_set import Calibration, Label
from vlm_explorer.queries.label_shelf import with_calibration
from vlm_explorer.viewmodels import questions
from vlm_explorer.viewmodels.states import LabelState

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session


class Labelling(QObject):
    """Replaces the session's `label_state`, and has the images scored."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    def set_labels(self, labels: Iterable[str], templates: str, task: str) -> None:
        """Ask these labels; those that stay keep their prompts."""
        chosen = self._session.label_state.chosen
        known = {label.name: label for label in chosen.labels}
        rows = tuple(known.get(name, Label(name)) for name in labels)
        self.change(chosen=replace(chosen, labels=rows, templates=templates, task=task))

    def change(self, burst: str = "", **choices: Any) -> None:
        """Ask in another way: of `LabelState.asked`, what is not given stays.

        Args:
            burst: steps with the same word that follow each other at once are undone as one.
        """
        before = self._session.label_state
        after = replace(before, **choices)
        if after.asked != before.asked:
            with self._session.history.step(burst):
                self._ask(before, after)

    def calibrate(self, fitted: Calibration) -> None:
        """Keep what was fitted for the present labels, and use it."""
        chosen = with_calibration(self._session.label_state.chosen, fitted)
        self.change(chosen=chosen, calibrated=True)

    def _ask(self, before: LabelState, after: LabelState) -> None:
        session = self._session
        session.label_state = after
        session.kept.put("labels", after.kept)
        answer = after.answer
        if answer is None or after.pending or before.chosen.asked != after.chosen.asked:
            self.classify()
        elif (before.temperature, before.calibrated) != (after.temperature, after.calibrated):
            self._start(questions.weigh, answer, after)
        else:
            session.put(label_state=replace(after, answer=answer.with_margin(after.margin)))

    def classify(self) -> None:
        """Score every image as soon as there is an encoder to do it with."""
        session = self._session
        session.runner.cancel("labels")
        state = session.label_state
        session.put(label_state=replace(state, pending=bool(state.labels), answer=None))
        if session.encoder is None or session.content is None or not state.labels:
            return
        self._start(questions.classify, session.content, session.encoder, session.label_state)

    def _start(self, function: Any, *asked: Any) -> None:
        self._session.runner.start(
            function,
            *asked,
            title="Scoring labels",
            key="labels",
            on_success=self._take,
            on_failure=self._fail,
        )

    @Slot(object)
    def _take(self, answer: Any) -> None:
        state = self._session.label_state
        answer = answer.with_margin(state.margin)
        self._session.put(label_state=replace(state, answer=answer, pending=False))

    @Slot(object)
    def _fail(self, error: Exception) -> None:
        self._session.put(label_state=replace(self._session.label_state, pending=False))
        self._session.messages.show_error(error)
