"""Child processes: a function in a process of its own, which can crash or be killed. No Qt here."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar, cast

from vlm_explorer.errors import WorkerDied
from vlm_explorer.jobs import JobContext

T = TypeVar("T")

_starting = threading.Lock()
_context = multiprocessing.get_context("spawn")  # how children are started


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


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold back SIGINT in this thread, and in the processes that it starts meanwhile.

    Ctrl-C reaches all processes of a terminal. Children are ended by their parent, which knows what
    to keep; the traceback of one that is interrupted while it still imports would help nobody.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def start_child(
    target: Callable[..., None], *args: Any, daemon: bool = False
) -> tuple[BaseProcess, Connection]:
    """Start an importable `target(pipe, *args)` in a fresh process.

    The child ends when this process does, however it ends. It may have children of its own,
    unless it is a daemon; for a daemon this process does not wait when it ends.

    Returns:
        The process, and this end of the pipe.
    """
    here, there = _context.Pipe()
    child = _context.Process(target=_live_with_parent, args=(target, there, *args), daemon=daemon)
    with _no_main_module(), _interrupts_held():
        child.start()
    there.close()
    return child, here


def end_child(child: BaseProcess, pipe: Connection) -> None:
    """End a child at once and release what it held here."""
    child.kill()
    child.join()
    child.close()
    pipe.close()


def _live_with_parent(target: Callable[..., None], *args: Any) -> None:
    """Run `target`, and end with the parent even where that was killed (child process)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="parent-watch").start()
    target(*args)


def _answer(
    pipe: Connection,
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    watched: bool,
) -> None:
    context = JobContext(lambda progress: pipe.send(("progress", progress)))
    if watched:
        context.on_frame = lambda frame: pipe.send(("frame", frame))
    try:
        pipe.send(("result", function(*args, **kwargs, context=context)))
    except Exception as error:  # noqa: BLE001 - the boundary: sent to the parent, raised there
        pipe.send(("error", error))


def _died(child: BaseProcess) -> WorkerDied:
    child.join(5)
    return WorkerDied(
        f"A background process ended with code {child.exitcode}.",
        "It may have run out of memory; close other programs and try again.",
    )


def run_in_process(function: Callable[..., T], *args: Any, context: JobContext, **kwargs: Any) -> T:
    """Run an importable `function(*args, context=..., **kwargs)` in a fresh process.

    Cancelling `context` kills the child within 0.1 s. What the function shows meanwhile comes here,
    if somebody watches.

    Raises:
        WorkerDied: the child ended without an answer.
        Exception: whatever `function` raised.
    """
    child, pipe = start_child(_answer, function, args, kwargs, context.on_frame is not None)
    try:
        while True:
            context.check()
            if not pipe.poll(0.1):
                continue
            try:
                kind, value = pipe.recv()
            except (EOFError, ConnectionResetError):
                raise _died(child) from None
            if kind == "result":
                answer: T = value
                return answer
            if kind == "error":
                raise value
            if kind == "progress":
                context.report(value.done, value.total, value.message)
            elif context.on_frame is not None:
                context.on_frame(value)
    finally:
        end_child(child, pipe)


def keep_quiet() -> None:
    """Keep what C libraries print off the terminal.

    For child processes: it holds until this one ends.
    """
    sys.stderr.flush()
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    os.close(sink)


def _answer_calls(pipe: Connection, function: Callable[..., Any]) -> None:
    """Answer each tuple of arguments that comes through `pipe` until it closes (child process)."""
    while True:
        try:
            args = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            pipe.send(("result", function(*args)))
        except Exception as error:  # noqa: BLE001 - the boundary: sent to the parent, raised there
            pipe.send(("error", error))


def _apply(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


def _answer_quietly(pipe: Connection) -> None:
    keep_quiet()
    _answer_calls(pipe, _apply)


class KeptChild:
    """A child process that answers one call after the other; replaced when it dies.

    Nothing that it or its C libraries print is seen. One thread at a time may call it.
    """

    def __init__(self) -> None:
        self._running: tuple[BaseProcess, Connection] | None = None

    @property
    def process(self) -> BaseProcess | None:
        """The child, None before the first call and after it died."""
        return self._running[0] if self._running else None

    def call(self, function: Callable[..., T], *args: Any, limit: float) -> T:
        """Return what an importable `function(*args)` returns in the child.

        Raises:
            WorkerDied: the child ended without an answer.
            TimeoutError: there was none after `limit` seconds; the child was ended.
            Exception: whatever `function` raised.
        """
        if self._running is None:
            self._running = start_child(_answer_quietly, daemon=True)
        child, pipe = self._running
        try:
            pipe.send((function, *args))
            if not pipe.poll(limit):
                raise TimeoutError
            kind, value = pipe.recv()
        except (EOFError, ConnectionError):
            died = _died(child)
            self.end()
            raise died from None
        except BaseException:  # a late answer must not be taken for that to the next call
            self.end()
            raise
        if kind == "error":
            raise value
        answer: T = value
        return answer

    def forget(self) -> None:
        """Leave the child to the process that started it: this one is a fork of that."""
        self._running = None

    def end(self) -> None:
        """End the child at once; the next call starts another."""
        running, self._running = self._running, None
        if running is not None:
            end_child(*running)


def map_in_processes(
    function: Callable[..., T],
    calls: Sequence[tuple[Any, ...]],
    workers: int,
    context: JobContext | None = None,
) -> Iterator[T]:
    """Yield `function(*arguments)` for each of `calls`, in their order, from child processes.

    Raises:
        WorkerDied: a child ended without an answer.
        Exception: whatever `function` raised, as soon as one call has failed.
        Cancelled: `context` asked to stop; the children are ended.
    """
    children = [start_child(_answer_calls, function) for _ in range(min(workers, len(calls)))]
    try:
        idle = [pipe for _, pipe in children]
        child_of = {pipe: child for child, pipe in children}
        busy: dict[Connection, int] = {}
        answers: dict[int, T] = {}
        asked = given = 0
        while given < len(calls):
            while idle and asked < len(calls):
                pipe = idle.pop()
                pipe.send(calls[asked])
                busy[pipe] = asked
                asked += 1
            if context is not None:
                context.check()
            for ready in wait(list(busy), 0.1):
                pipe = cast("Connection", ready)
                try:
                    kind, value = pipe.recv()
                except (EOFError, OSError):
                    raise _died(child_of[pipe]) from None
                if kind == "error":
                    raise value
                answers[busy.pop(pipe)] = value
                idle.append(pipe)
            while given in answers:
                yield answers.pop(given)
                given += 1
    finally:
        for child, pipe in children:
            end_child(child, pipe)
