"""Computed tomography: Hounsfield units, reconstruction noise, table, circle of reconstruction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vlm_explorer.demo import texture
from vlm_explorer.demo.body import Array, Grid, Solid, Warp, paint, unit

AIR = -1000.0


def tissue_values(rng: np.random.Generator, contrast: bool) -> dict[str, float]:
    """Hounsfield units of the materials, with or without contrast medium."""
    blood = rng.uniform(130, 240) if contrast else rng.uniform(36, 46)
    organ = 1.0 if contrast else 0.0
    return {
        "air": AIR,
        "skin": 20.0,
        "fat": rng.uniform(-112, -92),
        "muscle": rng.uniform(48, 60) + 8 * organ,
        "lung": rng.uniform(-860, -790),
        "heart": blood * 0.8 + 8,
        "vessel": blood,
        "liver": rng.uniform(52, 64) + rng.uniform(40, 60) * organ,
        "spleen": rng.uniform(46, 54) + rng.uniform(55, 80) * organ,
        "kidney": 34 + rng.uniform(100, 140) * organ,
        "medulla": 30 + rng.uniform(60, 90) * organ,
        "pancreas": rng.uniform(36, 46) + 45 * organ,
        "bowel": rng.uniform(30, 45) + 15 * organ,
        "fluid": rng.uniform(2, 14),
        "bone": rng.uniform(550, 900),
        "spongy": rng.uniform(170, 300),
        "canal": 28.0,
        "lesion": rng.uniform(25, 55) + 20 * organ,
        "liver lesion": rng.uniform(0, 12) + rng.uniform(0, 28) * organ,
        "consolidation": rng.uniform(20, 45) + 25 * organ,
    }


def paint_vertebrae(
    image: Array, grid: Grid, values: dict[str, float], z: float, bodies: Sequence[Solid]
) -> None:
    """Vertebral body or disc, arch, processes and canal, for the bodies near the plane z."""
    for body in bodies:
        if abs(body.centre[2] - z) > body.radii[2] + 3:
            continue
        x, y = body.centre[0], body.centre[1]
        window = grid.window(x, y + 15, 62)
        u, v = grid.u[window] - x, grid.v[window] - y
        a, b = body.radii[0], body.radii[1] * 0.85
        f = np.sqrt((u / a) ** 2 + (v / b) ** 2)
        disc = abs(z - body.centre[2]) > body.radii[2] * 0.8
        inner = values["muscle"] + 40 if disc else values["spongy"]
        paint(
            image,
            window,
            unit((1 - f) * 12 + 0.5),
            values["bone"] * (0.45 if disc else 0.8),
        )
        paint(image, window, unit((0.88 - f) * 12 + 0.5), inner)
        arch = np.sqrt((u / 15) ** 2 + ((v - b - 7) / 13) ** 2)
        wings = (np.abs(v - b - 9 - 0.12 * np.abs(u)) < 5.5) & (np.abs(u) < 36)
        paint(image, window, unit((1 - arch) * 10 + 0.5), values["bone"] * 0.75)
        paint(image, window, (wings & (f > 1)).astype(np.float32), values["bone"] * 0.7)
        spine = (np.abs(u) < 4.5) & (v > b + 14) & (v < b + 40)
        paint(image, window, spine.astype(np.float32), values["bone"] * 0.75)
        canal = np.sqrt((u / 10) ** 2 + ((v - b - 6) / 8) ** 2)
        paint(image, window, unit((1 - canal) * 8 + 0.5), values["canal"])


def scanner_grid(
    rng: np.random.Generator, field: float, *, size: int = 256
) -> tuple[float, tuple[float, float], float]:
    """Spacing (mm), centre (mm) and rotation of one series."""
    centre = (float(rng.normal(0, 5)), float(rng.normal(0, 6)))
    return field / size, centre, float(rng.normal(0, 0.05))


def slice_grid(
    placing: tuple[float, tuple[float, float], float], warp: Warp, z: float, size: int = 256
) -> Grid:
    """The grid of one slice of a series; the warp runs on smoothly from slice to slice."""
    spacing, centre, angle = placing
    return Grid((size, size), spacing, centre=centre, angle=angle, warp=warp, level=z)


def finish(
    image: Array, rng: np.random.Generator, *, noise: float, table: float | None, circle: bool
) -> Array:
    """Blur of the kernel, quantum noise, the table below, and the circle of reconstruction."""
    rows, cols = image.shape
    image = texture.blur(image, 0.55)
    if table is not None:
        x = np.linspace(-1, 1, cols, dtype=np.float32)
        top = table - 0.09 * rows * x**2
        y = np.arange(rows, dtype=np.float32)[:, None]
        shell = np.abs(y - top) < 1.1
        image = np.where(shell & (np.abs(x) < 0.9) & (image < -500), np.float32(-150), image)
        foam = (y > top + 1) & (y < top + 9) & (np.abs(x) < 0.9) & (image < -900)
        image = np.where(foam, np.float32(-930), image)
    grain = texture.noise(rng, image.shape, fine=0.65, coarse=3.5)
    image = image + np.float32(noise) * grain
    if circle:
        y, x = np.ogrid[-1 : 1 : rows * 1j, -1 : 1 : cols * 1j]
        image = np.where(x * x + y * y > 1.0, np.float32(-1024), image)
    return np.clip(image, -1024, 3071)
