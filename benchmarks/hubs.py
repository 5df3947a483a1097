"""Processor seconds to count hubs among 100,000 images of 512 numbers, against numpy.

Counted as the columns of the map do: for how many other images each is among the ten nearest, in
blocks, among likely neighbours; and for how many of 1,256 prompts, exactly. numpy compares all with
all, in blocks, and sorts what it needs: of images a share of the rows is timed, and counts for all.
The share of true neighbours that are found is of those rows. Progress is told by block; the longest
time between two is how long a cancellation may wait.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from vlm_explorer.analysis.hubs import NEAREST, find_hubs, occurrences
from vlm_explorer.analysis.neighbours import nearest_of
from vlm_explorer.jobs import JobContext

IMAGES = int(os.environ.get("VLM_BENCH_IMAGES", "100000"))
DIMENSION, PROMPTS, SAMPLE = 512, 1256, 1000
_GROUPS, _LATENT = 24, 16
Found = TypeVar("Found")


class Clock(JobContext):
    """Remembers the longest processor time between two reports."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = 0.0
        self._last = time.process_time()

    def check(self) -> None:
        """Remember how long it took since the last time."""
        now = time.process_time()
        self.longest, self._last = max(self.longest, now - self._last), now
        super().check()


def run() -> dict[str, float | int]:
    images, prompts = _vectors(IMAGES, 1), _vectors(PROMPTS, 2)
    clock = Clock()
    taken, (found, _) = _timed(lambda: nearest_of(images, NEAREST + 1, 42, context=clock))
    counts = occurrences(found[:, 1:], len(images))
    rows = np.random.default_rng(3).choice(len(images), SAMPLE, replace=False)
    numpy_taken, exact = _timed(lambda: _numpy_nearest(images, rows))
    same = [len(np.intersect1d(found[row, 1:], own)) for row, own in zip(rows, exact, strict=True)]
    prompts_clock = Clock()
    asked, hubs = _timed(lambda: find_hubs(images, prompts, 20.0, context=prompts_clock))
    numpy_asked, expected = _timed(lambda: _numpy_counts(images, prompts))
    whole = numpy_taken * len(images) / SAMPLE
    return {
        "images": len(images),
        "among images: s of processor": taken,
        "among images: longest s until cancelled": clock.longest,
        "among images: s of numpy, exact (from a share)": whole,
        "among images: ratio to numpy": taken / whole,
        "among images: share of true neighbours found": float(np.mean(same)) / NEAREST,
        "among images: sum of counts": int(counts.sum()),
        "of prompts: s of processor": asked,
        "of prompts: longest s until cancelled": prompts_clock.longest,
        "of prompts: s of numpy": numpy_asked,
        "of prompts: ratio to numpy": asked / numpy_asked,
        "of prompts: counts that differ from numpy's": int((hubs.counts != expected).sum()),
    }


def _vectors(count: int, seed: int) -> np.ndarray:
    """Return float32 (count, 512) unit rows in groups that spread in a few directions each."""
    fixed, chance = np.random.default_rng(0), np.random.default_rng(seed)
    centres = fixed.standard_normal((_GROUPS, DIMENSION), np.float32) + 1
    spread = fixed.standard_normal((_LATENT, DIMENSION), np.float32) * 0.3
    rows = centres[chance.integers(0, _GROUPS, count)]
    rows = rows + chance.standard_normal((count, _LATENT), np.float32) @ spread
    rows += chance.standard_normal((count, DIMENSION), np.float32) * 0.1
    unit: np.ndarray = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def _timed(work: Callable[[], Found]) -> tuple[float, Found]:
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def _numpy_nearest(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    cosine = images[rows] @ images.T
    cosine[np.arange(len(rows)), rows] = -np.inf
    return np.argpartition(-cosine, NEAREST, axis=1)[:, :NEAREST]


def _numpy_counts(images: np.ndarray, prompts: np.ndarray) -> np.ndarray:
    cosine = images @ prompts.T
    nearest = np.argpartition(-cosine, NEAREST, axis=0)[:NEAREST]
    return np.bincount(nearest.ravel(), minlength=len(images))
