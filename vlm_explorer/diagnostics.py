"""Logs, and the trace of a crash: in the user's log folder, without patient data."""

from __future__ import annotations

import copy
import faulthandler
import logging
import logging.handlers
import traceback
from pathlib import Path
from typing import Any, TextIO

from vlm_explorer import paths

LOG, CRASH = "vlm-explorer.log", "crash.txt"
_LARGEST = 1_000_000  # bytes of a log file before a new one is begun
_KEPT = 3
_OWN = "vlm_explorer"  # the package, and the root of its loggers
_LONGEST = 200  # lines of one exception in the log

_crash_file: TextIO | None = None


class PrivateFormatter(logging.Formatter):
    """Keeps what may name a patient out of the log.

    What libraries say, and the messages of exceptions, quote values and paths. Of the former only
    the place is noted, of the latter the kinds and the lines of code that they came through.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        own = copy.copy(record)
        own.exc_text = own.stack_info = None  # as another handler may have written them
        if record.name.partition(".")[0] != _OWN:
            own.msg, own.args = f"message at {record.module}:{record.lineno}", None
        return super().format(own)

    def formatException(self, ei: Any) -> str:  # noqa: N802  logging's name
        """Return the stack of an exception and of its causes, without their messages."""
        lines: list[str] = []
        error: BaseException | None = ei[1]
        while error is not None and len(lines) < _LONGEST:
            frames = traceback.extract_tb(error.__traceback__)
            lines.append(type(error).__name__)
            lines += [f"  {_module(each.filename)}:{each.lineno} {each.name}" for each in frames]
            error = error.__cause__ or error.__context__
        return "\n".join(lines)


def _module(file: str) -> str:
    """Return the part of a file's path that lies within a package: no user's folder is named."""
    parts = Path(file).parts
    for root in ("site-packages", _OWN):
        if root in parts:
            at = parts.index(root)
            return "/".join(parts[at + (root != _OWN) :])
    return parts[-1]


def start() -> str:
    """Begin to log, and to catch crashes of C code; call once, early.

    A folder that cannot be written to costs the log, not the program.

    Returns:
        The trace that the last run left when it crashed; empty where it ended well.
    """
    folder = paths.log_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            folder / LOG, maxBytes=_LARGEST, backupCount=_KEPT, encoding="utf-8"
        )
        last = _last_crash(folder / CRASH)
        _catch_crashes(folder / CRASH)
    except OSError:
        return ""
    handler.setFormatter(PrivateFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
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
