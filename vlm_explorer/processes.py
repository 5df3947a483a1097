"""Child processes: a function in a process of its own, which can crash or be killed. No Qt here."""

from __future__ import annotations

import multiprocessing
import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from vlm_explorer.errors import WorkerDied
from vlm_explorer.jobs import JobContext

T = TypeVar("T")

_starting = threading.Lock()


@contextmanager
def _no_main_module() -> Iterator[None]:
    """Hide `__main__` while a child starts.

    A spawned child imports its parent's main module again; a notebook or a script without the
    `if __name__ == "__main__"` guard would then run a second time inside the child.
    """
    with _starting:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = types.ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


def start_child(target: Callable[..., None], *args: Any) -> tuple[BaseProcess, Connection]:
    """Start an importable `target(pipe, *args)` in a fresh process.

    Returns:
        The process, a daemon that dies with this one, and this end of the pipe.
    """
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    child = spawn.Process(target=target, args=(there, *args), daemon=True)
    with _no_main_module():
        child.start()
    there.close()
    return child, here


def _answer(
    pipe: Connection, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    context = JobContext(lambda progress: pipe.send(("progress", progress)))
    try:
        pipe.send(("result", function(*args, **kwargs, context=context)))
    except Exception as error:  # noqa: BLE001 - the boundary: sent to the parent, raised there
        pipe.send(("error", error))


def run_in_process(
    function: Callable[..., T], *args: Any, context: JobContext, **kwargs: Any
) -> T:
    """Run an importable `function(*args, context=..., **kwargs)` in a fresh process.

    Cancelling `context` kills the child within 0.1 s.

    Raises:
        WorkerDied: the child ended without an answer.
        Exception: whatever `function` raised.
    """
    child, pipe = start_child(_answer, function, args, kwargs)
    try:
        while True:
            context.check()
            if not pipe.poll(0.1):
                continue
            try:
                kind, value = pipe.recv()
            except (EOFError, ConnectionResetError):
                child.join()
                raise WorkerDied(
                    f"A background process ended with code {child.exitcode}.",
                    "It may have run out of memory; close other programs and try again.",
                ) from None
            if kind == "result":
                answer: T = value
                return answer
            if kind == "error":
                raise value
            context.report(value.done, value.total, value.message)
    finally:
        child.terminate()
        child.join()
        child.close()
        pipe.close()
