"""The cache of training pictures: shards of small renderings with their captions and boxes.

Making pictures is slower than training on them, so it is done once, in as many processes as there
are cores, one file a shard; what is there is not made again.
"""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vlm_explorer.demo.image import DemoImage
from vlm_explorer.demo.study import generate_case, paraphrases
from vlm_explorer.demo.train_statements import Facts
from vlm_explorer.pixels.windowing import PRESETS, Window, apply_window

SIDE = 144
CASES_PER_SHARD = 100
CAPTIONS_PER_IMAGE = 12
VERSION = "1"


@dataclass(frozen=True, slots=True)
class Shards:
    """Training pictures in memory.

    Attributes:
        pictures: uint8 (N,2,SIDE,SIDE); the default rendering, then one with another window.
        facts: what is known about each.
        captions: several descriptions of each.
        boxes: for each image (finding, x0, y0, x1, y1), 0..1 of the padded square.
        labels: the findings' names joined by "; ", or "normal".
    """

    pictures: NDArray[np.uint8]
    facts: tuple[Facts, ...]
    captions: tuple[tuple[str, ...], ...]
    boxes: tuple[tuple[tuple[str, float, float, float, float], ...], ...]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.facts)


def facts_of(image: DemoImage) -> Facts:
    """Return what prompts can say about an image."""
    aspects = {word.lower() for word in (image.view, image.sequence) if word}
    return Facts(
        (image.modality_group, image.region),
        frozenset(aspects),
        frozenset((finding.name, finding.side) for finding in image.findings),
    )


def squared(grey: NDArray[np.uint8], side: int = SIDE) -> NDArray[np.uint8]:
    """Scale the longer side to `side`, bicubic, and pad with black: uint8 (side, side)."""
    rows, columns = grey.shape
    scale = side / max(rows, columns)
    size = (max(1, round(columns * scale)), max(1, round(rows * scale)))
    small = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BICUBIC))
    top, left = (side - size[1]) // 2, (side - size[0]) // 2
    square = np.zeros((side, side), dtype=np.uint8)
    square[top : top + size[1], left : left + size[0]] = small
    return square


def square_box(box: Sequence[float], rows: int, columns: int) -> tuple[float, float, float, float]:
    """Return a box (x0, y0, x1, y1) of the image as shares, 0..1, of the padded square."""
    longest = max(rows, columns)
    left, top = (longest - columns) / 2, (longest - rows) / 2
    x0, y0, x1, y1 = box
    return (
        (x0 + left) / longest, (y0 + top) / longest, (x1 + left) / longest, (y1 + top) / longest
    )  # fmt: skip


def other_rendering(image: DemoImage, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the picture through another window than its default: uint8 (rows, columns)."""
    values = image.stored.astype(np.float32) * np.float32(image.slope) + np.float32(image.intercept)
    if image.modality_group == "CT" and rng.random() < 0.5:
        names = [name for name in PRESETS if name != "stroke"]
        centre, width = PRESETS[names[int(rng.integers(len(names)))]]
        centre, width = centre + rng.normal() * 0.1 * width, width * np.exp(rng.normal() * 0.25)
    elif rng.random() < 0.5:
        centre = image.window[0] + rng.normal() * 0.15 * image.window[1]
        width = image.window[1] * np.exp(rng.normal() * 0.4)
    else:
        low, high = np.percentile(values, [rng.uniform(0, 8), rng.uniform(92, 100)])
        centre, width = (low + high) / 2, max(2.0, high - low)
    grey = apply_window(values, Window(float(centre), float(max(2.0, width)), "user"))
    return 255 - grey if image.photometric == "MONOCHROME1" else grey


def make_shard(folder: Path, seed: int, number: int) -> Path:
    """Make one shard of `CASES_PER_SHARD` cases, unless it is there; returns its file."""
    file = folder / f"shard-{seed}-{number:04d}.npz"
    if file.exists():
        return file
    pictures: list[NDArray[np.uint8]] = []
    notes: list[dict[str, Any]] = []
    for index in range(number * CASES_PER_SHARD, (number + 1) * CASES_PER_SHARD):
        for place, image in enumerate(generate_case(seed, index)):
            rng = np.random.default_rng([seed, 7, index, place])
            renderings = (image.rendered(), other_rendering(image, rng))
            pictures.append(np.stack([squared(grey) for grey in renderings]))
            notes.append(_notes(image, rng))
    text = json.dumps({"version": VERSION, "images": notes})
    part = file.with_suffix(f".part{os.getpid()}")
    with part.open("wb") as stream:
        np.savez(stream, pictures=np.stack(pictures), notes=np.frombuffer(text.encode(), np.uint8))
    part.replace(file)
    return file


def _notes(image: DemoImage, rng: np.random.Generator) -> dict[str, Any]:
    facts = facts_of(image)
    rows, columns = image.stored.shape
    return {
        "pair": facts.pair,
        "aspects": sorted(facts.aspects),
        "findings": sorted(facts.findings),
        "boxes": [(f.name, *square_box(f.box, rows, columns)) for f in image.findings],
        "captions": [image.caption, *paraphrases(image, rng, CAPTIONS_PER_IMAGE - 1)],
        "label": image.label,
    }


def make_shards(
    folder: Path, seed: int, count: int, *, processes: int, report: Callable[[int, int], None]
) -> None:
    """Make shards 0 to `count` - 1 of a seed, in child processes; what is there stays.

    Args:
        folder: made if missing.
        seed: of the study.
        count: how many shards.
        processes: how many at a time.
        report: called with (shards done, count) after each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        futures = [pool.submit(make_shard, folder, seed, number) for number in range(count)]
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            report(done, count)


def load_shards(folder: Path, limit: int | None = None) -> Shards:
    """Read all shards of a folder, or the first `limit` by name.

    Raises:
        FileNotFoundError: if there is none.
    """
    files = sorted(folder.glob("shard-*.npz"))[:limit]
    if not files:
        raise FileNotFoundError(f"no shards in {folder}")
    pictures, notes = [], []
    for file in files:
        with np.load(file) as content:
            pictures.append(content["pictures"])
            notes += json.loads(content["notes"].tobytes())["images"]
    return Shards(
        np.concatenate(pictures),
        tuple(_facts_from(note) for note in notes),
        tuple(tuple(note["captions"]) for note in notes),
        tuple(tuple((name, *box) for name, *box in note["boxes"]) for note in notes),
        tuple(str(note["label"]) for note in notes),
    )


def _facts_from(note: dict[str, Any]) -> Facts:
    group, region = note["pair"]
    findings = frozenset((name, side) for name, side in note["findings"])
    return Facts((group, region), frozenset(note["aspects"]), findings)
