"""What was opened last, kept for the next start."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal

from vlm_explorer import paths

LENGTH = 8


def window_settings() -> QSettings:
    """Return the file that keeps geometry and the recent list."""
    return QSettings(str(paths.config_folder() / "window.ini"), QSettings.Format.IniFormat)


class RecentPlaces(QObject):
    """Folders and collections, the last opened first.

    Signals:
        changed(): the list is another.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        stored = window_settings().value("recent", [])
        # an INI file gives a list of one back as text, and an empty one as None
        texts = [stored] if isinstance(stored, str) else stored
        self._places = [Path(str(text)) for text in texts] if isinstance(texts, list) else []

    @property
    def places(self) -> list[Path]:
        """The places that are still there."""
        return [place for place in self._places if place.exists()]

    def add(self, place: Path) -> None:
        """Put a place first."""
        place = place.expanduser().absolute()
        others = [other for other in self._places if other != place]
        self._places = [place, *others][:LENGTH]
        window_settings().setValue("recent", [str(each) for each in self._places])
        self.changed.emit()

    def clear(self) -> None:
        """Forget all places."""
        self._places = []
        window_settings().remove("recent")
        self.changed.emit()
