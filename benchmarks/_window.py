"""The real window, offscreen, with a watch on what holds up its thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

STALL = 50.0  # ms of the window's thread that one event may take
PATIENCE = 900.0  # s


class Window:
    """The window, its session, and the events that took long.

    Attributes:
        stalls: milliseconds and name of each event that took longer than `STALL`.
        longest: milliseconds of the longest event so far.
    """

    def __init__(self, application: Any, session: Any, window: Any) -> None:
        self.application, self.session, self.window = application, session, window
        self.stalls: list[tuple[float, str]] = application.stalls

    @property
    def longest(self) -> float:
        return float(self.application.longest)

    def wait(self, ready: Callable[[], bool]) -> None:
        """Let events happen until something is so."""
        end = time.perf_counter() + PATIENCE
        while not ready():
            if time.perf_counter() > end:
                raise TimeoutError("the window does not come to rest")
            self.application.processEvents()
            time.sleep(0.0005)

    def stalled(self) -> str:
        """Return what held up the window, in words."""
        worst = sorted(self.stalls, reverse=True)[:8]
        return ", ".join(f"{name} {taken:.0f} ms" for taken, name in worst) or "nothing"

    def forget(self) -> None:
        """Watch from now on."""
        self.stalls.clear()
        self.application.longest = 0.0


@contextmanager
def shown_window(size: tuple[int, int]) -> Iterator[Window]:
    """Show the window with nothing open; end all its work afterwards."""
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtWidgets import QApplication

    from vlm_explorer.app import share_interpreter
    from vlm_explorer.viewmodels.session import Session
    from vlm_explorer.viewmodels.thumbnails import Thumbnails
    from vlm_explorer.widgets.main_window import MainWindow
    from vlm_explorer.widgets.theme import themes

    class Application(QApplication):
        """Notes what takes the window's thread long."""

        stalls: list[tuple[float, str]] = []  # noqa: RUF012 - one application a process
        longest = 0.0
        depth = 0

        def notify(self, receiver: QObject, event: QEvent) -> bool:
            begun = time.perf_counter()
            name = f"{type(receiver).__name__} {event.type().name}"
            self.depth += 1
            done = bool(super().notify(receiver, event))
            self.depth -= 1
            taken = (time.perf_counter() - begun) * 1000
            if self.depth == 0:  # what it sent is part of it
                self.longest = max(self.longest, taken)
                if taken > STALL:
                    self.stalls.append((taken, name))
            return done

    share_interpreter()
    application = Application([])
    themes.set_theme("dark")
    themes.apply(application)
    session = Session()
    window = MainWindow(session, Thumbnails(session))
    window.resize(*size)
    window.show()
    try:
        yield Window(application, session, window)
    finally:
        window.close()
        session.runner.shutdown()
