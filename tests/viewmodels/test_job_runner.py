"""Jobs: results and progress in the GUI thread, cancelling, superseding, failing, stopping."""

from __future__ import annotations

import gc
import os
import threading
import weakref
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QThread
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from vlm_explorer.errors import UsageError, WorkerDied
from vlm_explorer.jobs import JobContext, Progress
from vlm_explorer.processes import run_in_process
from vlm_explorer.viewmodels.job_runner import Job, JobRunner

TIMEOUT = 10_000


def count(n: int, *, context: JobContext, log: list[str] | None = None) -> int:
    """Count slowly (the wait is for the cancel flag, as a device would block)."""
    pause = threading.Event()
    try:
        for i in range(n):
            pause.wait(0.002)
            context.report(i + 1, n, "counting")
        return n
    finally:
        if log is not None:
            log.append(threading.current_thread().name)


def in_main_thread() -> bool:
    application = QCoreApplication.instance()
    assert application is not None
    return QThread.currentThread() is application.thread()


def finish(qtbot: QtBot, job: Job) -> None:
    with qtbot.waitSignal(job.finished, timeout=TIMEOUT):
        pass


def test_that_result_and_progress_arrive_on_the_gui_thread(runner: JobRunner, qtbot: QtBot) -> None:
    seen: list[tuple[object, bool]] = []
    job = runner.start(
        count,
        200,
        title="t",
        key="a",
        on_progress=lambda progress: seen.append((progress.done, in_main_thread())),
        on_success=lambda value: seen.append(("ok", in_main_thread())),
    )
    finish(qtbot, job)
    assert seen[-1][0] == "ok"
    assert all(main for _, main in seen)
    assert 2 < len(seen) < 100, "progress is published at intervals, not at every step"


def test_that_a_job_keeps_the_progress_last_heard(runner: JobRunner, qtbot: QtBot) -> None:
    job = runner.start(count, 3, title="t", key="a")
    heard: list[Progress] = []
    job.succeeded.connect(lambda _: heard.append(job.progress))
    finish(qtbot, job)
    assert heard == [Progress(3, 3, "counting")]


def test_that_cancelling_cleans_up_in_the_worker_and_reports_cancelled(
    runner: JobRunner, qtbot: QtBot
) -> None:
    log: list[str] = []
    got: list[int] = []
    job = runner.start(count, 10**6, title="t", key="a", log=log, on_success=got.append)
    with qtbot.waitSignal(job.progressed, timeout=TIMEOUT):
        pass
    with qtbot.waitSignal(job.cancelled, timeout=TIMEOUT):
        job.cancel()
    qtbot.waitUntil(lambda: bool(log))
    assert log[0].startswith("compute")
    assert got == []


def test_that_a_newer_job_of_the_same_key_supersedes_the_older(
    runner: JobRunner, qtbot: QtBot
) -> None:
    got: list[str] = []
    old = runner.start(count, 500, title="old", key="k", on_success=lambda _: got.append("old"))
    ended: list[object] = []
    old.finished.connect(ended.append)
    new = runner.start(count, 5, title="new", key="k", on_success=lambda _: got.append("new"))
    finish(qtbot, new)
    qtbot.waitUntil(lambda: bool(ended))
    assert got == ["new"]


def test_that_the_late_result_of_a_cancelled_job_is_dropped(
    runner: JobRunner, qtbot: QtBot
) -> None:
    got: list[int] = []
    started, gate = threading.Event(), threading.Event()

    def work(*, context: JobContext) -> int:
        started.set()
        gate.wait(5)
        return 1

    job = runner.start(work, title="t", key="a", on_success=got.append)
    qtbot.waitUntil(started.is_set)
    job.cancel()
    with qtbot.waitSignal(job.cancelled, timeout=TIMEOUT):
        gate.set()
    assert got == []


