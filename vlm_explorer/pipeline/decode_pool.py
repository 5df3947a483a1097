"""Decoding in child processes: a codec that dies costs one file, and the run goes on."""

from __future__ import annotations

import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from vlm_explorer.encoders.preprocess import PreprocessConfig
from vlm_explorer.files.scan import FoundFile
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.decoding import Event, Refused, serve
from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.processes import end_child, start_child

TIME_LIMIT = 60.0  # seconds without a sign of life from one file
_AHEAD = 4  # files per worker that may be decoded before they are asked for
_IN_HAND = 2  # files that a worker holds, so that it need not wait for the next one
_FRAMES_AHEAD = 64  # frames of one file that may be decoded before they are asked for


@dataclass(slots=True)
class _Task:
    found: FoundFile
    events: deque[Event] = field(default_factory=deque)
    done: bool = False


@dataclass(slots=True)
class _Worker:
    """A child process; it decodes the first of `tasks`, the others lie in its pipe."""

    child: BaseProcess
    pipe: Connection
    tasks: deque[_Task] = field(default_factory=deque)
    last_sign: float = 0.0


class DecodePool:
    """Decodes files in `workers` child processes; a context manager that leaves none behind."""

    def __init__(
        self,
        workers: int,
        preprocess: PreprocessConfig,
        ct_window: str = DEFAULT,
        time_limit: float = TIME_LIMIT,
    ) -> None:
        self._preprocess, self._ct_window = preprocess, ct_window
        self._size = max(1, workers)
        self._time_limit = time_limit
        self._workers: list[_Worker] = []
        self._line: deque[_Task] = deque()  # what was asked for and not yet given, in order
        self._waiting: deque[_Task] = deque()  # of these, what no worker has yet

    def __enter__(self) -> DecodePool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            end_child(worker.child, worker.pipe)
        self._workers.clear()

    def decode(
        self, files: Iterable[FoundFile | None], context: JobContext
    ) -> Iterator[tuple[FoundFile | None, Event | None]]:
        """Yield (file, event) in the order of `files`; the event None closes each file.

        Frames come as soon as they are decoded; at most a few files wait for their turn.

        Args:
            files: may give None where there is none yet; it is asked again a little later.

        Yields:
            (None, None) in between, so that the caller can look at the clock while nothing comes.
        """
        source = iter(files)
        exhausted = False
        try:
            while True:
                context.check()
                exhausted = exhausted or self._line_up(source)
                if exhausted and not self._line:
                    return
                self._hand_out()
                nothing = not (self._line and (self._line[0].events or self._line[0].done))
                self._receive(0.1 if nothing else 0)
                if nothing:
                    yield None, None
                yield from _ready(self._line)
        finally:
            self._forget()

    def _line_up(self, source: Iterator[FoundFile | None]) -> bool:
        """Take files until enough are ahead; return whether there are no more."""
        while len(self._line) < self._size * _AHEAD:
            try:
                found = next(source)
            except StopIteration:
                return True
            if found is None:
                break
            task = _Task(found)
            self._line.append(task)
            self._waiting.append(task)
        return False

    def _forget(self) -> None:
        """End the workers that are still busy with what nobody waits for any more."""
        self._line.clear()
        self._waiting.clear()
        for worker in [each for each in self._workers if each.tasks]:
            self._workers.remove(worker)
            end_child(worker.child, worker.pipe)

    def _hand_out(self) -> None:
        """Give each worker files until it has enough in hand; start workers as they are needed."""
        while self._waiting:
            worker = min(self._workers, key=lambda each: len(each.tasks), default=None)
            if (worker is None or worker.tasks) and len(self._workers) < self._size:
                child = start_child(serve, self._preprocess, self._ct_window)
                worker = _Worker(*child)
                self._workers.append(worker)
            if worker is None or len(worker.tasks) >= _IN_HAND:
                return
            if not worker.tasks:
                worker.last_sign = time.monotonic()
            worker.tasks.append(self._waiting.popleft())
            try:
                worker.pipe.send(worker.tasks[-1].found)
            except OSError:
                self._lose(worker, "the decoder could not be started")

    def _receive(self, timeout: float) -> None:
        """Take what the workers sent, and notice those that died or hang."""
        busy = {worker.pipe: worker for worker in self._workers if self._may_send(worker)}
        if not busy:
            time.sleep(timeout)
        for pipe in wait(list(busy), timeout) if busy else ():
            worker = busy[pipe]  # type: ignore[index]
            try:
                self._take(worker, worker.pipe.recv())
            except (EOFError, OSError):
                worker.child.join(5)
                code = worker.child.exitcode
                # the system ends whoever takes too much memory, which another time may suffice
                ended = code is None or code == -getattr(signal, "SIGKILL", 9)
                self._lose(worker, f"its decoder crashed (code {code})", passing=ended)
        now = time.monotonic()
        for worker in busy.values():
            if worker.tasks and now - worker.last_sign > self._time_limit:
                self._lose(worker, f"decoding took longer than {self._time_limit:.0f} s")

    def _may_send(self, worker: _Worker) -> bool:
        """Return whether to listen to a worker; one that is far ahead of its turn must wait."""
        if not worker.tasks:
            return False
        task = worker.tasks[0]
        if (self._line and task is self._line[0]) or len(task.events) < _FRAMES_AHEAD:
            return True
        worker.last_sign = time.monotonic()
        return False

    def _take(self, worker: _Worker, event: Event | None) -> None:
        worker.last_sign = time.monotonic()
        if event is None:
            worker.tasks.popleft().done = True
        else:
            worker.tasks[0].events.append(event)

    def _lose(self, worker: _Worker, reason: str, *, passing: bool = True) -> None:
        """Give up on a worker and on the file that it decoded; others get the files behind it."""
        if worker.tasks:
            task = worker.tasks.popleft()
            words = f"The file cannot be decoded: {reason}."
            refusal = Refused(None, "unreadable", words, passing=passing)
            task.events.append(refusal)
            task.done = True
        self._waiting.extendleft(reversed(worker.tasks))
        worker.tasks.clear()
        self._workers.remove(worker)
        end_child(worker.child, worker.pipe)


def _ready(line: deque[_Task]) -> Iterator[tuple[FoundFile, Event | None]]:
    """Yield what has arrived for the files at the head of the line."""
    while line:
        task = line[0]
        while task.events:
            yield task.found, task.events.popleft()
        if not task.done:
            return
        line.popleft()
        yield task.found, None
