"""What is measured over many images when it is asked for, and how far that has come."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import Progress
from vlm_explorer.viewmodels.error_words import error_words
from vlm_explorer.viewmodels.saliency_states import Stage
from vlm_explorer.viewmodels.session import Session


class Measuring(QObject):
    """How far a measurement has come, and what to say of that.

    Attributes:
        stage, message: how far it has come, and what to say of that.
        progress: of the work.

    Signals:
        changed(): any of it, or of the answer, but the progress.
        progressed(): `progress` is another.
    """

    changed = Signal()
    progressed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.stage, self.message = Stage.OFF, ""
        self.progress = Progress(0, None)

    def _say_failure(self, error: Exception, otherwise: str) -> None:
        """Say what went wrong; `otherwise` where that has no words."""
        self.stage = Stage.FAILED
        self.message = " ".join(error_words(error, otherwise)).strip()
        self.changed.emit()

    @Slot(object)
    def _report(self, progress: Progress) -> None:
        self.progress = progress
        self.progressed.emit()
