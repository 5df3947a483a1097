from __future__ import annotations

import os
import signal
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from vlm_explorer.errors import UsageError, WorkerDied
from vlm_explorer.jobs import Cancelled, JobContext, Progress
from vlm_explorer.processes import end_child, map_in_processes, run_in_process, start_child

pytestmark = pytest.mark.usefixtures("started_as_users_do")


def count(n: int, *, context: JobContext) -> tuple[int, int]:
    for done in range(n):
        context.report(done + 1, n, "counting")
    return n, os.getpid()


def fail(*, context: JobContext) -> None:
    raise UsageError("No such thing.", "Try another.")


def die(*, context: JobContext) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wait_for_ever(*, context: JobContext) -> None:
    context.report(0, None, "stuck")
    signal.pause()


def interrupt_itself(pipe: Connection) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    pipe.send("here")


def square(number: int) -> int:
    if number == 13:
        raise UsageError("Thirteen.")
    return number * number


def die_at(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_that_a_function_runs_in_another_process_and_reports_progress() -> None:
    seen: list[Progress] = []
    answer, process = run_in_process(count, 5, context=JobContext(seen.append, min_interval=0))
    assert answer == 5
    assert process != os.getpid()
    assert seen[-1] == Progress(5, 5, "counting")


def test_that_an_error_arrives_as_it_was_raised() -> None:
    with pytest.raises(UsageError) as caught:
        run_in_process(fail, context=JobContext())
    assert (caught.value.text, caught.value.hint) == ("No such thing.", "Try another.")


def test_that_a_crash_is_an_error_here_and_not_a_crash() -> None:
    with pytest.raises(WorkerDied, match="code -9"):
        run_in_process(die, context=JobContext())


def test_that_cancelling_ends_a_function_that_never_comes_back() -> None:
    context = JobContext(lambda progress: context.cancel(), min_interval=0)
    with pytest.raises(Cancelled):
        run_in_process(wait_for_ever, context=context)


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_that_ctrl_c_is_left_to_the_parent_from_the_childs_first_moment_on() -> None:
    """A terminal interrupts all of its processes, children that still import among them."""
    child, pipe = start_child(interrupt_itself)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGINT)
    try:
        assert pipe.poll(60)
        assert pipe.recv() == "here"
    finally:
        end_child(child, pipe)


def test_that_a_mapping_keeps_the_order_of_its_calls() -> None:
    assert list(map_in_processes(square, [(n,) for n in range(12)], 2)) == [
        n * n for n in range(12)
    ]


def test_that_a_mapping_raises_what_a_call_raised() -> None:
    with pytest.raises(UsageError, match="Thirteen"):
        list(map_in_processes(square, [(13,)], 2))


def test_that_a_mapping_notices_a_child_that_died() -> None:
    with pytest.raises(WorkerDied):
        list(map_in_processes(die_at, [(n,) for n in range(6)], 2))


def test_that_a_mapping_left_early_leaves_no_process() -> None:
    answers = map_in_processes(square, [(n,) for n in range(20, 120)], 2)
    assert next(answers) == 400
    answers.close()


SCRIPT = """
import vlm_explorer.processes as processes
from vlm_explorer.jobs import JobContext
print("once", flush=True)
print(processes.run_in_process(__import__("test_processes").count, 3, context=JobContext())[0])
"""


def test_that_a_script_without_the_main_guard_runs_once(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        check=False,
    )
    assert done.stdout == "once\n3\n"
    assert done.stderr == ""


PARENT = """
import os, signal, sys
import test_processes
from vlm_explorer.processes import start_child
def main():
    child, pipe = start_child(test_processes.say_and_wait)
    print(pipe.recv(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
main()
"""


def say_and_wait(pipe) -> None:
    pipe.send(os.getpid())
    signal.pause()


def test_that_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    # the child inherits the pipe to us: it is closed, and communicate returns, when both have ended
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
        check=False,
    )
    assert int(done.stdout) > 0
    assert done.returncode == -signal.SIGKILL
