"""Under which window each series is shown."""

from __future__ import annotations

from dataclasses import astuple

from PySide6.QtCore import QObject, Signal

from vlm_explorer.pixels.windowing import Window
from vlm_explorer.viewmodels.history import History
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

    def __init__(
        self,
        parent: QObject | None = None,
        kept: KeptState | None = None,
        history: History | None = None,
    ) -> None:
        super().__init__(parent)
        self._kept = kept
        self._history = history or History(self)
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

    def drag(self, dx: float, dy: float, drag: int = 0) -> None:
        """Widen the window by a drag to the right, raise its centre by one down.

        Args:
            dx, dy: since the last step, logical pixels.
            drag: the number of the drag: one of them is undone at once.
        """
        if self.loaded is None:
            return
        if refusal := refusal_of(self.loaded):
            self.refused.emit(refusal)
        elif (window := self.current) is not None:
            self._put(dragged(self.loaded, window, dx, dy), f"window {drag}", held=drag > 0)

    def take(self, other: SeriesWindows) -> None:
        """Show the series under another pane's window; not across units, nor without a window."""
        window = other.current
        if window is None or self.loaded is None or refusal_of(self.loaded):
            return
        assert other.loaded is not None
        if self.loaded.frame.unit == other.loaded.frame.unit and window != self.current:
            with self._history.unrecorded():  # it follows from what was done to the other
                self._put(window)

    def _put(self, window: Window, burst: str = "", *, held: bool = False) -> None:
        with self._history.step(burst, held=held):
            self._set[self.key] = window
            self._keep(self.key, window)
            self.changed.emit()

    def reset(self) -> None:
        """Show each frame of the series under its own default."""
        with self._history.step():
            self._set.pop(self.key, None)
            self._keep(self.key, None)
            self.changed.emit()

    @property
    def all(self) -> tuple[tuple[tuple[str, ...], Window], ...]:
        """The windows that were set, by series."""
        return tuple(self._set.items())

    def recall(self, windows: tuple[tuple[tuple[str, ...], Window], ...]) -> None:
        """Show every series as it was shown."""
        before, self._set = self._set, dict(windows)
        for key in before.keys() | self._set.keys():
            if before.get(key) != self._set.get(key):
                self._keep(key, self._set.get(key))
        self.changed.emit()

    def forget(self) -> None:
        """Forget the windows of all series but for those that are kept with the collection."""
        self._set.clear()
        kept = self._kept.get(_NAME, dict, {}) if self._kept is not None else {}
        for name, value in kept.items():
            if (window := _window(value)) is not None:
                self._set[tuple(name.split(_BETWEEN))] = window

    def _keep(self, key: tuple[str, ...], window: Window | None) -> None:
        """Keep the window of a series; None for its own default.

        What other panes kept stays; of very many the oldest go.
        """
        if self._kept is None:
            return
        name = _BETWEEN.join(key)
        others = {
            each: value for each, value in self._kept.get(_NAME, dict, {}).items() if each != name
        }
        own = {} if window is None else {name: list(astuple(window))}
        self._kept.put(_NAME, dict(list((others | own).items())[-_MOST:]))


def _window(value: object) -> Window | None:
    """Return a window as it was kept; None for anything else."""
    match value:
        case [float() | int() as centre, float() | int() as width, str(source), str(function)]:
            return Window(centre, width, source, function) if width > 0 else None
    return None
