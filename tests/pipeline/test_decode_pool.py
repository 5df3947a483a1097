from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import vlm_explorer.pipeline.decode_pool as decode_pool
from vlm_explorer.encoders.preprocess import PreprocessConfig
from vlm_explorer.files.scan import FoundFile, scan
from vlm_explorer.jobs import JobContext
from vlm_explorer.pipeline.decode_pool import DecodePool
from vlm_explorer.pipeline.decoding import DecodedImage, Opened, Refused


@pytest.fixture
def found(scans: Path) -> list[FoundFile]:
    return [file for file in scan([scans], context=JobContext()) if file.kind in ("dicom", "image")]


def events(pool: DecodePool, files: list[FoundFile]) -> list[tuple[str, object]]:
    return [(file.path.name, event) for file, event in pool.decode(files, JobContext())]


def test_that_files_come_in_their_order_each_closed_once(found: list[FoundFile]) -> None:
    with DecodePool(2, PreprocessConfig(size=32)) as pool:
        seen = events(pool, found)
    assert [name for name, event in seen if event is None] == [file.path.name for file in found]
    assert all(
        event.view.shape == (32, 32, 3) for _, event in seen if isinstance(event, DecodedImage)
    )


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


def test_that_a_decoder_that_hangs_is_ended(
    found: list[FoundFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode_pool, "serve", serve_and_hang)
    with DecodePool(1, PreprocessConfig(size=32), time_limit=4) as pool:
        seen = events(pool, found[:2])
    refused = [(name, event.reason) for name, event in seen if isinstance(event, Refused)]
    assert refused == [("b.png", "The file cannot be decoded: decoding took longer than 4 s.")]


def serve_and_die(pipe: object, preprocess: PreprocessConfig) -> None:
    """Decode, but die of b.png as a codec with a bad pointer would (child process)."""
    _serve(pipe, preprocess, lambda: os.kill(os.getpid(), signal.SIGKILL))


def serve_and_hang(pipe: object, preprocess: PreprocessConfig) -> None:
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
