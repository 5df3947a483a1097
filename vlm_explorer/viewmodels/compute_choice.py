"""On what and how precisely encoders compute: chosen by measurement, or by the user."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from vlm_explorer.encoders.kept_speeds import forget_speeds
from vlm_explorer.errors import StorageProblem
from vlm_explorer.settings import load_settings, save_settings
from vlm_explorer.viewmodels.encoder_switch import EncoderSwitch

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session

GPU = ("mps", "Apple GPU") if sys.platform == "darwin" else ("cuda", "NVIDIA GPU")
DEVICES = (("auto", "Automatic"), ("cpu", "Processor (CPU)"), GPU)
PRECISIONS = (
    ("auto", "Automatic"),
    ("fp32", "float32"),
    ("bf16", "bfloat16"),
    ("fp16", "float16"),
)


class ComputeChoice(QObject):
    """Keeps the choice in the settings, and has the encoder in use follow it.

    Signals:
        changed(): the choice, or what was measured, is another.
    """

    changed = Signal()

    def __init__(
        self, session: Session, switch: EncoderSwitch, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._switch = switch
        session.encoder_changed.connect(self.changed)

    @property
    def device(self) -> str:
        """The device that the user chose; "auto" for the best."""
        return load_settings().device

    @property
    def precision(self) -> str:
        """The precision that the user chose; "auto" for the quickest that is precise enough."""
        return load_settings().precision

    @property
    def why(self) -> str:
        """What the encoder in use runs in, and what was measured for it; "" without one."""
        choice = getattr(self._session.encoder, "choice", None)
        return "" if choice is None else str(choice.why)

    @property
    def warning(self) -> str:
        """What is to be said against the choice; "" for nothing."""
        choice = getattr(self._session.encoder, "choice", None)
        return "" if choice is None else str(choice.warning)

    def choose(self, device: str, precision: str) -> None:
        """Choose device and precision for this and later encoders."""
        settings = load_settings()
        if (settings.device, settings.precision) == (device, precision):
            return
        try:
            save_settings(replace(settings, device=device, precision=precision))
        except StorageProblem as error:
            self._session.messages.show_error(error)
            return
        self._switch.reload()
        self.changed.emit()

    @property
    def can_measure(self) -> bool:
        """Whether an encoder is in use that was, or can be, measured."""
        return bool(self.why) and self._switch.available

    def measure_anew(self) -> None:
        """Forget what was measured of the encoder in use, and load it anew, which measures it."""
        encoder = self._session.encoder
        if encoder is None or not self.can_measure:
            return
        forget_speeds(encoder.fingerprint)
        self._switch.reload()
