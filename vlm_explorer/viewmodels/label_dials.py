"""Temperature, margin and calibration of labels, as sliders and words have them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.viewmodels.label_words import no_calls
from vlm_explorer.viewmodels.states import LabelState

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session

STEPS = 100  # of the margin, and of the temperature on either side of the model's own
_DECADES = 1.0  # temperatures from a tenth of the model's own to ten times it
_LOGITS = 10.0  # the largest margin: odds of 22,000 to 1, whatever the model's scale is


class LabelDials(QObject):
    """What of the labels is dialled; a drag is one step to be undone.

    Signals:
        changed(): other values.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        session.labels_changed.connect(self.changed)
        session.encoder_changed.connect(self.changed)

    @property
    def _state(self) -> LabelState:
        return self._session.label_state

    @property
    def ready(self) -> bool:
        """Whether there is an encoder to score with."""
        return self._session.encoder is not None

    # The temperature

    @property
    def temperature(self) -> float:
        """What the logits are divided by, as it is in use."""
        answer, state = self._state.answer, self._state
        if answer is not None and state.calibrated and answer.calibration is not None:
            return answer.temperature
        return state.temperature

    @property
    def temperature_step(self) -> int:
        """Where the slider stands; 0 is the model's own."""
        return _step_of(self.temperature)

    @property
    def temperature_words(self) -> str:
        """Say the temperature, and what the model's own is."""
        if not self.ready:
            return "Temperature"
        if self.temperature_step == 0:
            return "Temperature: the model's own"
        return f"Temperature: {self.temperature:.2g} × the model's own"

    @property
    def temperature_note(self) -> str:
        """Say what a temperature does, with the model's scale in figures."""
        encoder = self._session.encoder
        scale = "" if encoder is None else f" This model multiplies by {encoder.logit_scale:.1f}."
        return (
            "Cosines are multiplied by the model's scale, and divided by this, before they become "
            f"probabilities: higher is flatter. The mark is the model's own.{scale}"
        )

    @property
    def temperature_marks(self) -> tuple[int, ...]:
        """Steps to be marked: the model's own, and the calibrated one where there is one."""
        fitted = None if self._state.answer is None else self._state.answer.fitted
        if fitted is None or self._state.task == "multi":
            return (0,)
        return 0, _step_of(fitted.temperature)

    @Slot(int)
    def set_temperature(self, step: int) -> None:
        """Divide by another temperature; a calibration is in use no more."""
        value = 10.0 ** (_DECADES * step / STEPS)
        self._session.labelling.change("temperature", temperature=value, calibrated=False)

    # The margin

    @property
    def margin_step(self) -> int:
        """Where the slider stands."""
        return min(STEPS, round(self._state.margin / self._margin_unit))

    @property
    def margin_words(self) -> str:
        """Say the margin."""
        margin = self._state.margin
        return f"Margin: {margin:.3f}" if margin else "Margin: every call is made"

    @property
    def no_calls(self) -> str:
        """Say how many are not called."""
        return no_calls(self._state.answer) if self._state.margin else ""

    @property
    def margin_note(self) -> str:
        """Say what the margin is of."""
        if self._state.task == "single":
            lead = "how far the best label's cosine lies above the second's"
        else:
            lead = "how far the cosine of present lies from that of absent"
        return f"No call where the margin is smaller: {lead}."

    @Slot(int)
    def set_margin(self, step: int) -> None:
        """Call from another margin on."""
        self._session.labelling.change("margin", margin=step * self._margin_unit)

    @property
    def _margin_unit(self) -> float:
        encoder = self._session.encoder
        return _LOGITS / (STEPS * (encoder.logit_scale if encoder is not None else 100.0))

    # The calibration

    @property
    def calibrated(self) -> bool:
        """Whether probabilities are fitted to labelled cases."""
        return self._state.calibrated and self.calibration_words != ""

    @property
    def calibration_words(self) -> str:
        """Say on how many cases the labels were calibrated; "" where they were not."""
        answer = self._state.answer
        if answer is None or answer.fitted is None:
            return ""
        return f"Calibrated on {answer.fitted.cases:,} cases"

    @Slot(bool)
    def set_calibrated(self, wanted: bool) -> None:
        """Use what was fitted, or the model's own probabilities."""
        self._session.labelling.change(calibrated=wanted)


def _step_of(temperature: float) -> int:
    step = round(STEPS * math.log10(temperature) / _DECADES)
    return min(STEPS, max(-STEPS, step))
