"""What a command prints: JSON or lines on standard output, progress on standard error."""

from __future__ import annotations

import json
import shutil
import sys
import time
from argparse import Namespace
from collections.abc import Iterable
from typing import Any

from vlm_explorer.jobs import JobContext, Progress

_BAR = 20  # characters
_EVERY = 5.0  # seconds between plain lines
_FIRST = 0.5  # seconds after which there is a first one: what is done at once says nothing


def print_json(value: Any) -> None:
    """Print one JSON value on standard output."""
    plain = "utf" not in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    json.dump(value, sys.stdout, ensure_ascii=plain, indent=2)
    sys.stdout.write("\n")


def note(text: str, arguments: Namespace) -> None:
    """Print a line on standard error, unless `--quiet`."""
    if not arguments.quiet:
        print(text, file=sys.stderr)


class ProgressLine:
    """Progress on standard error: a bar that changes on a terminal, plain lines elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._last = time.monotonic() - _EVERY + _FIRST
        self._width = 0
        self._notes: list[str] = []

    def begin_with(self, notes: Iterable[str]) -> None:
        """Print these lines once work has begun, so that what fails before says only why."""
        self._notes = list(notes)

    def show(self, progress: Progress) -> None:
        """Show `progress`; elsewhere than on a terminal at most every 5 seconds."""
        if self._quiet:
            return
        while self._notes:
            print(self._notes.pop(0), file=sys.stderr, flush=True)
        share = f" ({progress.done / progress.total:.0%})" if progress.total else ""
        text = f"{progress.message or 'Working'}{share}"
        if self._terminal:
            text = _fitting(progress, text)
            self._width = max(self._width, len(text))
            print(f"\r{text:<{self._width}}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._last > _EVERY:
            self._last = time.monotonic()
            print(text, file=sys.stderr, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if self._terminal and self._width and not self._quiet:
            print(f"\r{'':<{self._width}}\r", end="", file=sys.stderr, flush=True)


def _fitting(progress: Progress, text: str) -> str:
    """Put a bar before a text, and cut both to the terminal's width."""
    if progress.total:
        filled = min(progress.done * _BAR // progress.total, _BAR)
        text = f"[{'#' * filled}{'-' * (_BAR - filled)}] {text}"
    return text[: shutil.get_terminal_size().columns - 1]


def job(arguments: Namespace) -> tuple[JobContext, ProgressLine]:
    """Return the context of a command's long work; Ctrl-C cancels it (see `cli.main`)."""
    line = ProgressLine(arguments.quiet)
    context = JobContext(line.show)
    arguments.context = context
    return context, line


def file_size(size: float) -> str:
    """Return a file size in words, in decimal units as disks are sold."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit in ("B", "kB") else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"
