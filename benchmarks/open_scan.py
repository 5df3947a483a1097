"""Milliseconds from a click on an image to its picture on the screen, over all files at hand.

Each image is selected as a click on a map point selects it, in a shuffled order, never seen before
in the run; the clock stops when the viewing pane has painted the picture itself (no thumbnail, no
skeleton). Side by side in the same run: what `pydicom.dcmread`, `pixel_array`, a plain window and a
`QImage` drawn by a bare widget take for the same frame, in the GUI thread, without jobs, pyramid,
annotations or series (Pillow for plain images). Files come from VLM_TEST_DATA, where that is set,
and from pydicom's own package. Both read from a warm disk: each file is read once before.
"""

from __future__ import annotations

import contextlib
import logging
import os
import random
import statistics
import time
import warnings
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from vlm_explorer.viewmodels.session import Session
    from vlm_explorer.widgets.viewer import Viewer

FRAMES = 3  # of a file with many: first, middle and last
PATIENCE = 20_000  # ms


def run() -> dict[str, float | int | str]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    assert application is not None
    rows = [row for file in files() for row in rows_of(file)]
    random.Random(0).shuffle(rows)
    with opened(rows) as (session, viewer):
        ours = {row["image_id"]: ours_ms(session, viewer, row["image_id"]) for row in rows}
    theirs = {row["image_id"]: plain_ms(Path(row["file"]), row["frame"]) for row in rows}
    both = [key for key in ours if ours[key] is not None and theirs[key] is not None]
    by_ours = sorted((key for key in both), key=lambda key: ours[key] or 0.0)
    figures: dict[str, float | int | str] = {
        "images": len(rows),
        "painted": sum(value is not None for value in ours.values()),
        "painted by both": len(both),
    }
    figures |= summary("viewer", [ours[key] or 0.0 for key in both])
    figures |= summary("plain pydicom or Pillow", [theirs[key] or 0.0 for key in both])
    figures["all painted by the viewer, p95 ms"] = percentile(
        [value for value in ours.values() if value is not None], 95
    )
    figures["slowest files"] = ", ".join(
        f"{key} {ours[key]:.0f} (plain {theirs[key]:.0f})" for key in by_ours[:-6:-1]
    )
    return figures


def summary(name: str, taken: list[float]) -> dict[str, float | int | str]:
    """Return the middle, the 95th percentile and the worst of some times."""
    return {
        f"{name}, p50 ms": statistics.median(taken),
        f"{name}, p95 ms": percentile(taken, 95),
        f"{name}, max ms": max(taken),
    }


def percentile(values: list[float], percent: float) -> float:
    """Return a percentile of some values."""
    import numpy as np

    return float(np.percentile(values, percent))


def files() -> list[Path]:
    """Return every file at hand, and read it once."""
    import pydicom.data

    folders = [Path(pydicom.data.__file__).parent / "test_files"]
    if folder := os.environ.get("VLM_TEST_DATA"):
        folders.append(Path(folder))
    found = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    for path in found:
        path.read_bytes()
    return found


def rows_of(file: Path) -> list[dict[str, Any]]:
    """Return the images of a file as rows of a collection; none where it gives no image."""
    from vlm_explorer.errors import ExplorerError
    from vlm_explorer.files.dicom_header import read_header, read_image_header
    from vlm_explorer.files.signatures import FileKind, sniff

    try:
        kind, _ = sniff(file)
        if kind is FileKind.OTHER:
            return []
        header = read_header(file) if kind is FileKind.DICOM else read_image_header(file)
    except ExplorerError:
        return []
    common = asdict(header) | {
        "patient": header.patient_id,
        "study": header.study_uid,
        "series": header.series_uid,
        "series_time": None,
        "file": str(file),
    }
    last = len(header.places) - 1
    frames = sorted({0, header.frames // 2, header.frames - 1})[:FRAMES]
    return [
        common
        | asdict(header.places[min(frame, last)])
        | {"image_id": f"{file.parent.name}/{file.name}/{frame}", "frame": frame}
        for frame in frames
    ]


@contextlib.contextmanager
def opened(rows: list[dict[str, Any]]) -> Iterator[tuple[Session, Viewer]]:
    """Give a session that holds the rows, and a viewer that shows it."""
    import pyarrow as pa
    from PySide6.QtWidgets import QApplication

    from vlm_explorer.viewmodels.image_table import ImageTable
    from vlm_explorer.viewmodels.session import Session
    from vlm_explorer.viewmodels.thumbnails import Thumbnails
    from vlm_explorer.widgets.theme import themes
    from vlm_explorer.widgets.viewer import Viewer

    application = QApplication.instance()
    assert isinstance(application, QApplication)
    themes.apply(application)
    session = Session()
    viewer = Viewer(session, Thumbnails(session, session))
    viewer.resize(640, 800)
    viewer.show()
    session.images = ImageTable(pa.Table.from_pylist(rows))
    session.collection_changed.emit()
    application.processEvents()
    yield session, viewer
    viewer.close()
    session.runner.shutdown()


def ours_ms(session: Session, viewer: Viewer, image_id: str) -> float | None:
    """Return the time from the selection to the painted picture; None where there is none."""
    from PySide6.QtCore import QEventLoop, QTimer

    from vlm_explorer.viewmodels.viewer_model import Status

    wait_until_idle(session)
    loop, patience = QEventLoop(), QTimer(singleShot=True, interval=PATIENCE)
    patience.timeout.connect(loop.quit)
    start = time.perf_counter()
    session.select([image_id])
    if viewer.model.status is Status.LOADING:
        arrived = viewer.model.image_changed.connect(loop.quit)
        patience.start()
        loop.exec()
        viewer.model.image_changed.disconnect(arrived)
    if viewer.model.status is not Status.READY:
        return None
    viewer.pane.repaint()  # at once, whatever else waits to be painted
    return (time.perf_counter() - start) * 1000


def wait_until_idle(session: Session) -> None:
    """Let the images read ahead come to rest: the next click should not pay for them."""
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance()
    assert application is not None
    while session.runner.busy:
        application.processEvents()
        time.sleep(0.001)


def plain_ms(file: Path, frame: int) -> float | None:
    """Return the time that the shortest way to the same frame takes; None where it fails."""
    from PySide6.QtGui import QImage, QPixmap
    from PySide6.QtWidgets import QLabel

    label = QLabel()
    label.resize(640, 800)
    start = time.perf_counter()
    try:
        pixels = plain_pixels(file, frame)
    except Exception:  # noqa: BLE001 - what pydicom cannot decode has many kinds of errors
        return None
    rows, columns = pixels.shape[:2]
    grey = QImage.Format.Format_Grayscale8
    form = QImage.Format.Format_RGB888 if pixels.ndim == 3 else grey
    image = QImage(pixels.tobytes(), columns, rows, pixels.strides[0], form)
    label.setPixmap(QPixmap.fromImage(image))
    label.setScaledContents(True)
    label.grab()
    return (time.perf_counter() - start) * 1000


def plain_pixels(file: Path, frame: int) -> np.ndarray:
    """Return uint8 pixels by pydicom or Pillow, stretched from least to greatest."""
    import numpy as np
    import pydicom
    from PIL import Image

    if file.suffix.lower() in (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"):
        return np.ascontiguousarray(np.asarray(Image.open(file).convert("RGB")))
    array = pydicom.dcmread(file, force=True).pixel_array
    array = array[frame] if array.ndim > 2 + (array.shape[-1] == 3) else array
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    lowest, highest = float(array.min()), float(array.max())
    return ((array - lowest) * (255 / max(highest - lowest, 1e-9))).astype(np.uint8)
