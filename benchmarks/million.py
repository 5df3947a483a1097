"""What holds up the window's thread when a million images are on the map.

The real window is opened on a synthetic collection of 1,000,000 images, and what users do is done
to it: half of all chosen by a lasso drawn with the mouse, undo and redo, a category hidden, a
filter by a column, colours by a column. Of each: the longest that one event held up the window's
thread, and how long until the map was painted; the rule is 50 ms. Beside it a plain pass of numpy
over as many values. `VLM_BENCH_IMAGES` for fewer.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import _synthetic_collection as synthetic
from benchmarks._window import STALL, Window, shown_window

IMAGES = int(os.environ.get("VLM_BENCH_IMAGES", "1000000"))
RUNS = 3
SIZE = (1600, 1000)


def run() -> dict[str, float | int | str]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VLM_EXPLORER_HOME"] = str(Path(folder) / "home")
        collection = synthetic.write(Path(folder) / "large.vlmx", IMAGES)
        with shown_window(SIZE) as window:
            return _measured(window, collection)


def _measured(window: Window, collection: Path) -> dict[str, float | int | str]:
    session = window.session
    canvas = window.window.workspace.map.canvas
    begun = time.perf_counter()
    session.open(collection)
    window.wait(lambda: session.content is not None and session.layout.answer is not None)
    for job in ("trust", "groups", "encoder"):  # minutes of other processes: not what is measured
        session.runner.cancel(job)
    window.wait(lambda: not session.runner.busy and not canvas.moving)
    figures: dict[str, float | int | str] = {
        "images": IMAGES,
        "open and laid out, s": time.perf_counter() - begun,
        "while opening, longest ms": window.longest,
        "while opening, over 50 ms": window.stalled(),
        "a pass of numpy over as many, ms": _numpy_pass(),
    }
    for name, prepare, do in _deeds(window):
        held: list[float] = []
        until: list[float] = []
        stalls: list[str] = []
        for _ in range(RUNS):
            prepare()
            window.wait(lambda: not session.runner.busy and not canvas.moving)
            window.forget()
            begun = time.perf_counter()
            do()
            called = (time.perf_counter() - begun) * 1000
            window.wait(lambda: not canvas.moving)
            until.append((time.perf_counter() - begun) * 1000)
            window.wait(lambda: not session.runner.busy)
            held.append(max(called, window.longest))
            stalls.append(f"call {called:.0f} ms, {window.stalled()}")
        figures[f"{name}: thread held, ms"] = statistics.median(held)
        figures[f"{name}: against the rule"] = statistics.median(held) / STALL
        figures[f"{name}: until painted, ms"] = statistics.median(until)
        figures[f"{name}: over 50 ms"] = stalls[-1]
    return figures


def _deeds(window: Window) -> list[tuple[str, Callable[[], None], Callable[[], None]]]:
    """Return what is done: its name, what comes before it, and the deed."""
    from vlm_explorer.viewmodels.column_filters import CategoryFilter

    session, view = window.session, window.window.workspace.map
    model, history = view.model, session.history

    def at_rest() -> None:
        session.select([])
        model.show_everything()
        model.set_colour_by("modality")

    def chosen() -> None:
        at_rest()
        _lasso(window)

    def undone() -> None:
        chosen()
        history.undo()

    def hide() -> None:
        model.toggle(model.scene.legend[0].category.key)

    def filter_() -> None:
        column = session.columns.get("label")
        assert column is not None
        session.set_filter(CategoryFilter(column, frozenset({"nodule", "effusion"})))

    return [
        ("lasso of half", at_rest, lambda: _lasso(window)),
        ("undo of it", chosen, history.undo),
        ("redo of it", undone, history.redo),
        ("hide a category", at_rest, hide),
        ("filter by a column", at_rest, filter_),
        ("colour by a category", at_rest, lambda: model.set_colour_by("label")),
        ("colour by a number", at_rest, lambda: model.set_colour_by("series_number")),
        ("select all", at_rest, model.choose_all),
    ]


def _lasso(window: Window) -> None:
    """Draw a lasso around the left half of the map, as a mouse does."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtTest import QTest

    canvas = window.window.workspace.map.canvas
    width, height = canvas.width(), canvas.height()
    corners = [(2, 2), (width // 2, 2), (width // 2, height - 2), (2, height - 2), (2, 4)]
    shift, left = Qt.KeyboardModifier.ShiftModifier, Qt.MouseButton.LeftButton
    QTest.mousePress(canvas, left, shift, QPoint(*corners[0]))
    for corner in corners[1:]:
        QTest.mouseMove(canvas, QPoint(*corner))
    QTest.mouseRelease(canvas, left, shift, QPoint(*corners[-1]))


def _numpy_pass() -> float:
    """Return the milliseconds of one comparison and one choice over as many numbers."""
    values = np.random.default_rng(0).random(IMAGES, dtype=np.float32)
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        np.where(values > 0.5, values, 0).sum()
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)
