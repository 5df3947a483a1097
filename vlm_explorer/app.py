"""The window's program: builds the application, shows the window, and ends it in good order."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtGui import QImageReader
from PySide6.QtWidgets import QApplication

from vlm_explorer import diagnostics, paths
from vlm_explorer.errors import ExplorerError, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.settings import THEMES, load_settings
from vlm_explorer.viewmodels.job_runner import Job
from vlm_explorer.viewmodels.messages import Messages
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.theme import themes

logger = logging.getLogger(__name__)

SHUTDOWN = 5.0  # seconds that running work has to stop
SWITCH = 0.0005  # seconds a thread may keep the interpreter while another waits for it
SIGNALS = 200  # ms between the moments at which Ctrl-C in a terminal is noticed
PICTURE = "vlm-explorer-demo.png"


def run_command(arguments: Namespace) -> int:
    """Run `vlm-explorer open` or `vlm-explorer demo` as the command line parsed them.

    Raises:
        UsageError: `open` on a machine with no display.
    """
    demo = arguments.command == "demo"
    screenshot = Path(arguments.screenshot) if demo and arguments.screenshot else None
    if not has_display():
        if not demo:
            raise UsageError(
                "There is no display to open a window on.",
                "Draw the demo into a file instead: vlm-explorer demo --screenshot FILE.png",
            )
        screenshot = screenshot or Path(PICTURE)
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif screenshot is not None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    return run(
        paths.local_path(arguments.path) if not demo and arguments.path else None,
        demo=demo,
        model=getattr(arguments, "model", None),
        theme=(arguments.theme or "") if demo else "",
        screenshot=screenshot,
        size=arguments.size if demo else None,
        scale=arguments.scale if demo else 1.0,
    )


def has_display() -> bool:
    """Whether a window can be seen; on Linux there must be a display server."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def run(
    path: Path | None = None,
    *,
    demo: bool = False,
    model: str | None = None,
    theme: str = "",
    screenshot: Path | None = None,
    size: tuple[int, int] | None = None,
    scale: float = 1.0,
) -> int:
    """Open the window on a folder, a collection, the demo study, or the welcome page.

    Args:
        model: id of the encoder to use; by default the collection's own.
        theme: "dark" or "light"; by default the one in the settings.
        screenshot: draw the finished demo into this PNG file, without showing it, and end.
        size: of the window, in pixels at 100 %.
        scale: device pixels per pixel.

    Returns:
        The exit code.

    Raises:
        ExplorerError: the picture cannot be drawn or written.
    """
    crash = diagnostics.start()
    application = make_application(scale)
    themes.set_theme(theme if theme in THEMES else load_settings().theme)
    themes.apply(application)
    session = Session()
    session.model = model
    thumbnails = Thumbnails(session)
    window = MainWindow(session, thumbnails)
    hook = install_hook(session.messages)
    if crash:
        session.messages.show_warning(
            "VLM Explorer ended unexpectedly last time.",
            f"What it was doing is noted in {paths.log_folder()}.",
        )
    if size is not None:
        window.resize(*size)
    elif screenshot is None:
        window.restore_window()
    window.show()
    window.welcome.offer(not (demo or path or session.recent.last))
    QTimer.singleShot(0, lambda: set_out(window, path, demo=demo))
    try:
        if screenshot is not None:
            from vlm_explorer.widgets.screenshot import take_screenshot

            take_screenshot(window, screenshot)
            sys.stderr.write(f"Drew the demo into {screenshot.absolute()}.\n")
            return 0
        return _loop(application)
    finally:
        sys.excepthook = hook
        end(application, window, session)
        diagnostics.end()


def make_application(scale: float = 1.0) -> QApplication:
    """Return the application, which knows its name; `scale` must be set before there is one."""
    if scale != 1.0:
        os.environ["QT_SCALE_FACTOR"] = str(scale)
    share_interpreter()
    application = QApplication(sys.argv[:1])
    application.setApplicationName("vlm-explorer")
    application.setApplicationDisplayName("VLM Explorer")
    return application


def share_interpreter() -> None:
    """Have a worker's thread give up the interpreter sooner than after Python's 5 ms.

    Qt lets go of it at every call, and a picture of the window takes hundreds: beside a worker that
    is busy in Python, the window waits that long for each.
    """
    sys.setswitchinterval(SWITCH)


def set_out(window: MainWindow, path: Path | None, *, demo: bool) -> None:
    """Open what is to be opened as soon as the panes are there; then offer what else can be."""
    preparing = prepare(window.session, lambda: begin(window.session, path, demo=demo))
    preparing.finished.connect(lambda _: window.welcome.offer())


def prepare(session: Session, then: Callable[[], None]) -> Job:
    """Import the panes in a thread, which the window need not wait for, then call `then`."""
    return session.runner.start(
        import_panes,
        title="Preparing the window",
        key="panes",
        lane="io",
        on_success=lambda _: then(),
        on_failure=session.messages.show_error,
    )


def import_panes(*, context: JobContext) -> None:
    """Import what the window needs as soon as something is opened (worker thread).

    Qt's readers of pictures are loaded with it: later they would wait for the system's loader while
    that is busy with torch, and the window with them.
    """
    context.check()
    importlib.import_module("vlm_explorer.widgets.workspace")
    importlib.import_module("vlm_explorer.widgets.models_sheet")
    QImageReader.supportedImageFormats()


def begin(session: Session, path: Path | None, *, demo: bool) -> None:
    """Open what the command line names, or what was open last, once the window is there."""
    if demo:
        session.open_demo()
    elif path is not None:
        session.open(path)
    else:
        session.reopen()


def _loop(application: QApplication) -> int:
    """Run until the last window closes; Python looks up now and then, for Ctrl-C."""
    waking = QTimer()
    waking.timeout.connect(_look_up)
    waking.start(SIGNALS)
    return application.exec()


def _look_up() -> None:
    """Do nothing, in Python: this is when its signal handlers run."""


Hook = Callable[[type[BaseException], BaseException, TracebackType | None], object]


def install_hook(messages: Messages) -> Hook:
    """Log and show errors that nobody caught, and go on; returns the hook before."""
    before = sys.excepthook

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QApplication.quit()
            return
        if not isinstance(error, ExplorerError):
            logger.critical("Unexpected error", exc_info=(kind, error, trace))
        messages.show_error(error)

    sys.excepthook = show
    return before


def end(application: QApplication, window: MainWindow, session: Session) -> None:
    """Close the window, stop all work, and drop what Qt owns, in this order.

    A worker that does not stop in time would keep the interpreter from ending; then the process
    ends at once, after everything worth keeping was written.
    """
    window.close()
    stopped = session.runner.shutdown(SHUTDOWN)
    application.processEvents()
    if not stopped:
        logger.error("Some work did not stop within %.0f s", SHUTDOWN)
        logging.shutdown()
        os._exit(1)
    window.deleteLater()
    session.deleteLater()
    application.processEvents()
