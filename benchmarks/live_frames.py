"""What it costs to see the points move while UMAP lays them out, at 50,000 images.

The real map is shown on a synthetic collection, and the same layout is made in turn with frames and
without, each from the request to its arrival. Processor time is that of the window and of the
process that lays out. `VLM_BENCH_IMAGES` for fewer, `VLM_BENCH_RUNS` for more runs.
"""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _synthetic_collection as synthetic
from benchmarks._window import Window, shown_window

IMAGES = int(os.environ.get("VLM_BENCH_IMAGES", "50000"))
RUNS = int(os.environ.get("VLM_BENCH_RUNS", "3"))
SIZE = (1440, 900)


def run() -> dict[str, float | int | str]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VLM_EXPLORER_HOME"] = str(Path(folder) / "home")
        collection = synthetic.write(Path(folder) / "large.vlmx", IMAGES)
        with shown_window(SIZE) as window:
            return _measured(window, collection)


def _measured(window: Window, collection: Path) -> dict[str, float | int | str]:
    session = window.session
    session.open(collection)
    window.wait(lambda: session.content is not None and not session.runner.busy)
    wanted = session.frames_wanted
    assert wanted(), "the map is not to be seen, or nothing may move"
    frames: list[float] = []
    session.layout_moved.connect(lambda: frames.append(time.perf_counter()))
    times: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    places: list[np.ndarray] = []
    every: list[float] = []
    for number in range(-1, 2 * RUNS):  # the first one warms up
        watched = number % 2 == 0
        session.frames_wanted = wanted if watched else bool
        shutil.rmtree(collection / "layouts", ignore_errors=True)
        frames.clear()
        taken = _lay_out(window, session)
        window.wait(lambda: not session.runner.busy)
        if number >= 0:
            times[watched].append(taken)
            places.append(session.layout.answer.xy)
            every += np.diff(frames).tolist()
        session.set_layout(method="pca")
        window.wait(lambda: not session.layout.pending and not session.runner.busy)
    wall, cpu = (
        {kind: statistics.median(taken[which] for taken in times[kind]) for kind in times}
        for which in (0, 1)
    )
    return {
        "images": IMAGES,
        "without frames, s": wall[False],
        "with frames, s": wall[True],
        "ratio": wall[True] / wall[False],
        "processor time without frames, s": cpu[False],
        "processor time with frames, s": cpu[True],
        "ratio of processor time": cpu[True] / cpu[False],
        "between two frames, median s": float(np.median(every)) if every else 0.0,
        "frames a layout": len(every) / RUNS,
        "same places": str(all(np.array_equal(places[0], each) for each in places)),
        "longest in the window's thread, ms": window.longest,
        "held up over 50 ms": window.stalled(),
    }


def _lay_out(window: Window, session: Any) -> tuple[float, float]:
    window.forget()
    begun, used = time.perf_counter(), _processor()
    session.set_layout(method="umap")
    window.wait(lambda: not session.layout.pending)
    return time.perf_counter() - begun, _processor() - used


def _processor() -> float:
    """Return the processor time of this process and of its children that ended, s."""
    taken = os.times()
    return taken.user + taken.system + taken.children_user + taken.children_system
