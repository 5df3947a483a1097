"""Milliseconds from a key to the grid ranked and the map coloured anew, at 100,000 images.

The real window is opened on a collection of 100,000 images with vectors of 512 numbers, and words
are typed into its prompt as Qt key events. The clock starts at the key; what the pause between the
key and the search takes, and what the text encoder takes, is measured apart. It stops when both
the grid of results and the map have painted the answer to that very text. The text tower is the
bundled encoder's; its vectors are turned into the 512 dimensions of the collection. The whole panel
is in use: a fifth of the images has tags, and the tiles say z.

Besides: how long the window takes to open the collection, what holds up its thread meanwhile, and
while one types; and how long a key that tags, a filter by a tag and colours by tags hold it up.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import _synthetic_collection as synthetic

IMAGES = int(os.environ.get("VLM_BENCH_IMAGES", "100000"))
TEXTS = ("left pleural effusion", "nodule in the right upper lobe", "normal head")
SIZE = (1440, 900)
PATIENCE = 300.0  # s
STALL = 50.0  # ms of the window's thread that one event may take


class Lifted:
    """The bundled encoder with vectors of the collection's dimension; remembers when it ended."""

    id = synthetic.MODEL
    dimension = synthetic.DIMENSION

    def __init__(self, encoder: Any) -> None:
        self._encoder = encoder
        random = np.random.default_rng(3).standard_normal((synthetic.DIMENSION, encoder.dimension))
        self._lift = np.linalg.qr(random)[0].T.astype(np.float32)
        self.encoded: dict[str, tuple[float, float]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_texts(self, texts: Sequence[str], **options: Any) -> np.ndarray:
        """Encode, and note when it began and ended."""
        begun = time.perf_counter()
        vectors = self._encoder.encode_texts(texts, **options) @ self._lift
        self.encoded[texts[0]] = begun, time.perf_counter()
        return np.ascontiguousarray(vectors)


def run() -> dict[str, float | int | str]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VLM_EXPLORER_HOME"] = str(Path(folder) / "home")
        collection = synthetic.write(Path(folder) / "large.vlmx", IMAGES)
        return _in_the_window(collection)


def _in_the_window(collection: Path) -> dict[str, float | int | str]:
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtWidgets import QApplication

    from vlm_explorer.api import load_encoder
    from vlm_explorer.app import share_interpreter
    from vlm_explorer.encoders.gentle_import import import_gently
    from vlm_explorer.viewmodels import background
    from vlm_explorer.viewmodels.session import Session
    from vlm_explorer.viewmodels.thumbnails import Thumbnails
    from vlm_explorer.widgets.main_window import MainWindow
    from vlm_explorer.widgets.theme import themes

    stalls: list[tuple[float, str]] = []
    latencies: list[float] = []
    worked: list[float] = []  # the same, of the processor: what else runs does not count

    class Application(QApplication):
        """Notes what takes the window's thread long."""

        def notify(self, receiver: QObject, event: QEvent) -> bool:
            begun, working = time.perf_counter(), time.thread_time()
            name = f"{type(receiver).__name__} {event.type().name}"
            done = bool(super().notify(receiver, event))
            taken = (time.perf_counter() - begun) * 1000
            latencies.append(taken)
            worked.append((time.thread_time() - working) * 1000)
            if taken > STALL:
                stalls.append((taken, name))
            return done

    share_interpreter()
    import_gently()  # as the program does: what was imported is not collected again and again
    application = Application([])
    encoder = Lifted(load_encoder("demo"))
    background.load_encoder = lambda *_, **__: encoder
    themes.set_theme("dark")
    themes.apply(application)
    session = Session()
    window = MainWindow(session, Thumbnails(session))
    window.resize(*SIZE)
    window.show()
    begun = time.perf_counter()
    session.open(collection)
    _wait(application, lambda: session.content is not None)
    opened = time.perf_counter() - begun
    _wait(application, lambda: session.encoder is not None and not session.layout.pending)
    _wait(application, lambda: not session.runner.busy)
    laid_out = time.perf_counter() - begun
    figures: dict[str, float | int | str] = {
        "images": IMAGES,
        "open, s": opened,
        "map laid out, s": laid_out,
        "held up over 50 ms while opening": _named(stalls),
    }
    _tag(session)
    window.workspace.strip.results.model.set_with_z(True)
    _wait(application, lambda: session.scale.nulls is not None and not session.runner.busy)
    stalls.clear()
    latencies.clear()
    worked.clear()
    figures |= _type(application, window, session, encoder)
    figures["an event while typing, p99 ms"] = float(np.percentile(latencies, 99))
    figures["an event while typing, longest ms"] = max(latencies)
    figures["of the processor, p99 ms"] = float(np.percentile(worked, 99))
    figures["of the processor, longest ms"] = max(worked)
    figures["held up over 50 ms while typing"] = _named(stalls)
    stalls.clear()
    figures |= _deeds(application, window, session)
    figures["held up over 50 ms by tags"] = _named(stalls)
    window.close()
    session.runner.shutdown()
    return figures


def _tag(session: Any) -> None:
    """Give a fifth of the images tags, and some of them two."""
    for number in (1, 2, 3):
        rows = slice(number * 1000, None, 10)
        session.tags.toggle(number, frozenset(session.images.ids[rows].tolist()))


def _deeds(application: Any, window: Any, session: Any) -> dict[str, float | int | str]:
    """Return how long the window's thread is held by what is done with tags."""
    from vlm_explorer.viewmodels.column_filters import CategoryFilter

    view = window.workspace.map

    def filter_() -> None:
        column = session.columns.get("tag:2")
        session.set_filter(CategoryFilter(column, frozenset({"yes"})))

    session.select(session.images.ids[:100].tolist())
    figures: dict[str, float | int | str] = {}
    for name, do in (
        ("a key that tags 100 images", lambda: session.tags.toggle(4)),
        ("colours by tags", lambda: view.model.set_colour_by("tags")),
        ("a key that tags, coloured by tags", lambda: session.tags.toggle(5)),
        ("a filter by a tag", filter_),
        ("undo of it", session.history.undo),
    ):
        _wait(application, lambda: not session.runner.busy and not view.canvas.moving)
        begun = time.perf_counter()
        do()
        figures[f"{name}, ms"] = (time.perf_counter() - begun) * 1000
    _wait(application, lambda: not session.runner.busy and not view.canvas.moving)
    return figures


def _type(
    application: Any, window: Any, session: Any, encoder: Lifted
) -> dict[str, float | int | str]:
    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtTest import QTest

    class Painted(QObject):
        """Remembers when a widget was painted last, and in answer to what."""

        def __init__(self, widget: Any) -> None:
            super().__init__(widget)
            self.answer: object = None
            widget.installEventFilter(self)

        def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
            if event.type() is QEvent.Type.Paint:
                self.answer = session.query.answer
            return False

    field = window.workspace.prompt.field
    surface = window.workspace.map.canvas
    grid = Painted(window.workspace.strip.results.view.viewport())
    drawn = Painted(surface)

    def is_shown(text: str) -> bool:
        query = session.query
        painted = query.answer is grid.answer is drawn.answer
        return query.text == text and query.answer is not None and painted and not surface.moving

    rows: list[tuple[float, float, float]] = []
    field.setFocus()
    for text in TEXTS:
        field.clear()
        _wait(application, lambda: not session.runner.busy)
        for end in range(1, len(text) + 1):
            typed = text[:end].strip()
            key = text[end - 1]
            if key == " ":
                QTest.keyClicks(field, key)
                continue
            pressed = time.perf_counter()
            QTest.keyClicks(field, key)
            _wait(application, partial(is_shown, typed))
            shown = time.perf_counter()
            begun, encoded = encoder.encoded[typed]
            rows.append((begun - pressed, encoded - begun, shown - encoded))
    pause, encoding, rest = 1000 * np.array(rows).T
    return {
        "keys": len(rows),
        "pause before the search, median ms": float(np.median(pause)),
        "text encoding, p50 ms": float(np.percentile(encoding, 50)),
        "text encoding, p95 ms": float(np.percentile(encoding, 95)),
        "encoded to painted, p50 ms": float(np.percentile(rest, 50)),
        "encoded to painted, p95 ms": float(np.percentile(rest, 95)),
        "key to painted, p95 ms": float(np.percentile(pause + encoding + rest, 95)),
    }


def _wait(application: Any, ready: Callable[[], bool]) -> None:
    end = time.perf_counter() + PATIENCE
    while not ready():
        if time.perf_counter() > end:
            raise TimeoutError("the window does not come to rest")
        application.processEvents()
        time.sleep(0.0005)


def _named(stalls: list[tuple[float, str]]) -> str:
    return ", ".join(f"{name} {taken:.0f} ms" for taken, name in sorted(stalls, reverse=True)[:12])
