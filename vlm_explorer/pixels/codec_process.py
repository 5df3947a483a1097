"""Codecs in a process of their own.

A damaged picture may make a C library crash, loop for ever or print to the terminal. None of
that may happen to the window or to a script, so that compressed pixels are decoded by a child
process, which is kept for the next picture. Measured on two cores, it adds 2 to 13 ms to a CT
slice and a tenth to a radiograph; the first picture waits 0.3 to 0.5 s for the child to start.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess, current_process
from typing import Any, TypeVar

from vlm_explorer.errors import UnreadableImage, WorkerDied
from vlm_explorer.files.open_errors import DAMAGED_HINT
from vlm_explorer.processes import KeptChild

T = TypeVar("T")

TIME_LIMIT = 30.0  # seconds for one picture; the slowest real ones take one

_children = [KeptChild() for _ in range(min(2, os.cpu_count() or 1))]
_idle = list(_children)
_returned = threading.Condition()
_here = threading.Event()


def decode_here() -> None:
    """Run codecs in this process from now on: it is a child itself, and may die."""
    _here.set()


def decode_apart(function: Callable[..., T], *args: Any) -> T:
    """Return what an importable `function(*args)` returns in a process that may die; any thread.

    Raises:
        UnreadableImage: it crashed, or took too long.
        Exception: whatever `function` raised.
    """
    if _here.is_set() or current_process().daemon:  # which may not have children
        return function(*args)
    with _returned:
        _returned.wait_for(lambda: bool(_idle))
        child = _idle.pop()
    try:
        return child.call(function, *args, limit=TIME_LIMIT)
    except WorkerDied as error:
        raise UnreadableImage("The decoder crashed on these pixels.", DAMAGED_HINT) from error
    except TimeoutError as error:
        text = f"Decoding took longer than {TIME_LIMIT:.0f} s."
        raise UnreadableImage(text, DAMAGED_HINT) from error
    finally:
        with _returned:
            _idle.append(child)
            _returned.notify()


def start_ahead() -> None:
    """Start a child and load the codecs, so that the first picture need not wait; 0.4 s."""
    decode_apart(load_codecs)


def load_codecs() -> None:
    """Import what decodes."""
    import vlm_explorer.pixels.codestream  # noqa: F401


def running() -> set[BaseProcess]:
    """Return the children that are kept."""
    return {child.process for child in _children if child.process is not None}


@atexit.register
def end_all() -> None:
    """End the children; the next picture starts another."""
    for child in _children:
        child.end()


def _start_over() -> None:
    """Begin without children in a fork, which must not talk to those of its parent."""
    global _returned  # noqa: PLW0603  its lock may be held by a thread that the fork lacks
    _returned = threading.Condition()
    for child in _children:
        child.forget()
    _idle[:] = _children


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_over)
