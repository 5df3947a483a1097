"""A disk that is full or read-only: a real one, small and in memory, where the system lets us."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vlm_explorer.collection.store import Collection
from vlm_explorer.collection.tables import storage_problem
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import StorageProblem
from vlm_explorer.pipeline.indexing import index


def mount(folder: Path, options: str) -> None:
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 300 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mount(folder, "size=300k")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system does not let the tests mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    folder = tmp_path / "many"
    folder.mkdir()
    random = np.random.default_rng(0)
    for number in range(120):
        pixels = random.integers(0, 256, (128, 128)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts a disk as Linux does")


def test_that_a_full_disk_is_named_and_the_run_goes_on_after_it_is_freed(
    small_disk: Path, many: Path, encoder: Encoder
) -> None:
    place = small_disk / "own.vlmx"
    with pytest.raises(StorageProblem, match="no room left"):
        index([many], to=place, encoder=encoder, workers=1)
    kept = Collection(place)
    assert kept.images.num_rows == len(kept.vectors())
    subprocess.run(
        ["mount", "-o", "remount,size=50m", str(small_disk)], check=True, capture_output=True
    )
    report = index([many], to=place, encoder=encoder, workers=1)
    assert report.images == Collection(place).images.num_rows == 120


def test_that_a_read_only_disk_is_named(small_disk: Path, many: Path, encoder: Encoder) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True, capture_output=True)
    with pytest.raises(StorageProblem, match="cannot be written to"):
        index([many], to=small_disk / "own.vlmx", encoder=encoder, workers=1)
    assert not list(small_disk.iterdir())


def test_that_other_errors_are_not_taken_for_a_full_disk() -> None:
    assert storage_problem(ValueError("bad schema"), Path()) is None
    assert storage_problem(OSError("LanceError(IO): ... (os error 28)"), Path()) is not None
