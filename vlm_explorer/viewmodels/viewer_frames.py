"""Decoded frames, ready to be drawn: loaded in worker threads, the last used ones kept. No Qt."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.colour_reading import ColourReading
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.windowing import Window
from vlm_explorer.viewmodels.viewer_pyramid import Pyramid, build_pyramid
from vlm_explorer.viewmodels.viewer_value_table import tabulate

CAPACITY = 384 * 1024 * 1024  # bytes


class FrameKey(NamedTuple):
    """Which frame of which file, its colours read as what."""

    file: str
    frame: int
    colours: ColourReading = ColourReading.FILE


@dataclass(frozen=True, slots=True, eq=False)
class LoadedFrame:
    """A frame with all that drawing it takes.

    Attributes:
        frame: as decoded.
        pyramid: over the places of the values in `entries`, or over the values themselves.
        entries: the values that the pyramid points at; None where it holds them itself, as
            colour and most floating point pictures do.
        default: the window that the frame is shown with at first; without effect on colour.
        lowest, highest: the range of its values, without padding.
        graphics: bool (rows, columns), where the file draws on its picture; None where it does not.
    """

    frame: Frame
    pyramid: Pyramid
    entries: NDArray[np.float32] | None
    default: Window
    lowest: float
    highest: float
    graphics: NDArray[np.bool_] | None = None

    @property
    def colour(self) -> bool:
        """Whether it is a colour picture, for which there is no window."""
        return self.frame.is_colour

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        frame = self.frame
        masks = [plane.mask for plane in frame.overlays]
        arrays = frame.padding, frame.stored, self.graphics, *masks
        kept = sum(array.nbytes for array in arrays if array is not None)
        return kept + self.pyramid.nbytes + (frame.values.nbytes if self.entries is not None else 0)


def prepare(frame: Frame) -> LoadedFrame:
    """Return the frame with its pyramid, default window and range; 5 to 200 ms by size."""
    from vlm_explorer.pixels.render import COLOUR_WINDOW, default_window

    values = frame.values if frame.padding is None else frame.values[~frame.padding]
    lowest, highest = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    default = COLOUR_WINDOW if frame.is_colour else default_window(frame)
    table = None if frame.is_colour else tabulate(frame.values, frame.stored)
    pyramid = build_pyramid(frame.values if table is None else table.places)
    entries = None if table is None else table.entries
    masks = [plane.mask for plane in frame.overlays]
    graphics = np.logical_or.reduce(masks) if masks else None
    return LoadedFrame(frame, pyramid, entries, default, lowest, highest, graphics)


def _read_frame(path: Path, frame: int, colours: ColourReading) -> Frame:
    """Decode a frame; the decoders are loaded by the first that needs them."""
    from vlm_explorer.pixels.decode import read_frame

    return read_frame(path, frame, colours)


class FrameCache:
    """Frames by key, the last used kept up to a number of bytes; for any thread.

    A frame that one thread is decoding is not decoded by a second: that one waits for it.
    """

    def __init__(
        self,
        capacity: int = CAPACITY,
        read: Callable[[Path, int, ColourReading], Frame] | None = None,
    ) -> None:
        self._capacity = capacity
        self._read = read if read is not None else _read_frame
        self._lock = threading.Lock()
        self._kept: OrderedDict[FrameKey, LoadedFrame] = OrderedDict()
        self._loading: dict[FrameKey, Future[LoadedFrame]] = {}

    def get(self, key: FrameKey) -> LoadedFrame | None:
        """Return the frame if it is here."""
        with self._lock:
            loaded = self._kept.get(key)
            if loaded is not None:
                self._kept.move_to_end(key)
            return loaded

    def load(self, key: FrameKey, *, context: JobContext) -> LoadedFrame:
        """Return the frame, decoding it if it is not here; in a worker thread.

        Raises:
            FileProblem: it cannot be decoded.
            Cancelled: it is not wanted any more.
        """
        with self._lock:
            loaded = self._kept.get(key)
            waiting = self._loading.get(key)
            if loaded is None and waiting is None:
                mine = self._loading[key] = Future()
        if loaded is not None:
            return loaded
        if waiting is not None:
            found = waiting.result()
            context.check()
            return found
        return self._decode(key, mine)

    def _decode(self, key: FrameKey, promise: Future[LoadedFrame]) -> LoadedFrame:
        try:
            loaded = prepare(self._read(Path(key.file), key.frame, key.colours))
        except BaseException as error:  # handed to the threads that wait, then raised here too
            with self._lock:
                del self._loading[key]
            promise.set_exception(error)
            raise
        with self._lock:
            del self._loading[key]
            self._kept[key] = loaded
            total = sum(kept.nbytes for kept in self._kept.values())
            while total > self._capacity and len(self._kept) > 1:
                total -= self._kept.popitem(last=False)[1].nbytes
        promise.set_result(loaded)
        return loaded

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()
