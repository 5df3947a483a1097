"""What was measured, image by image, for as long as the program runs."""

from __future__ import annotations

from collections import defaultdict

from PySide6.QtCore import QObject, Signal

from vlm_explorer.viewmodels.viewer_measure import Measurement


class Measurements(QObject):
    """Keeps the measurements of each image; several panes may share them.

    Signals:
        changed(image_id): something was measured, changed or removed there.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._of: defaultdict[str, list[Measurement]] = defaultdict(list)

    def of(self, image_id: str | None) -> tuple[Measurement, ...]:
        """Return the measurements of an image, the oldest first."""
        return tuple(self._of.get(image_id, ())) if image_id is not None else ()

    def add(self, image_id: str, measurement: Measurement) -> int:
        """Keep a measurement and return its index."""
        self._of[image_id].append(measurement)
        self.changed.emit(image_id)
        return len(self._of[image_id]) - 1

    def replace(self, image_id: str, index: int, measurement: Measurement) -> None:
        """Put another in the place of a measurement."""
        if self._of[image_id][index] != measurement:
            self._of[image_id][index] = measurement
            self.changed.emit(image_id)

    def remove(self, image_id: str, index: int) -> None:
        """Forget a measurement."""
        del self._of[image_id][index]
        self.changed.emit(image_id)
