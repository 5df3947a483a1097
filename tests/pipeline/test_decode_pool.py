from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, get_frame

import vlm_explorer.pipeline.decode_pool as decode_pool
from vlm_explorer.encoders.preprocess import PreprocessConfig
from vlm_explorer.files.open_errors import DAMAGED_HINT
from vlm_explorer.files.scan import FoundFile, scan
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.decode_pool import DecodePool
from vlm_explorer.pipeline.decoding import DecodedImage, Opened, Refused


@pytest.fixture
def found(scans: Path) -> list[FoundFile]:
    return [file for file in scan([scans], context=JobContext()) if file.kind in ("dicom", "image")]


def events(pool: DecodePool, files: list[FoundFile]) -> list[tuple[str, object]]:
    pairs = pool.decode(files, JobContext())
    return [(file.path.name, event) for file, event in pairs if file is not None]


def test_that_files_come_in_their_order_each_closed_once(found: list[FoundFile]) -> None:
    with DecodePool(2, PreprocessConfig(size=32)) as pool:
        seen = events(pool, found)
    assert [name for name, event in seen if event is None] == [file.path.name for file in found]
    assert all(
        event.view.shape == (32, 32, 3) for _, event in seen if isinstance(event, DecodedImage)
    )


def test_that_files_may_come_late_and_the_caller_gets_its_turn_meanwhile(
    found: list[FoundFile],
) -> None:
    late: list[FoundFile | None] = [None, found[0], None, None, *found[1:3], None]
    with DecodePool(2, PreprocessConfig(size=32)) as pool:
        pairs = list(pool.decode(late, JobContext()))
    assert pairs[0] == (None, None)
    closed = [file for file, event in pairs if file is not None and event is None]
    assert closed == found[:3]


def test_that_a_decoder_that_dies_costs_one_file(
    found: list[FoundFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode_pool, "serve", serve_and_die)
    with DecodePool(1, PreprocessConfig(size=32)) as pool:
        seen = events(pool, found)
    refused = [(name, event.reason) for name, event in seen if isinstance(event, Refused)]
    assert refused == [("b.png", f"The file cannot be decoded: its decoder crashed (code -{9}).")]
    assert [name for name, event in seen if event is None] == [file.path.name for file in found]
    opened = [name for name, event in seen if isinstance(event, Opened)]
    assert opened == [file.path.name for file in found if file.path.name != "b.png"]


@pytest.mark.slow
def test_that_a_decoder_that_hangs_is_ended(
    found: list[FoundFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode_pool, "serve", serve_and_hang)
    with DecodePool(1, PreprocessConfig(size=32), time_limit=4) as pool:
        seen = events(pool, found[:2])
    refused = [(name, event.reason) for name, event in seen if isinstance(event, Refused)]
    assert refused == [("b.png", "The file cannot be decoded: decoding took longer than 4 s.")]


def serve_and_die(pipe: object, preprocess: PreprocessConfig, ct_window: str) -> None:
    """Decode, but die of b.png as a codec with a bad pointer would (child process)."""
    _serve(pipe, preprocess, lambda: os.kill(os.getpid(), signal.SIGKILL))


def serve_and_hang(pipe: object, preprocess: PreprocessConfig, ct_window: str) -> None:
    """Decode, but never come back from b.png (child process)."""
    _serve(pipe, preprocess, lambda: signal.pause())


def _serve(pipe, preprocess, at_b) -> None:
    from vlm_explorer.pipeline.decoding import decode_file

    while True:
        try:
            file = pipe.recv()
        except (EOFError, OSError):
            return
        if file.path.name == "b.png":
            at_b()
        for event in decode_file(file, preprocess):
            pipe.send(event)
        pipe.send(None)


def write_dicom(path: Path, name: str, **elements: object) -> Path:
    dataset = dcmread(get_testdata_file(name))
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path)
    return path


def abort_a_codec(path: Path) -> Path:
    """Damage one byte of a JPEG of 3 x 3 pixels; GDCM's decoder then ends the process."""
    dataset = dcmread(get_testdata_file("SC_rgb_small_odd_jpeg.dcm"))
    data = bytearray(get_frame(dataset.PixelData, 0, number_of_frames=1))
    data[177] = 254
    dataset.PixelData = encapsulate([bytes(data)])
    dataset.save_as(path)
    return path


def outcome(folder: Path) -> dict[str, tuple[int, list[str]]]:
    """Decode a folder: for each file how many images it gave, and the refusals in words."""
    files = list(scan([folder], context=JobContext()))
    found: dict[str, tuple[int, list[str]]] = {file.path.name: (0, []) for file in files}
    with DecodePool(2, PreprocessConfig(size=32)) as pool:
        for name, event in events(pool, files):
            images, reasons = found[name]
            if isinstance(event, Refused):
                reasons.append(event.reason)
            found[name] = images + isinstance(event, DecodedImage), reasons
    return found


def test_that_each_hostile_file_costs_one_row_and_the_run_goes_on(tmp_path: Path) -> None:
    write_dicom(tmp_path / "frames.dcm", "CT_small.dcm", NumberOfFrames=1_000_000)
    write_dicom(tmp_path / "large.dcm", "CT_small.dcm", Rows=60_000, Columns=60_000)
    write_dicom(tmp_path / "larger.dcm", "MR_small_jp2klossless.dcm", Rows=13_000, Columns=13_000)
    write_dicom(tmp_path / "whole.dcm", "CT_small.dcm")
    abort_a_codec(tmp_path / "abort.dcm")
    huge = Image.new("1", (20_000, 20_000))
    huge.save(tmp_path / "huge.png")
    huge.save(tmp_path / "huge.tif", compression="group4")
    found = outcome(tmp_path)
    assert found["whole.dcm"] == (1, [])
    assert found["frames.dcm"] == (
        1,
        [f"The file ends before frame 1 of 1,000,000. {DAMAGED_HINT}"],
    )
    too_many = "The picture has more pixels than can be opened safely."
    for name in ("large.dcm", "huge.png", "huge.tif"):
        assert found[name] == (0, [too_many])
    size = "The compressed picture is 64 x 64 pixels; the header says 13,000 x 13,000."
    size += f" {DAMAGED_HINT}"
    assert found["larger.dcm"] == (0, [size])
    images, reasons = found["abort.dcm"]
    # a later GDCM may see what is wrong and say so
    assert (images, len(reasons)) == (0, 1)
    assert "its decoder crashed" in reasons[0] or "damaged" in reasons[0]


def test_that_the_frames_before_the_end_of_a_file_are_kept(tmp_path: Path) -> None:
    path = write_dicom(tmp_path / "cut.dcm", "rtdose.dcm")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) - 4_000])  # ten of fifteen frames of 400 bytes, about
    images, reasons = outcome(tmp_path)["cut.dcm"]
    assert 5 <= images <= 6
    assert reasons == [f"The file ends before frame {images} of 15. {DAMAGED_HINT}"]


