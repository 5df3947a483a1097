"""As what the colours of each series are read, where the user does not believe the file."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from vlm_explorer.pixels.colour_reading import ColourReading
from vlm_explorer.viewmodels.kept_state import KeptState

_NAME = "colours"  # in what is kept
_BETWEEN = "\t"  # the parts of a key
_MOST = 500  # series that are kept

WORDS = {
    ColourReading.FILE: "as the file says",
    ColourReading.RGB: "as RGB",
    ColourReading.YBR: "as YBR",
}


class SeriesColours(QObject):
    """One reading a series, the same in all panes; kept with the collection.

    Signals:
        changed(key): the colours of a series are read as something else.
    """

    changed = Signal(tuple)

    def __init__(self, kept: KeptState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept = kept

    def of(self, key: tuple[str, ...]) -> ColourReading:
        """Return as what the colours of a series (see `window_key`) are read."""
        name = self._kept.get(_NAME, dict, {}).get(_BETWEEN.join(key))
        return ColourReading(name) if name in list(ColourReading) else ColourReading.FILE

    def turn(self, key: tuple[str, ...]) -> None:
        """Go on to the next reading of a series."""
        readings = list(ColourReading)
        following = readings[(readings.index(self.of(key)) + 1) % len(readings)]
        name = _BETWEEN.join(key)
        kept = self._kept.get(_NAME, dict, {})
        others = {known: reading for known, reading in kept.items() if known != name}
        own = {} if following is ColourReading.FILE else {name: str(following)}
        self._kept.put(_NAME, dict(list((others | own).items())[-_MOST:]))
        self.changed.emit(key)
