from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from pydicom.data import get_testdata_file
from viewer_scans import ramp, write_scan

from vlm_explorer.errors import FileProblem, UnreadableImage
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.colour_reading import ColourReading
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.render import render
from vlm_explorer.viewmodels.viewer_frames import FrameCache, FrameKey, prepare
from vlm_explorer.viewmodels.viewer_picture import FramePicture

CONTEXT = JobContext()
FILES = [
    "CT_small.dcm",
    "MR_small.dcm",
    "examples_palette.dcm",
    "SC_rgb_small_odd.dcm",
    "examples_overlay.dcm",
]


def frame_of(side: int) -> Frame:
    return Frame(values=np.zeros((side, side), np.float32), photometric="MONOCHROME2")


@pytest.mark.parametrize("name", FILES)
def test_that_the_first_picture_is_the_one_that_render_makes(name: str) -> None:
    path = Path(str(get_testdata_file(name)))
    loaded = FrameCache().load(FrameKey(str(path), 0), context=CONTEXT)
    picture = FramePicture(loaded, loaded.default, inverted=False)
    rendering = render(path)
    assert loaded.default == rendering.window
    drawn = picture.pixels(0, 0, 0, picture.rows, picture.columns)
    np.testing.assert_array_equal(drawn, rendering.pixels)


@pytest.mark.parametrize("name", FILES)
def test_that_a_part_of_a_picture_is_cut_from_the_whole(name: str) -> None:
    loaded = FrameCache().load(FrameKey(str(get_testdata_file(name)), 0), context=CONTEXT)
    picture = FramePicture(loaded, loaded.default, inverted=True)
    for level in range(picture.levels):
        rows, columns = picture.size(level)
        whole = picture.pixels(level, 0, 0, rows, columns)
        assert whole.shape[:2] == (rows, columns)
        part = picture.pixels(level, rows // 4, columns // 3, rows // 2, columns)
        np.testing.assert_array_equal(part, whole[rows // 4 : rows // 2, columns // 3 :])


def test_that_inversion_swaps_black_and_white_but_leaves_padding_black() -> None:
    values = ramp(8, 8, 0).astype(np.float32)
    padding = values < 8
    frame = Frame(values=values, photometric="MONOCHROME2", padding=padding)
    loaded = prepare(frame)
    plain = FramePicture(loaded, loaded.default, False).pixels(0, 0, 0, 8, 8)
    inverted = FramePicture(loaded, loaded.default, True).pixels(0, 0, 0, 8, 8)
    np.testing.assert_array_equal(inverted[1:], 255 - plain[1:])
    assert not inverted[0].any()
    assert loaded.lowest == 8


def test_that_the_last_used_frames_are_kept_up_to_a_size() -> None:
    reads: list[str] = []

    def read(path: Path, _frame: int, _colours: ColourReading) -> Frame:
        reads.append(path.name)
        return frame_of(64)

    cache = FrameCache(3 * prepare(frame_of(64)).nbytes, read)
    for name in ("a", "b", "c"):
        cache.load(FrameKey(name, 0), context=CONTEXT)
    assert cache.get(FrameKey("a", 0)) is not None
    cache.load(FrameKey("d", 0), context=CONTEXT)
    assert cache.get(FrameKey("b", 0)) is None
    assert cache.get(FrameKey("a", 0)) is not None
    cache.load(FrameKey("a", 0), context=CONTEXT)
    assert reads == ["a", "b", "c", "d"]


def test_that_two_threads_decode_a_frame_once() -> None:
    gate, reads = threading.Event(), []

    def read(path: Path, _frame: int, _colours: ColourReading) -> Frame:
        reads.append(path)
        assert gate.wait(10)
        return frame_of(8)

    cache = FrameCache(read=read)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.load, FrameKey("a", 0), context=JobContext())
        second = pool.submit(cache.load, FrameKey("a", 0), context=JobContext())
        gate.set()
        assert first.result(10) is second.result(10)
    assert len(reads) == 1


def test_that_a_frame_that_cannot_be_read_fails_for_all_and_is_tried_again() -> None:
    reads = []

    def read(path: Path, _frame: int, _colours: ColourReading) -> Frame:
        reads.append(path)
        raise UnreadableImage("It is damaged.")

    cache = FrameCache(read=read)
    for _ in range(2):
        with pytest.raises(UnreadableImage):
            cache.load(FrameKey("a", 0), context=CONTEXT)
    assert len(reads) == 2


def test_that_a_frame_of_another_number_is_another_frame(tmp_path: Path) -> None:
    path = write_scan(tmp_path / "a.dcm", ramp())
    cache = FrameCache()
    loaded = cache.load(FrameKey(str(path), 0), context=CONTEXT)
    np.testing.assert_array_equal(loaded.frame.values, ramp())
    assert cache.get(FrameKey(str(path), 1)) is None


@pytest.mark.slow
def test_that_every_real_file_is_drawn_as_render_draws_it_or_refused(test_data: Path) -> None:
    drawn = refused = 0
    cache = FrameCache(capacity=0)
    for path in sorted((test_data / "dicom" / "edge").iterdir()):
        try:
            loaded = cache.load(FrameKey(str(path), 0), context=CONTEXT)
        except FileProblem:
            refused += 1
            continue
        picture = FramePicture(loaded, loaded.default, inverted=False)
        pixels = picture.pixels(0, 0, 0, picture.rows, picture.columns)
        np.testing.assert_array_equal(pixels, render(path).pixels, err_msg=path.name)
        drawn += 1
    assert drawn > refused