def serve_many_frames(pipe, preprocess, ct_window) -> None:
    """Hold the first file until it is let go; give 300 frames of every other (child process)."""
    from vlm_explorer.pipeline.decoding import DecodedImage

    while True:
        try:
            file = pipe.recv()
        except (EOFError, OSError):
            return
        gate = file.path.with_suffix(".open")
        if file.path.name == "first.png":
            while not gate.exists():
                pipe.poll(0.01)
        for number in range(300):
            pipe.send(DecodedImage(number, 1, 1, b"", np.zeros((8, 8, 3), np.uint8)))
        pipe.send(None)


def test_that_a_file_of_many_frames_waits_for_its_turn_outside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode_pool, "serve", serve_many_frames)
    for name in ("first.png", "second.png"):
        Image.new("L", (8, 8)).save(tmp_path / name)
    files = list(scan([tmp_path], context=JobContext()))
    beats, frames = 0, []
    with DecodePool(2, PreprocessConfig(size=8)) as pool:
        for file, event in pool.decode(files, JobContext()):
            if file is None and not frames:
                beats += 1
                ahead = [len(task.events) for task in pool._line]
                assert max(ahead) <= decode_pool._FRAMES_AHEAD
                if beats > 5 and max(ahead) == decode_pool._FRAMES_AHEAD:
                    (tmp_path / "first.open").touch()
            elif isinstance(event, DecodedImage):
                frames.append((file.path.name, event.frame))
    assert frames == [(name, i) for name in ("first.png", "second.png") for i in range(300)]


def test_that_what_was_begun_and_left_is_not_given_to_the_next(found: list[FoundFile]) -> None:
    with DecodePool(2, PreprocessConfig(size=32)) as pool:
        left = pool.decode(found, JobContext())
        next(pair for pair in left if pair[1] is not None)
        left.close()
        again = [file for file, event in pool.decode(found[2:], JobContext()) if event is None]
    assert [file for file in again if file is not None] == found[2:]
