"""Ctrl-C: a command is asked to stop, and ended if it does not."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

INTERRUPTED = 130  # what a shell expects after Ctrl-C
STOPPED = "Interrupted. What was done is kept; run the same command to go on."
_GRACE = 1.0  # seconds that a command has to stop by itself


@contextmanager
def heeding_interrupts(arguments: Namespace) -> Iterator[None]:
    """Stop the command of `arguments` on Ctrl-C, within 2 s whatever it is at.

    Python runs handlers of signals between two steps of the main thread alone, which a batch of
    images keeps busy for seconds. The system's own handler writes to a socket at once, and a thread
    that waits there sees to it. Everything on disk is written in atomic commits, so that ending at
    any time loses only the batch that was being computed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    here, there = socket.socketpair()
    there.setblocking(False)
    threading.Thread(target=_watch, args=(here, arguments), daemon=True, name="interrupts").start()
    handler = signal.signal(signal.SIGINT, lambda *_: _ask_to_stop(arguments))
    before = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        signal.signal(signal.SIGINT, handler)
        there.close()


def _ask_to_stop(arguments: Namespace) -> None:
    """Raises KeyboardInterrupt: nobody would notice otherwise."""
    context = getattr(arguments, "context", None)
    if context is None:
        raise KeyboardInterrupt
    context.cancel()


def _watch(signals: socket.socket, arguments: Namespace) -> None:
    """Wait for Ctrl-C, in a thread of its own; then end everything that has not ended in time."""
    with signals:
        while (number := signals.recv(1)) and number[0] != signal.SIGINT:
            pass
    if number:
        with suppress(KeyboardInterrupt):
            _ask_to_stop(arguments)
        time.sleep(_GRACE)
        _end()


def _end() -> NoReturn:
    import multiprocessing

    for child in multiprocessing.active_children():
        child.kill()
    os.write(2, f"{STOPPED}\n".encode())  # whatever thread holds sys.stderr
    os._exit(INTERRUPTED)
