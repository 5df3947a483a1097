"""Frames a second while the window is dragged on a radiograph: the pane against per-pixel floats.

The radiograph is 3000 x 4000 of 16 bits, smooth with noise, written as DICOM, read back, and shown
in a pane of 1200 x 1000. Each frame is a mouse move and the repaint that follows, with everything
that lies on the scan. The comparisons window every pixel in floating point and hand Qt the whole
picture, stretched into the same pane: by `apply_window`, which works in blocks of the processor's
cache, and by pydicom's `apply_windowing`. All take turns; the median counts.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from vlm_explorer.widgets.viewer_pane import ViewerPane

ROWS, COLUMNS = 3000, 4000
WIDTH, HEIGHT = 1200, 1000
FRAMES = 30


def radiograph() -> np.ndarray:
    """Return uint16 (ROWS, COLUMNS): broad waves under noise, over the whole range."""
    chance = np.random.default_rng(0)
    y, x = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float32)
    waves = np.sin(x / 300) * np.cos(y / 400) + 0.3 * np.sin((x + y) / 90)
    noise = chance.standard_normal((ROWS, COLUMNS), np.float32) * 0.02
    return np.asarray(np.clip((waves + noise + 1.4) / 2.8, 0, 1) * 65535).astype(np.uint16)


def write_radiograph(path: Path) -> None:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import UID, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

    file = Dataset()
    file.file_meta = FileMetaDataset()
    file.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file.file_meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    file.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.4")
    file.SOPClassUID = file.file_meta.MediaStorageSOPClassUID
    file.SOPInstanceUID = file.file_meta.MediaStorageSOPInstanceUID
    file.StudyInstanceUID, file.SeriesInstanceUID, file.Modality = "1.2", "1.2.3", "DX"
    file.Rows, file.Columns, file.SamplesPerPixel = ROWS, COLUMNS, 1
    file.PhotometricInterpretation, file.PixelRepresentation = "MONOCHROME2", 0
    file.BitsAllocated = file.BitsStored = 16
    file.HighBit, file.ImagerPixelSpacing = 15, [0.1, 0.1]
    file.PixelData = radiograph().tobytes()
    file.save_as(path, enforce_file_format=True)


def run() -> dict[str, float | int]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "radiograph.dcm"
        write_radiograph(path)
        draws = {"pane": _pane(path), "per_pixel_float": _floats(path), "pydicom": _pydicom(path)}
        times: dict[str, list[float]] = {name: [] for name in draws}
        for frame in range(FRAMES + 1):
            for name, draw in draws.items():
                start = time.perf_counter()
                draw(frame)
                times[name].append(time.perf_counter() - start)
    middle = {name: statistics.median(taken[1:]) for name, taken in times.items()}  # 0: made once
    return {
        "rows": ROWS,
        "columns": COLUMNS,
        "frames": FRAMES,
        **{f"{name}_frames_a_second": 1 / seconds for name, seconds in middle.items()},
        "pane_slowest_ms": 1000 * max(times["pane"][1:]),
        "times_faster_than_per_pixel_float": middle["per_pixel_float"] / middle["pane"],
        "times_faster_than_pydicom": middle["pydicom"] / middle["pane"],
    }


def _pane(path: Path) -> Callable[[int], object]:
    """Return what drags the window in the viewing pane by one step and repaints it."""
    from PySide6.QtCore import QEvent, QPointF, Qt
    from PySide6.QtGui import QImage, QMouseEvent
    from PySide6.QtWidgets import QApplication

    application = QApplication.instance() or QApplication([])
    pane = _open(path)
    pane.resize(WIDTH, HEIGHT)
    pane.show()
    target = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)

    def move(kind: QEvent.Type, x: float) -> None:
        where, left = QPointF(x, 500), Qt.MouseButton.LeftButton
        keys = Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(kind, where, pane.mapToGlobal(where), left, left, keys)
        application.sendEvent(pane, event)

    move(QEvent.Type.MouseButtonPress, 600)

    def draw(frame: int) -> object:
        move(QEvent.Type.MouseMove, 610 + 5 * frame)
        pane.render(target)
        return target

    return draw


def _open(path: Path) -> ViewerPane:
    """Return the viewing pane with the radiograph in it."""
    import pyarrow as pa
    from PySide6.QtCore import QCoreApplication

    from vlm_explorer.viewmodels.image_table import ImageTable
    from vlm_explorer.viewmodels.saliency_model import SaliencyModel
    from vlm_explorer.viewmodels.session import Session
    from vlm_explorer.viewmodels.thumbnails import Thumbnails
    from vlm_explorer.viewmodels.viewer_model import Status, ViewerModel
    from vlm_explorer.widgets.viewer_pane import ViewerPane

    session = Session()
    model = ViewerModel(session)
    pane = ViewerPane(model, SaliencyModel(model), Thumbnails(session, session))
    session.setParent(pane)  # one life for all
    row = {"image_id": "radiograph", "file": str(path), "frame": 0, "modality": "DX"}
    session.images = ImageTable(pa.Table.from_pylist([row | {"rows": ROWS, "columns": COLUMNS}]))
    session.collection_changed.emit()
    session.select(["radiograph"])
    while model.status is Status.LOADING or session.runner.busy:
        QCoreApplication.processEvents()
    assert model.status is Status.READY, model.failure
    return pane


def _floats(path: Path) -> Callable[[int], object]:
    """Return what windows every pixel in floating point and draws the picture into a pane."""
    from vlm_explorer.pixels.decode import read_frame
    from vlm_explorer.pixels.windowing import Window, apply_window

    values = read_frame(path, 0).values.astype(np.float32, copy=False)
    return lambda frame: _whole(apply_window(values, Window(32768, _width(frame), "user")))


def _pydicom(path: Path) -> Callable[[int], object]:
    """Return the same by pydicom's own function."""
    from pydicom import dcmread
    from pydicom.pixels.processing import apply_windowing

    file = dcmread(path)
    stored = file.pixel_array
    file.WindowCenter = 32768

    def draw(frame: int) -> object:
        file.WindowWidth = _width(frame)
        return _whole((apply_windowing(stored, file) * (255 / 65535)).astype(np.uint8))

    return draw


def _width(frame: int) -> int:
    return 65536 + 320 * frame


def _whole(pixels: np.ndarray) -> object:
    """Draw a picture, stretched into the pane."""
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QImage, QPainter

    from vlm_explorer.widgets.qimages import to_qimage

    target = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    height = WIDTH * ROWS / COLUMNS
    painter = QPainter(target)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QRectF(0, (HEIGHT - height) / 2, WIDTH, height), to_qimage(pixels))
    painter.end()
    return target
