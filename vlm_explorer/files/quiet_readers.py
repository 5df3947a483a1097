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
logging.getLogger("pydicom").addHandler(logging.NullHandler())
logging.getLogger("pydicom").propagate = False

_lock = threading.Lock()
_readers = 0


@contextmanager
def quiet_readers() -> Iterator[None]:
    """Ignore the warnings of pydicom and Pillow while a file is read; safe in threads.

    `warnings.catch_warnings` would not be: it puts back the state that it found, whatever other
    threads made of it meanwhile. One filter is shared by all readers here, and goes with the last.
    """
    global _readers  # noqa: PLW0603  the filters of `warnings` are global, too
    with _lock:
        _readers += 1
        warnings.filterwarnings("ignore", module=r"pydicom\b|PIL\b")
        ours = warnings.filters[0]
    try:
        yield
    finally:
        with _lock:
            _readers -= 1
            if _readers == 0:
                with suppress(ValueError):
                    warnings.filters.remove(ours)  # type: ignore[attr-defined]
