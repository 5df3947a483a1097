"""Which series the user goes through in the other direction; kept with the collection."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from vlm_explorer.viewmodels.kept_state import KeptState

_NAME = "reversed"


class SeriesOrder(QObject):
    """One order a series, the same in all panes.

    Signals:
        changed(key): a series is gone through the other way round.
    """

    changed = Signal(str)

    def __init__(self, kept: KeptState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept = kept

    def is_reversed(self, key: str) -> bool:
        """Whether the series with the key of its node begins with what lies last."""
        return key in self._kept.get(_NAME, list, [])

    def reverse(self, key: str) -> None:
        """Go through a series the other way round."""
        kept = self._kept.get(_NAME, list, [])
        others = [each for each in kept if each != key]
        self._kept.put(_NAME, others if key in kept else [*others, key])
        self.changed.emit(key)
