"""Keeps what pydicom and Pillow say about a file out of logs and off the screen.

Both warn about what they meet and quote its values, which may be a patient's. The program says
in its own words what matters of it.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# pydicom logs every warning once more, and each decoder's failure with a traceback.
_loggers = logging.getLogger("pydicom"), logging.getLogger("PIL")
_SILENT = logging.CRITICAL + 1

_lock = threading.Lock()
_readers = 0
_levels_before = [logging.NOTSET, logging.NOTSET]


@contextmanager
def quiet_readers() -> Iterator[None]:
    """Ignore warnings and records of pydicom and Pillow while a file is read; safe in threads.

    `warnings.catch_warnings` would not be: it puts back the state that it found, whatever other
    threads made of it meanwhile. Here all readers share one filter, which goes with the last.
    Import pydicom before: it sets the level of its logger when it is imported.
    """
    global _readers  # noqa: PLW0603  what it guards is global, too
    with _lock:
        if _readers == 0:
            _levels_before[:] = [logger.level for logger in _loggers]
            for logger in _loggers:
                logger.setLevel(_SILENT)
        _readers += 1
        warnings.filterwarnings("ignore", module=r"pydicom\b|PIL\b")
        ours = warnings.filters[0]
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if _readers == 0:
                for logger, level in zip(_loggers, _levels_before, strict=True):
                    logger.setLevel(level)
                with suppress(ValueError):
                    warnings.filters.remove(ours)  # type: ignore[attr-defined]
