"""The patient of an image in words, while the user wants to see them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.session import Session


def read_lines(file: Path, *, context: JobContext) -> tuple[str, ...]:
    """Return who a file is of, line by line.

    Raises:
        FileProblem: it cannot be read.
    """
    from vlm_explorer.files.patient_details import read_patient_details

    context.check()
    return read_patient_details(file).lines


class PatientDetailsReader(QObject):
    """Reads who the image on show is of, from its file, at that moment.

    Attributes:
        image_id: the image on show; None for none.
        lines: what to show; empty while details are hidden or not read yet.

    Signals:
        changed(): other lines.
    """

    changed = Signal()

    def __init__(
        self, session: Session, name: str = "patient", parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._key = f"{name}.details"
        self.image_id: str | None = None
        self.lines: tuple[str, ...] = ()
        session.patient_details_changed.connect(self._read)
        session.collection_changed.connect(self._read)

    def show(self, image_id: str | None) -> None:
        """Follow to an image; None for none."""
        if image_id != self.image_id:
            self.image_id = image_id
            self._read()

    @Slot()
    def _read(self) -> None:
        """Forget what was shown, and read what is wanted now."""
        self._session.runner.cancel(self._key)
        self._take(())
        row = self._session.images.row_of.get(self.image_id or "")
        if row is not None and self._session.show_patient_details:
            self._session.runner.start(
                read_lines,
                Path(self._session.images.file[row]),
                title="Reading the patient's details",
                key=self._key,
                lane="io",
                on_success=self._take,
                on_failure=self._fail,
            )

    @Slot(object)
    def _fail(self, _error: Exception) -> None:
        self._take(("The patient's details cannot be read",))

    @Slot(object)
    def _take(self, lines: tuple[str, ...]) -> None:
        if lines != self.lines:
            self.lines = lines
            self.changed.emit()
