"""What was measured, image by image, for as long as the program runs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from vlm_explorer.viewmodels.viewer_measure import Kind, Measurement

State = tuple[tuple[str, tuple[Measurement, ...]], ...]


class Measurements(QObject):
    """Keeps the measurements of each image; several panes may share them.

    Attributes:
        hiding: whether somebody has the encoder look without what is to be hidden from it.

    Signals:
        changed(image_id): something was measured, changed or removed there, or is hidden now.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.hiding = False
        self._of: defaultdict[str, list[Measurement]] = defaultdict(list)

    def of(self, image_id: str | None) -> tuple[Measurement, ...]:
        """Return the measurements of an image, the oldest first."""
        return tuple(self._of.get(image_id, ())) if image_id is not None else ()

    def state(self) -> State:
        """Return all measurements, by image."""
        return tuple((image_id, tuple(each)) for image_id, each in self._of.items() if each)

    def restore(self, state: State) -> None:
        """Put these in the place of all there are."""
        wanted = dict(state)
        for image_id in {*self._of, *wanted}:
            self.put(image_id, wanted.get(image_id, ()))

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

    def put(self, image_id: str, measurements: Sequence[Measurement]) -> None:
        """Put these in the place of all measurements of an image."""
        if self.of(image_id) != tuple(measurements):
            self._of[image_id] = list(measurements)
            self.changed.emit(image_id)

    def hide(self, hiding: bool) -> None:
        """Say whether what is to be hidden from the encoder is hidden from it at present."""
        if hiding != self.hiding:
            self.hiding = hiding
            for image_id in tuple(self._of):
                self.changed.emit(image_id)


@dataclass(frozen=True)
class MeasurementsPart:
    """What was measured, and what is to be hidden from the encoder, as it can be undone."""

    measurements: Measurements

    def state(self) -> State:
        """Return the measurements of each image that has some."""
        return self.measurements.state()

    def restore(self, state: State) -> None:
        """Put them back."""
        self.measurements.restore(state)

    def words(self, before: State, after: State) -> str:
        """Say whether one came or went, or is elsewhere."""
        old, new = (Counter(one for _, each in state for one in each) for state in (before, after))
        came, went = list((new - old).elements()), list((old - new).elements())
        hides = any(each.kind is Kind.HIDE for each in (*came, *went))
        what = "what is hidden" if hides else "a measurement"
        return f"{'move' if came and went else 'draw' if came else 'remove'} {what}"
