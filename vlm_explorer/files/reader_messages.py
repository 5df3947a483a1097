"""Keeps the messages of pydicom and Pillow out of logs and off the screen.

Both warn about what they meet in a file and quote its values, which may be a patient's. Here
the warnings are collected for the caller, who turns those that matter into sentences of its own.
`warnings.catch_warnings` alone swaps state of the whole process and is not safe in threads.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Its records repeat the warnings and quote element values: they go nowhere.
logging.getLogger("pydicom").addHandler(logging.NullHandler())
logging.getLogger("pydicom").propagate = False

_lock = threading.Lock()
_here = threading.local()


class _Diversion:
    """The process-wide part: entered by the first reading thread, left by the last."""

    def __init__(self) -> None:
        self.depth = 0
        self.catcher: warnings.catch_warnings[Any] | None = None

    def enter(self) -> None:
        with _lock:
            self.depth += 1
            if self.depth == 1:
                self.catcher = warnings.catch_warnings()
                self.catcher.__enter__()
                elsewhere = warnings.showwarning
                warnings.simplefilter("always")

                def divert(message: Warning | str, *args: Any, **kwargs: Any) -> None:
                    collected = getattr(_here, "messages", None)
                    if collected is None:
                        elsewhere(message, *args, **kwargs)
                    else:
                        collected.append(str(message))

                warnings.showwarning = divert

    def leave(self) -> None:
        with _lock:
            self.depth -= 1
            if self.depth == 0 and self.catcher is not None:
                self.catcher.__exit__(None, None, None)
                self.catcher = None


_diversion = _Diversion()


@contextmanager
def collected_messages() -> Iterator[list[str]]:
    """Collect every warning that this thread raises inside, instead of showing it.

    Yields:
        The list that fills with the texts of the warnings. They may quote the file: never show,
        log or store them.
    """
    outer = getattr(_here, "messages", None)
    messages: list[str] = []
    _here.messages = messages
    _diversion.enter()
    try:
        yield messages
    finally:
        _diversion.leave()
        _here.messages = outer
