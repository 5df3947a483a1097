"""Draws the finished demo window into a file: waits for events, never for time alone."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, QTimer, Slot

from vlm_explorer.errors import ExplorerError, StorageProblem
from vlm_explorer.viewmodels.job_runner import Job
from vlm_explorer.viewmodels.saliency_model import Stage
from vlm_explorer.widgets.main_window import MainWindow

PATIENCE = 120_000  # ms without any sign of progress
SETTLED = 500  # ms without work after which nothing moves any more


class Photographer(QObject):
    """Waits until the demo is finished: indexed, laid out, a prompt searched, an overlay drawn."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._session = window, window.session
        self._loop = QEventLoop(self)
        self.error: ExplorerError | None = None
        self._settling = self._timer(SETTLED, self._look)
        self._patience = self._timer(PATIENCE, self._give_up)
        self._session.runner.job_started.connect(self._attend)
        self._session.messages.message.connect(self._hear)

    def _timer(self, interval: int, slot: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval)
        timer.timeout.connect(slot)
        return timer

    def wait(self) -> None:
        """Return when the window is finished.

        Raises:
            ExplorerError: something failed, or nothing goes on any more.
        """
        self._settling.start()
        self._patience.start()
        self._loop.exec()
        self._settling.stop()
        self._patience.stop()
        if self.error is not None:
            raise self.error

    def missing(self) -> list[str]:
        """Return what is not there yet, in words."""
        session, layout = self._session, self._session.layout
        parts = {
            "the demo study": session.collection is not None and not session.opening,
            "the map": layout.answer is not None and not layout.pending,
            "the search": session.query.answer is not None,
            "the overlay": self._window.scene.played and self._overlay_shown(),
        }
        return [name for name, there in parts.items() if not there]

    def _overlay_shown(self) -> bool:
        return self._window.workspace.viewer.saliency.stage is Stage.READY

    @Slot(object)
    def _attend(self, job: Job) -> None:
        self._settling.stop()
        self._patience.start()
        job.progressed.connect(self._patience.start)
        job.finished.connect(self._go_on)

    @Slot()
    def _go_on(self) -> None:
        self._patience.start()
        self._settling.start()

    @Slot()
    def _look(self) -> None:
        """Nothing has happened for a moment: done, or is something still to come."""
        if not self._session.runner.busy and not self.missing():
            self._loop.quit()

    @Slot(str, str, str)
    def _hear(self, level: str, text: str, hint: str) -> None:
        if level == "error":
            self.error = ExplorerError(text, hint)
            self._loop.quit()

    @Slot()
    def _give_up(self) -> None:
        missing = " and ".join(self.missing()) or "the last touches"
        self.error = ExplorerError(
            f"The picture of the demo could not be finished: {missing} did not come.",
            "Run it again; if it fails again, report it with --debug.",
        )
        self._loop.quit()


def take_screenshot(window: MainWindow, file: Path) -> None:
    """Draw the window into a PNG file as soon as the demo in it is finished.

    Raises:
        ExplorerError: the demo could not be finished.
        StorageProblem: the file cannot be written.
    """
    photographer = Photographer(window)
    photographer.wait()
    file = file.expanduser().absolute()
    if not window.grab().save(str(file), "PNG"):
        raise StorageProblem(
            f"The picture could not be written to {file}.", "Choose another --screenshot."
        )
