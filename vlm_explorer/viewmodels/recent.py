"""What was opened last, kept in the settings for the next start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from vlm_explorer.errors import StorageProblem
from vlm_explorer.settings import Settings, load_settings, save_settings


class RecentPlaces(QObject):
    """Folders and collections, the last opened first; and what the next start opens.

    A folder of DICOM files is often called after a patient: such a place goes by a title that
    says what is in it, unless the user wants to see patient details.

    Signals:
        changed(): the list, what its places are called, or the switch for the next start.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._whole = False

    @property
    def places(self) -> list[Path]:
        """The places that are still there."""
        return [path for text in load_settings().recent if (path := Path(text)).exists()]

    def name(self, place: Path) -> str:
        """Return what to call a place: its path, or its title where the path may name people."""
        title = load_settings().titles.get(str(place), "")
        return str(place) if self._whole or not title else title

    def show_whole(self, whole: bool) -> None:
        """Call all places by their paths, or no longer."""
        self._whole = whole
        self.changed.emit()

    def add(self, place: Path, title: str = "") -> None:
        """Put a place first; the next start opens it. `title` stands for it if given."""
        path = str(place.expanduser().absolute())
        self._save(replace(load_settings().with_recent(path, title), last=path))

    def clear(self) -> None:
        """Forget all places."""
        self._save(replace(load_settings(), recent=(), titles={}, last=""))

    @property
    def reopens(self) -> bool:
        """Whether the next start opens what is open when the program ends."""
        return load_settings().reopen

    def toggle_reopening(self) -> None:
        """Have the next start open what was open, or the welcome page."""
        self._save(replace(load_settings(), reopen=not self.reopens))

    @property
    def last(self) -> Path | None:
        """What this start is to open; None for nothing. It may be gone."""
        settings = load_settings()
        return Path(settings.last) if settings.last and settings.reopen else None

    def leave(self) -> None:
        """Note that nothing is open: the next start shows the welcome page."""
        if load_settings().last:
            self._save(replace(load_settings(), last=""))

    def _save(self, settings: Settings) -> None:
        try:
            save_settings(settings)
        except StorageProblem:
            return  # a machine on which nothing can be kept simply has no recent list
        self.changed.emit()
