"""A demo study with planted faults: scans saved again, images of nothing, swapped captions."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from vlm_explorer.demo.study import write_study
from vlm_explorer.pixels.render import render


@dataclass
class Planted:
    """The study's folder, and what was planted; files by their names within it."""

    folder: Path
    copies: list[tuple[str, str]] = field(default_factory=list)
    noise: list[str] = field(default_factory=list)
    swapped: list[str] = field(default_factory=list)


def plant(folder: Path, images: int, *, copies: int = 10, swaps: int = 5, seed: int = 3) -> Planted:
    """Write a demo study, and plant faults in it; captions are swapped across labels."""
    write_study(folder, images=images, seed=seed)
    rng = np.random.default_rng(seed)
    planted = Planted(folder)
    (folder / "planted").mkdir()
    with (folder / "captions.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    order = rng.permutation(len(rows)).tolist()
    for number, row in enumerate(order[:copies]):
        planted.copies.append((rows[row]["file"], _save_again(folder, rows[row]["file"], number)))
    for number, pixels in enumerate(_nothing(rng)):
        planted.noise.append(f"planted/nothing-{number}.png")
        Image.fromarray(pixels).save(folder / planted.noise[-1])
    rest = order[copies:]
    while len(planted.swapped) < 2 * swaps:
        one = rest.pop()
        other = next(row for row in rest if rows[row]["label"] != rows[one]["label"])
        rest.remove(other)
        captions = rows[one]["caption"], rows[other]["caption"]
        rows[other]["caption"], rows[one]["caption"] = captions
        planted.swapped += [rows[one]["file"], rows[other]["file"]]
    with (folder / "captions.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return planted


def _save_again(folder: Path, file: str, number: int) -> str:
    """Save what the viewer shows of a scan as a PNG or JPEG of another size."""
    picture = Image.fromarray(render(folder / file).pixels)
    scale = (1.3, 0.7)[number % 2]
    size = round(picture.width * scale), round(picture.height * scale)
    name = f"planted/copy-{number}.{('png', 'jpg')[number % 2]}"
    picture.resize(size, Image.Resampling.BICUBIC).save(folder / name, quality=80)
    return name


def _nothing(rng: np.random.Generator) -> list[np.ndarray]:
    """Return pictures of nothing medical, each unlike the others."""
    y, x = np.mgrid[:256, :256]
    return [
        rng.integers(0, 256, (256, 256), dtype=np.uint8),
        ((x // 16 + y // 16) % 2 * 255).astype(np.uint8),
        rng.integers(0, 256, (256, 256, 3), dtype=np.uint8),
        np.stack([x, y, 255 - x], axis=-1).astype(np.uint8),
    ]
