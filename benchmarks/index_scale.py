"""Indexing of any size: header scan, memory that stays flat, and how soon results show.

Headers of 10,000 DICOM files are read as the program does, and, for comparison, by pydicom's
`dcmread(stop_before_pixels=True)` in one process, which leaves the values as bytes, and by the same
with the values converted, as whoever wants them must; a thousand files each in turns. Memory is the
peak of all processes together (proportional set size: shared pages count once) while the bundled
encoder indexes 2,000 and 20,000 images, copies with one altered pixel. The first commit is waited
for in a folder of a million entries of which few are images, and in one with few entries.

`VLM_BENCH_QUICK=1` makes everything ten times smaller; `VLM_BENCH_PARTS=headers,memory,first`
chooses; `VLM_BENCH_MODEL` names another encoder for the memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from vlm_explorer.encoders.encoder import Encoder

QUICK = os.environ.get("VLM_BENCH_QUICK") == "1"
PARTS = os.environ.get("VLM_BENCH_PARTS", "headers,memory,first").split(",")
MODEL = os.environ.get("VLM_BENCH_MODEL", "demo")
SMALLER = 10 if QUICK else 1
HEADERS = 10_000 // SMALLER
IMAGES = (2_000 // SMALLER, 20_000 // SMALLER)
ENTRIES = 1_000_000 // SMALLER
SIDE = 96  # pixels
_INTERVAL = 0.5  # seconds between two looks at the memory
_MIB = 2**20

Figures = dict[str, float | int | str]


def run() -> Figures:
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "headers" in PARTS:
            figures |= _headers(folder / "headers")
        if "memory" in PARTS:
            figures |= _memory(folder)
        if "first" in PARTS:
            figures |= _first(folder)
    return figures


# Headers


def _headers(folder: Path) -> Figures:
    from pydicom import dcmread

    from vlm_explorer.files.dicom_header import read_header
    from vlm_explorer.files.scan import FileKind, scan
    from vlm_explorer.jobs import JobContext

    _write_dicom(folder)
    ours = theirs = values = 0.0
    count = 0
    for part in sorted(folder.iterdir()):  # in turns: the machine may have other work
        start = time.perf_counter()
        found = list(scan([part], context=JobContext()))
        count += sum(bool(read_header(file.path)) for file in found if file.kind is FileKind.DICOM)
        ours += time.perf_counter() - start
        start = time.perf_counter()
        for path in part.iterdir():
            dcmread(path, stop_before_pixels=True)
        theirs += time.perf_counter() - start
        start = time.perf_counter()
        for path in part.iterdir():
            for element in dcmread(path, stop_before_pixels=True):
                _ = element.value
        values += time.perf_counter() - start
    return {
        "headers: files": count,
        "headers: scan and headers, files/s": count / ours,
        "headers: pydicom alone, files/s": count / theirs,
        "headers: pydicom and its values, files/s": count / values,
        "headers: ratio to pydicom alone": theirs / ours,
        "headers: ratio to pydicom and its values": values / ours,
    }


def _write_dicom(folder: Path) -> None:
    """Write copies of a demo study's files, in folders of a thousand."""
    from vlm_explorer.demo.study import write_study

    with tempfile.TemporaryDirectory() as study:
        write_study(Path(study), images=40, seed=1)
        files = [path.read_bytes() for path in sorted(Path(study).rglob("*.dcm"))]
    for number in range(HEADERS):
        part = folder / f"{number // 1000}"
        part.mkdir(parents=True, exist_ok=True)
        (part / f"{number}.dcm").write_bytes(files[number % len(files)])


# Memory


