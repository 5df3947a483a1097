"""The one place through which the program tells the user that something happened."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from vlm_explorer import paths
from vlm_explorer.errors import ExplorerError
from vlm_explorer.jobs import Cancelled
from vlm_explorer.viewmodels.error_words import hint_for_window


class Messages(QObject):
    """Sends sentences to whatever shows them.

    Signals:
        message(level, text, hint): level is "info", "warning" or "error"; `text` says what
            happened, `hint` what to do next, and may be empty.
        offered(text, button, act): what happened, and what a button beside it does.
    """

    message = Signal(str, str, str)
    offered = Signal(str, str, object)

    def show_information(self, text: str, hint: str = "") -> None:
        """Say what happened."""
        self.message.emit("info", text, hint)

    def offer(self, text: str, button: str, act: Callable[[], object]) -> None:
        """Say what happened, with a button that calls `act`: to take it back, say."""
        self.offered.emit(text, button, act)

    def show_warning(self, text: str, hint: str = "") -> None:
        """Say what the user should know before going on."""
        self.message.emit("warning", text, hint)

    @Slot(object)
    def show_error(self, error: BaseException) -> None:
        """Say what went wrong, in words; that the user cancelled is no error."""
        if isinstance(error, Cancelled):
            return
        if isinstance(error, ExplorerError):
            self.message.emit("error", error.text, hint_for_window(error.hint))
            return
        self.message.emit(
            "error",
            f"Something unexpected went wrong ({type(error).__name__}).",
            f"The details are in the log, in {paths.log_folder()}.",
        )
