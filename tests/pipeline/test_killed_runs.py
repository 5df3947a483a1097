"""Runs killed at random points, in real processes: what the last one leaves is the same to a bit.

`pytest tests/pipeline/test_killed_runs.py --kills 20` kills as many as are wanted.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model_folders import build_siglip_folder
from PIL import Image
from pydicom.data import get_testdata_file
from scan_folder import build_scan_folder

from vlm_explorer.collection.records import (
    ImageRecord,
    ImageVector,
    Problem,
    TextRecord,
    TextVector,
    schema,
)
from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.writer import CollectionWriter

SCRIPT = Path(__file__).with_name("killable_run.py")
KILLS_IN_A_ROW = 3

pytestmark = pytest.mark.skipif(os.name == "nt", reason="SIGKILL is of POSIX")


def start(folder: Path, place: Path) -> subprocess.Popen[str]:
    """Start a run; return once its encoder is loaded."""
    command = [sys.executable, str(SCRIPT), str(folder), str(place), str(model_for(folder))]
    root = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": root}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    return process


def model_for(folder: Path) -> Path:
    return folder.with_name("model")


def finish(process: subprocess.Popen[str]) -> None:
    """Let a run come to its end."""
    assert process.wait(300) == 0
    assert process.stdout is not None
    process.stdout.close()


def kill_after(process: subprocess.Popen[str], seconds: float) -> None:
    """Kill -9 a run that far into its work, unless it is done by then."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of every few kills."""
    if "kills" in metafunc.fixturenames:
        left, rounds = int(metafunc.config.getoption("--kills")), []
        while left > 0:
            rounds.append(min(left, KILLS_IN_A_ROW))
            left -= KILLS_IN_A_ROW
        metafunc.parametrize(
            ("seed", "kills"),
            list(enumerate(rounds)),
            ids=[f"round{n}" for n in range(len(rounds))],
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scans, more images, a file of many frames, and one whose second half is missing.

    With them the folder of an encoder whose last bits depend on an image's place in its batch,
    where several threads share the work.
    """
    scans = build_scan_folder(tmp_path_factory.mktemp("killed") / "scans")
    numbers = np.random.default_rng(3)
    for number in range(60):
        pixels = numbers.integers(0, 256, (32, 32)).astype(np.uint8)
        Image.fromarray(pixels).save(scans / f"more-{number}.png")
    pages = [
        Image.fromarray(numbers.integers(0, 256, (24, 24)).astype(np.uint8)) for _ in range(40)
    ]
    pages[0].save(scans / "many.tif", save_all=True, append_images=pages[1:])
    build_siglip_folder(model_for(scans))
    cine = Path(str(get_testdata_file("examples_ybr_color.dcm"))).read_bytes()
    (scans / "cut.dcm").write_bytes(cine[: len(cine) // 2])
    return scans


def rows_of(place: Path, record: type[Any], name: str, dimension: int | None = None) -> list[Any]:
    """Return all rows of a table, in an order of their own."""
    table = Collection(place).table(name).read(schema(record, dimension))
    return sorted(table.to_pylist(), key=str)


def everything(place: Path) -> dict[str, list[Any]]:
    """Return what a collection holds, bit by bit, where its rows lie left aside."""
    entry = Collection(place).encoder_entry()
    vectors = f"vectors/{entry.key}"
    return {
        "images": rows_of(place, ImageRecord, "images"),
        "problems": rows_of(place, Problem, "problems"),
        "texts": rows_of(place, TextRecord, "texts"),
        "image vectors": rows_of(place, ImageVector, f"{vectors}.images", entry.dimension),
        "text vectors": rows_of(place, TextVector, f"{vectors}.texts", entry.dimension),
        "encoders": [*Collection(place).manifest.encoders, *Collection(place).manifest.unfinished],
    }


def assert_usable(place: Path) -> None:
    """What a killed run leaves can be read: every image has its vector, every file is whole."""
    collection = Collection(place)
    if not collection.models():
        return
    assert collection.missing_vectors() == 0
    files = collection.images["file"].to_pylist()
    frames = [file for file in files if file.endswith("many.tif")]
    assert len(frames) in (0, 40)


@dataclass(frozen=True)
class Whole:
    """A run that was not killed: the collection before it, what it made, and how long it took."""

    empty: Path
    expected: dict[str, list[Any]]
    seconds: float


@pytest.fixture(scope="module")
def whole(folder: Path) -> Whole:
    empty, place = folder.parent / "empty.vlmx", folder.parent / "whole.vlmx"
    with CollectionWriter(empty):
        pass
    shutil.copytree(empty, place)
    process = start(folder, place)
    begun = time.monotonic()
    finish(process)
    seconds = time.monotonic() - begun
    expected = everything(place)
    assert len(expected["images"]) == len(expected["image vectors"]) > 100
    return Whole(empty, expected, seconds)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_that_killed_runs_end_with_the_rows_and_the_bits_of_one_that_was_not(
    folder: Path, whole: Whole, seed: int, kills: int, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    place = tmp_path / "killed.vlmx"
    shutil.copytree(whole.empty, place)
    for _ in range(kills):
        kill_after(start(folder, place), chance.uniform(0, whole.seconds))
        assert_usable(place)
    finish(start(folder, place))
    assert everything(place) == whole.expected