def test_that_an_error_reaches_the_gui_with_its_traceback(
    runner: JobRunner, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    def boom(*, context: JobContext) -> None:
        raise RuntimeError("bad pixels")

    errors: list[Exception] = []
    finish(qtbot, runner.start(boom, title="t", key="a", on_failure=errors.append))
    assert isinstance(errors[0], RuntimeError)
    assert errors[0].__traceback__ is not None
    assert "t failed" in caplog.text
    caplog.clear()


def test_that_an_expected_error_is_logged_without_a_traceback(
    runner: JobRunner, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*, context: JobContext) -> None:
        raise UsageError("There is no such folder.", "Choose another.")

    errors: list[Exception] = []
    finish(qtbot, runner.start(refuse, title="t", key="a", on_failure=errors.append))
    assert isinstance(errors[0], UsageError)
    assert "t failed: UsageError" in caplog.text
    assert "There is no such folder." not in caplog.text  # an error's words name files
    assert "Traceback" not in caplog.text
    caplog.clear()


def test_that_shutdown_stops_running_and_queued_jobs(qtbot: QtBot) -> None:
    runner = JobRunner()
    log: list[str] = []
    jobs = [runner.start(count, 10**6, title="t", key=str(k), log=log) for k in range(5)]
    with qtbot.waitSignal(jobs[0].progressed, timeout=TIMEOUT):
        pass
    assert runner.shutdown(5.0)
    assert len(log) == 1, "only the first job ever ran"
    late = runner.start(count, 3, title="t", key="late", log=log)
    assert late.context.cancelled
    assert not runner.busy or runner.running("late") is None
    assert len(log) == 1
    runner.deleteLater()


def test_that_a_finished_job_is_collected(runner: JobRunner, qtbot: QtBot) -> None:
    job = runner.start(count, 3, title="t", key="a")
    reference = weakref.ref(job)
    finish(qtbot, job)
    del job

    def gone() -> bool:
        gc.collect()
        return reference() is None

    qtbot.waitUntil(gone)
    assert not runner.busy


def test_that_a_receiver_may_be_deleted_before_the_result(runner: JobRunner, qtbot: QtBot) -> None:
    label = QLabel()
    qtbot.addWidget(label)
    job = runner.start(count, 50, title="t", key="a", on_progress=lambda progress: None)
    job.succeeded.connect(label.setNum)
    label.deleteLater()
    del label
    finish(qtbot, job)


def test_that_a_failure_after_cancelling_is_logged_and_not_shown(
    runner: JobRunner, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    started, gate = threading.Event(), threading.Event()
    errors: list[Exception] = []

    def work(*, context: JobContext) -> None:
        started.set()
        gate.wait(5)
        raise ValueError("late")

    job = runner.start(work, title="t", key="a", on_failure=errors.append)
    qtbot.waitUntil(started.is_set)
    job.cancel()
    with qtbot.waitSignal(job.cancelled, timeout=TIMEOUT):
        gate.set()
    assert errors == []
    assert "t failed" in caplog.text
    caplog.clear()


def test_that_a_queued_job_cancelled_before_it_starts_never_runs(
    runner: JobRunner, qtbot: QtBot
) -> None:
    ran: list[int] = []
    runner.start(count, 50, title="1", key="a")
    second = runner.start(lambda *, context: ran.append(1), title="2", key="b")
    second.cancel()
    with qtbot.waitSignal(second.cancelled, timeout=TIMEOUT):
        pass
    assert ran == []


def test_that_lanes_do_not_wait_for_each_other(runner: JobRunner, qtbot: QtBot) -> None:
    gate = threading.Event()
    slow = runner.start(lambda *, context: gate.wait(10), title="slow", key="slow")
    quick = runner.start(lambda *, context: 1, title="quick", key="quick", lane="io")
    finish(qtbot, quick)
    with qtbot.waitSignal(slow.finished, timeout=TIMEOUT):
        gate.set()


def test_that_long_work_waits_between_batches_until_interactive_work_is_done(
    runner: JobRunner, qtbot: QtBot
) -> None:
    order: list[str] = []
    first_batch, gate, asked = threading.Event(), threading.Event(), threading.Event()

    def long_work(*, context: JobContext) -> None:
        order.append("batch 1")
        first_batch.set()
        gate.wait(10)
        context.report(1, 2)
        order.append("batch 2")

    def answer(*, context: JobContext) -> None:
        asked.wait(10)
        gate.set()
        context.check()
        order.append("answer")

    long_job = runner.start(long_work, title="long", key="long", lane="long")
    qtbot.waitUntil(first_batch.is_set)
    runner.start(answer, title="1", key="1")
    runner.start(lambda *, context: order.append("another"), title="2", key="2")
    asked.set()
    finish(qtbot, long_job)
    assert order == ["batch 1", "answer", "another", "batch 2"]


def test_that_long_work_can_be_cancelled_while_it_gives_way(
    runner: JobRunner, qtbot: QtBot
) -> None:
    gate = threading.Event()

    def long_work(*, context: JobContext) -> None:
        context.check()

    blocking = runner.start(lambda *, context: gate.wait(10), title="b", key="b")
    long_job = runner.start(long_work, title="long", key="long", lane="long")
    with qtbot.waitSignal(long_job.cancelled, timeout=TIMEOUT):
        long_job.cancel()
    with qtbot.waitSignal(blocking.finished, timeout=TIMEOUT):
        gate.set()


# Functions of child processes: importable, and free of Qt.


def burn(steps: int, *, context: JobContext) -> tuple[bool, int]:
    import sys

    for step in range(steps):
        context.report(step + 1, steps, "burning")
    return "PySide6.QtWidgets" in sys.modules, os.getpid()


def crash(*, context: JobContext) -> None:
    os.abort()


def hang(*, context: JobContext) -> None:
    context.report(0, None, "hanging")
    threading.Event().wait()


def test_that_a_child_process_answers_and_reports(runner: JobRunner, qtbot: QtBot) -> None:
    got: list[Any] = []
    progress: list[Progress] = []
    job = runner.start(
        run_in_process,
        burn,
        40,
        title="t",
        key="a",
        lane="process",
        on_success=got.append,
        on_progress=progress.append,
    )
    with qtbot.waitSignal(job.finished, timeout=30_000):
        pass
    assert got[0][1] != os.getpid()
    assert progress


def test_that_a_child_which_never_looks_up_is_killed_by_cancelling(
    runner: JobRunner, qtbot: QtBot
) -> None:
    job = runner.start(run_in_process, hang, title="t", key="a", lane="process")
    with qtbot.waitSignal(job.progressed, timeout=30_000):
        pass
    with qtbot.waitSignal(job.cancelled, timeout=TIMEOUT):
        job.cancel()


def test_that_the_crash_of_a_child_is_an_error_and_no_crash(
    runner: JobRunner, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    errors: list[Exception] = []
    job = runner.start(
        run_in_process, crash, title="t", key="a", lane="process", on_failure=errors.append
    )
    with qtbot.waitSignal(job.finished, timeout=30_000):
        pass
    assert isinstance(errors[0], WorkerDied)
    caplog.clear()
