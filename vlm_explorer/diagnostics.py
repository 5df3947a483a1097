"""Logs, and the trace of a crash: in the user's log folder, without patient data."""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
from pathlib import Path
from typing import TextIO

from vlm_explorer import paths

LOG, CRASH = "vlm-explorer.log", "crash.txt"
_LARGEST = 1_000_000  # bytes of a log file before a new one is begun
_KEPT = 3

_crash_file: TextIO | None = None


def start() -> str:
    """Begin to log, and to catch crashes of C code; call once, early.

    A folder that cannot be written to costs the log, not the program.

    Returns:
        The trace that the last run left when it crashed; empty where it ended well.
    """
    folder = paths.log_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / LOG, maxBytes=_LARGEST, backupCount=_KEPT, encoding="utf-8"
        )
        last = _last_crash(folder / CRASH)
        _catch_crashes(folder / CRASH)
    except OSError:
        return ""
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return last


def _last_crash(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""


def _catch_crashes(file: Path) -> None:
    """Have the interpreter write the stacks of all threads into `file` when it dies."""
    global _crash_file  # noqa: PLW0603 - faulthandler needs the file open as long as we live
    _crash_file = file.open("w", encoding="utf-8")
    faulthandler.enable(_crash_file)


def end() -> None:
    """Close what `start` opened: the program ends well."""
    global _crash_file  # noqa: PLW0603 - see above
    if _crash_file is not None:
        faulthandler.disable()
        _crash_file.close()
        _crash_file = None
    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, logging.handlers.RotatingFileHandler):
            root.removeHandler(handler)
            handler.close()
