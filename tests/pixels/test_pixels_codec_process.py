"""Codecs that crash, hang or print do so in a process of their own."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.encaps import encapsulate, get_frame

from vlm_explorer.errors import FileProblem, UnreadableImage, UsageError
from vlm_explorer.pixels import codec_process
from vlm_explorer.pixels.codec_process import decode_apart, end_all, running, start_ahead
from vlm_explorer.pixels.decode import read_frame

Wheel = Callable[[str], Path]

pytestmark = pytest.mark.usefixtures("started_as_users_do")


@pytest.fixture(autouse=True)
def fresh_children() -> Iterator[None]:
    """Start without children, and leave none whose limits were changed."""
    end_all()
    yield
    end_all()


def own_id() -> int:
    return os.getpid()


def die_by(signal_number: int) -> None:
    os.kill(os.getpid(), signal_number)


def hang() -> None:
    threading.Event().wait()


def refuse() -> None:
    raise UsageError("No.", "Never.")


def print_as_a_c_library_does() -> None:
    os.write(2, b"[ERROR] Stream too short, expected SOT\n")


def meet(folder: Path, name: str) -> int:
    """Say that this call has begun, and end when both have."""
    (folder / name).touch()
    while len(list(folder.iterdir())) < 2:
        threading.Event().wait(0.01)
    return os.getpid()


def test_that_a_child_is_kept_for_the_next_call() -> None:
    first = decode_apart(own_id)
    assert first != os.getpid()
    assert decode_apart(own_id) == first
    assert {child.pid for child in running()} == {first}


def test_that_a_child_can_be_started_ahead() -> None:
    start_ahead()
    started = {child.pid for child in running()}
    assert len(started) == 1
    assert decode_apart(own_id) in started


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_that_a_crash_costs_one_picture(number: signal.Signals) -> None:
    with pytest.raises(UnreadableImage, match="The decoder crashed"):
        decode_apart(die_by, number)
    assert decode_apart(own_id) != os.getpid()


def test_that_decoding_for_ever_costs_one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    decode_apart(own_id)
    monkeypatch.setattr(codec_process, "TIME_LIMIT", 0.2)
    with pytest.raises(UnreadableImage, match="took longer"):
        decode_apart(hang)
    monkeypatch.undo()
    assert decode_apart(own_id) != os.getpid()


def test_that_what_was_raised_arrives() -> None:
    with pytest.raises(UsageError, match="No") as caught:
        decode_apart(refuse)
    assert caught.value.hint == "Never."


def test_that_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    decode_apart(print_as_a_c_library_does)
    assert capfd.readouterr() == ("", "")


def test_that_two_threads_decode_at_the_same_time(tmp_path: Path) -> None:
    if len(codec_process._children) < 2:
        pytest.skip("one processor, one child")
    ids: list[int] = []
    threads = [
        threading.Thread(target=lambda name=name: ids.append(decode_apart(meet, tmp_path, name)))
        for name in ("a", "b")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(ids)) == 2


def test_that_more_threads_than_children_wait_for_their_turn() -> None:
    ids: list[int] = []
    threads = [threading.Thread(target=lambda: ids.append(decode_apart(own_id))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ids) == 8
    assert set(ids) == {child.pid for child in running()}


FORKS = """
import multiprocessing
import sys
from pathlib import Path
from vlm_explorer.pixels.codec_process import running
from vlm_explorer.pixels.decode import read_frame

def rows(name):
    return read_frame(Path(name)).values.shape[0]

name = sys.argv[1]
print(rows(name))
fork = multiprocessing.get_context("fork")
with fork.Pool(2) as pool:  # its processes are daemons, as a DataLoader's are
    print(pool.map(rows, [name] * 4))
queue = fork.Queue()
process = fork.Process(target=lambda: queue.put((rows(name), len(running()))))
process.start()
print(queue.get())
process.join()
print(rows(name), len(running()))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")
def test_that_a_fork_has_children_of_its_own_and_a_daemon_none(
    wheel: Wheel, tmp_path: Path
) -> None:
    script = tmp_path / "forks.py"
    script.write_text(FORKS)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), str(wheel("MR_small_jp2klossless.dcm"))],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.splitlines() == ["64", "[64, 64, 64, 64]", "(64, 1)", "64 1"]


@pytest.mark.parametrize(
    "name",
    [
        "MR_small_jpeg_ls_lossless.dcm",  # aborts on some of these
        "SC_rgb_small_odd_jpeg.dcm",  # as well
        "MR_small_jp2klossless.dcm",
        "MR_small_RLE.dcm",
    ],
)
def test_that_damaged_codestreams_are_pictures_or_refusals(
    wheel: Wheel, tmp_path: Path, name: str
) -> None:
    chance = random.Random(name)
    dataset = dcmread(wheel(name))
    data = get_frame(dataset.PixelData, 0, number_of_frames=1)
    path = tmp_path / "damaged.dcm"
    for _ in range(25):
        damaged = bytearray(data)
        for _ in range(4):
            damaged[chance.randrange(min(len(data), 200))] = chance.randrange(256)
        dataset.PixelData = encapsulate([bytes(damaged)])
        dataset.save_as(path)
        try:
            shape = read_frame(path).values.shape
        except FileProblem as problem:
            text = problem.text
            assert text.endswith(".")
        else:
            assert shape[:2] == (dataset.Rows, dataset.Columns)


SCRIPT = """
import sys
from pathlib import Path
from vlm_explorer.errors import FileProblem
from vlm_explorer.pixels.decode import read_frame
for name in sys.argv[1:]:
    try:
        read_frame(Path(name))
        print("read")
    except FileProblem as problem:
        print("refused")
"""


def test_that_a_script_that_decodes_prints_nothing_else_and_ends(
    wheel: Wheel, tmp_path: Path
) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    # the first of them makes OpenJPEG write to standard error
    names = ("JPEG2000-embedded-sequence-delimiter.dcm", "JPEG2000.dcm", "badVR.dcm")
    done = subprocess.run(
        [sys.executable, str(script), *(str(wheel(name)) for name in names)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.split() == ["refused", "read", "read"]
    assert done.stderr == ""
