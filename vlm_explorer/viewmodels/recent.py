"""What was opened last, kept in the settings for the next start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from vlm_explorer.errors import StorageProblem
from vlm_explorer.settings import Settings, load_settings, save_settings


class RecentPlaces(QObject):
    """Folders and collections, the last opened first.

    Signals:
        changed(): the list is another.
    """

    changed = Signal()

    @property
    def places(self) -> list[Path]:
        """The places that are still there."""
        return [path for text in load_settings().recent if (path := Path(text)).exists()]

    def add(self, place: Path) -> None:
        """Put a place first."""
        self._save(load_settings().with_recent(str(place.expanduser().absolute())))

    def clear(self) -> None:
        """Forget all places."""
        self._save(replace(load_settings(), recent=()))

    def _save(self, settings: Settings) -> None:
        try:
            save_settings(settings)
        except StorageProblem:
            return  # a machine on which nothing can be kept simply has no recent list
        self.changed.emit()
