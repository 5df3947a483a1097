"""Under which window each series is shown."""

from __future__ import annotations

from dataclasses import astuple

from PySide6.QtCore import QObject, Signal

from vlm_explorer.pixels.windowing import Window
from vlm_explorer.viewmodels.kept_state import KeptState
from vlm_explorer.viewmodels.viewer_frames import LoadedFrame
from vlm_explorer.viewmodels.viewer_presets import Preset, dragged, presets_of, refusal_of

_NAME = "windows"  # in what is kept
_BETWEEN = "\t"  # the parts of a key
_MOST = 500  # windows that are kept


class SeriesWindows(QObject):
    """Keeps the window that the user set for each series; frames have their own default.

    They are kept with the collection until it is opened again.

    Attributes:
        key: the series on show.
        loaded: its frame on show; None where none is.

    Signals:
        changed(): the series is shown under another window.
        refused(text): why a window cannot be set.
    """

    changed = Signal()
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None, kept: KeptState | None = None) -> None:
        super().__init__(parent)
        self._kept = kept
        self._set: dict[tuple[str, ...], Window] = {}
        self.key: tuple[str, ...] = ()
        self.loaded: LoadedFrame | None = None

    @property
    def current(self) -> Window | None:
        """The window in use; None without a frame and for colour."""
        if self.loaded is None or self.loaded.colour:
            return None
        return self._set.get(self.key, self.loaded.default)

    def presets(self) -> tuple[Preset, ...]:
        """Return the windows on offer."""
        return presets_of(self.loaded) if self.loaded is not None else ()

    def choose_digit(self, digit: int) -> None:
        """Set the window of a digit key for the whole series, or say why it cannot be."""
        for preset in self.presets():
            if preset.digit == digit:
                self.choose(preset)
                return
        if self.loaded is not None:
            self.refused.emit(f"No window lies on the key {digit} for this image.")

    def choose(self, preset: Preset) -> None:
        """Set a window on offer for the whole series, or say why it cannot be."""
        from vlm_explorer.pixels.render import choose_window

        if preset.refusal or self.loaded is None:
            self.refused.emit(preset.refusal)
        elif preset.window is None:
            self.reset()
        else:
            self._put(choose_window(self.loaded.frame, preset.window))

    def drag(self, dx: float, dy: float) -> None:
        """Widen the window by a drag to the right, raise its centre by one down."""
        if self.loaded is None:
            return
        if refusal := refusal_of(self.loaded):
            self.refused.emit(refusal)
        elif (window := self.current) is not None:
            self._put(dragged(self.loaded, window, dx, dy))

    def take(self, other: SeriesWindows) -> None:
        """Show the series under another pane's window; not across units, nor without a window."""
        window = other.current
        if window is None or self.loaded is None or refusal_of(self.loaded):
            return
        assert other.loaded is not None
        if self.loaded.frame.unit == other.loaded.frame.unit and window != self.current:
            self._put(window)

    def _put(self, window: Window) -> None:
        self._set[self.key] = window
        self._keep(window)
        self.changed.emit()

    def reset(self) -> None:
        """Show each frame of the series under its own default."""
        self._set.pop(self.key, None)
        self._keep(None)
        self.changed.emit()

    def forget(self) -> None:
        """Forget the windows of all series but for those that are kept with the collection."""
        self._set.clear()
        kept = self._kept.get(_NAME, dict, {}) if self._kept is not None else {}
        for name, value in kept.items():
            if (window := _window(value)) is not None:
                self._set[tuple(name.split(_BETWEEN))] = window

    def _keep(self, window: Window | None) -> None:
        """Keep the window of the series on show; None for its own default.

        What other panes kept stays; of very many the oldest go.
        """
        if self._kept is None:
            return
        name = _BETWEEN.join(self.key)
        others = {
            key: value for key, value in self._kept.get(_NAME, dict, {}).items() if key != name
        }
        own = {} if window is None else {name: list(astuple(window))}
        self._kept.put(_NAME, dict(list((others | own).items())[-_MOST:]))


def _window(value: object) -> Window | None:
    """Return a window as it was kept; None for anything else."""
    match value:
        case [float() | int() as centre, float() | int() as width, str(source), str(function)]:
            return Window(centre, width, source, function) if width > 0 else None
    return None