def _memory(folder: Path) -> Figures:
    peaks = []
    figures: Figures = {}
    for count in IMAGES:
        scans, place = folder / f"images-{count}", folder / f"{count}.vlmx"
        _write_images(scans, count)
        process = _start_index(scans, place)
        peak, seconds = _watch(process)
        peaks.append(peak)
        figures[f"memory: peak of {count} images, MiB"] = peak
        figures[f"memory: {count} images, images/s"] = count / seconds
        again, _ = _watch(_start_index(scans, place))
        figures[f"memory: peak of {count} images again, all known, MiB"] = again
    figures["memory: difference of the peaks, MiB"] = peaks[1] - peaks[0]
    figures["memory: ratio of the peaks"] = peaks[1] / peaks[0]
    return figures


def _write_images(folder: Path, count: int) -> None:
    """Write copies of one picture, each with another pixel altered, in folders of a thousand."""
    from PIL import Image

    ramp = np.add.outer(np.arange(SIDE), np.arange(SIDE)).astype(np.uint8)
    for number in range(count):
        part = folder / f"{number // 1000}"
        part.mkdir(parents=True, exist_ok=True)
        pixels = ramp.copy()
        pixels.flat[number % pixels.size] = 255 - number // pixels.size
        Image.fromarray(pixels).save(part / f"{number}.png", compress_level=1)


def _start_index(scans: Path, place: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "vlm_explorer", "index", str(scans), "--to", str(place)]
    options = ["--model", MODEL, "--device", "cpu", "--precision", "fp32", "--quiet"]
    return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL)


def _watch(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Return the peak of a process and its children in MiB, and how long they took."""
    start = time.monotonic()
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, sum(map(_proportional_size, _with_children(process.pid))))
        time.sleep(_INTERVAL)
    if process.returncode:
        raise RuntimeError(f"indexing ended with code {process.returncode}")
    return peak / _MIB, time.monotonic() - start


def _with_children(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for child in children:
        yield from _with_children(int(child))


def _proportional_size(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(float(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


# The first result


def _first(folder: Path) -> Figures:
    """Time the first commit where very many entries surround the images, and where none do."""
    from vlm_explorer.encoders.load import load_encoder

    encoder = load_encoder("demo", device="cpu", precision="fp32")
    few, many = folder / "few", folder / "many"
    _write_images(few, 200)
    _write_images(many, 200)
    crowd = many / "crowd"
    crowd.mkdir()
    for number in range(ENTRIES):
        os.close(os.open(crowd / f"{number}", os.O_CREAT | os.O_WRONLY))
    for number in range(20):
        (crowd / f"{number * ENTRIES // 20}a.png").write_bytes((few / "0" / "7.png").read_bytes())
    alone = _time_of_first_commit(encoder, few, folder / "few.vlmx")
    first = _time_of_first_commit(encoder, many, folder / "many.vlmx")
    only_crowd = _time_of_first_commit(encoder, crowd, folder / "crowd.vlmx")
    return {
        "first: entries": ENTRIES,
        "first: seconds until images are stored, images alone": alone,
        "first: seconds until images are stored, among all entries": first,
        "first: ratio": first / alone,
        "first: seconds where all entries lie in one folder": only_crowd,
    }


def _time_of_first_commit(encoder: Encoder, scans: Path, place: Path) -> float:
    """Return how long it takes until an image is in the collection; the run is then stopped."""
    from vlm_explorer.collection.store import Collection, is_collection
    from vlm_explorer.jobs import Cancelled, JobContext
    from vlm_explorer.pipeline.indexing import index

    context = JobContext()
    took: list[float] = []
    start = time.monotonic()

    def look() -> None:
        while not took:
            time.sleep(0.05)
            if is_collection(place) and Collection(place).images.num_rows:
                took.append(time.monotonic() - start)
        context.cancel()

    with _thread(look), suppress(Cancelled):
        index([scans], to=place, encoder=encoder, workers=2, context=context)
    return took[0]


@contextmanager
def _thread(target: Callable[[], None]) -> Iterator[None]:
    thread = threading.Thread(target=target)
    thread.start()
    try:
        yield
    finally:
        thread.join()
