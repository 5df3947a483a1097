"""Cine: a series run through at the rate of its file."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal, SignalInstance, Slot

DEFAULT_RATE = 12.0  # images a second where the file does not say
_FASTEST = 60.0  # images a second: no screen shows more
_COUNTED = 2.0  # seconds over which the true rate is taken
_BELOW = 0.9  # of the wanted rate, under which the true one is told


class Reel(Protocol):
    """What cine runs through: a series, and the place in it."""

    changed: SignalInstance
    key: tuple[str, ...]
    place: tuple[int, int] | None


class Cine(QObject):
    """Runs a series in a loop, by the clock: images that come too late are left out.

    It stops when somebody else goes to another image. The next image is asked for only after the
    last one is on show, so that a slow disk makes the picture coarser in time, but never late.

    Attributes:
        running: whether it runs.
        rate: images a second that the file asks for.

    Signals:
        changed(): it began, ended, or runs at another speed.
        refused(text): why it cannot run.
    """

    changed = Signal()
    refused = Signal(str)

    def __init__(
        self,
        reel: Reel,
        show: Callable[[int], None],
        ready: Callable[[], bool],
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Run through `reel`: `show` its index-th image; `ready` when the last one is there."""
        super().__init__(parent)
        self._reel = reel
        self._show = show
        self._ready = ready
        self._clock = clock
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.advance)
        self._origin = 0.0  # when image 0 of the first round would have been on show
        self._shown: deque[float] = deque()
        self._at: tuple[tuple[str, ...], int] | None = None  # series and image asked for
        self.running = False
        self.rate = DEFAULT_RATE
        reel.changed.connect(self._follow)

    def toggle(self, rate: float | None = None) -> None:
        """Run at `rate` images a second (None: `DEFAULT_RATE`), or stop."""
        if self.running:
            self.stop()
        else:
            self.start(rate)

    def start(self, rate: float | None = None) -> None:
        """Run on from the image on show."""
        place = self._reel.place
        if place is None or place[1] < 2:
            self.refused.emit("Cine needs a series of several images.")
            self.changed.emit()
            return
        self.rate = min(rate or DEFAULT_RATE, _FASTEST)
        self._at = self._reel.key, place[0]
        self._origin = self._clock() - place[0] / self.rate
        self._shown.clear()
        self.running = True
        self._timer.start(max(1, round(500 / self.rate)))  # twice an image: none is missed
        self.changed.emit()

    @Slot()
    def stop(self) -> None:
        """Stay at the image on show."""
        if self.running:
            self.running = False
            self._timer.stop()
            self.changed.emit()

    @Slot()
    def advance(self) -> None:
        """Go to the image whose turn it is, if the last one is on show."""
        place = self._reel.place
        if not self.running or place is None or not self._ready():
            return
        now = self._clock()
        index = int((now - self._origin) * self.rate + 1e-6) % place[1]
        if index == place[0]:
            return
        self._at = self._reel.key, index
        self._shown.append(now)
        while now - self._shown[0] > _COUNTED:
            self._shown.popleft()
        self._show(index)

    @Slot()
    def _follow(self) -> None:
        """Stop when the user goes elsewhere."""
        place = self._reel.place
        if self.running and (place is None or (self._reel.key, place[0]) != self._at):
            self.stop()

    @property
    def true_rate(self) -> float:
        """Images a second that were shown of late; that of the file until it can be told."""
        if len(self._shown) < 3:
            return self.rate
        return (len(self._shown) - 1) / max(self._shown[-1] - self._shown[0], 1e-9)

    def describe(self) -> str:
        """Return the speed in words, as the corner has it; empty while it does not run."""
        if not self.running:
            return ""
        if self.true_rate < _BELOW * self.rate:
            return f"Cine {self.true_rate:.0f} of {self.rate:.3g} images/s"
        return f"Cine {self.rate:.3g} images/s"
