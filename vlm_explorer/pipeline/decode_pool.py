"""Decoding in child processes: a codec that dies costs one file, and the run goes on."""

from __future__ import annotations

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


@dataclass(slots=True)
class _Task:
    found: FoundFile
    events: deque[Event] = field(default_factory=deque)
    done: bool = False


@dataclass(slots=True)
class _Worker:
    child: BaseProcess
    pipe: Connection
    task: _Task | None = None
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
        line: deque[_Task] = deque()
        waiting: deque[_Task] = deque()
        exhausted = False
        while True:
            context.check()
            while not exhausted and len(line) < self._size * _AHEAD:
                try:
                    found = next(source)
                except StopIteration:
                    exhausted = True
                    break
                if found is None:
                    break
                task = _Task(found)
                line.append(task)
                waiting.append(task)
            if exhausted and not line:
                return
            self._hand_out(waiting)
            yield from _ready(line)
            if not (line and (line[0].events or line[0].done)):
                self._receive(0.1)
                yield None, None

    def _hand_out(self, waiting: deque[_Task]) -> None:
        """Give each idle worker a file; start workers as they are needed."""
        while waiting:
            worker = next((each for each in self._workers if each.task is None), None)
            if worker is None:
                if len(self._workers) >= self._size:
                    return
                worker = _Worker(*start_child(serve, self._preprocess, self._ct_window))
                self._workers.append(worker)
            worker.task = waiting.popleft()
            worker.last_sign = time.monotonic()
            try:
                worker.pipe.send(worker.task.found)
            except OSError:
                self._lose(worker, "the decoder could not be started")

    def _receive(self, timeout: float) -> None:
        """Take what the workers sent, and notice those that died or hang."""
        busy = {worker.pipe: worker for worker in self._workers if worker.task is not None}
        if not busy:
            time.sleep(timeout)
        for pipe in wait(list(busy), timeout) if busy else ():
            worker = busy[pipe]  # type: ignore[index]
            try:
                self._take(worker, worker.pipe.recv())
            except (EOFError, OSError):
                worker.child.join(5)
                self._lose(worker, f"its decoder crashed (code {worker.child.exitcode})")
        now = time.monotonic()
        for worker in list(self._workers):
            if worker.task is not None and now - worker.last_sign > self._time_limit:
                self._lose(worker, f"decoding took longer than {self._time_limit:.0f} s")

    def _take(self, worker: _Worker, event: Event | None) -> None:
        assert worker.task is not None
        worker.last_sign = time.monotonic()
        if event is None:
            worker.task.done = True
            worker.task = None
        else:
            worker.task.events.append(event)

    def _lose(self, worker: _Worker, reason: str) -> None:
        """Give up on a worker and on the file that it held."""
        if worker.task is not None:
            refusal = Refused(None, "unreadable", f"The file cannot be decoded: {reason}.")
            worker.task.events.append(refusal)
            worker.task.done = True
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
