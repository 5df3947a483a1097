"""Ultrasound: echoes and speckle in the beams, then the conversion to a sector or a rectangle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.demo import texture
from vlm_explorer.demo.body import Array, unit
from vlm_explorer.demo.findings import Finding, boxed

ROWS, COLS = 256, 320
DEPTHS, BEAMS = 300, 220


@dataclass(frozen=True, slots=True)
class Scene:
    """What lies under the transducer; depth and width run from 0 to 1 and from -1 to 1.

    Attributes:
        organ: liver, kidney or breast.
        lesion: cystic lesion, solid lesion, or empty.
        place: width, depth and the two radii of the lesion.
    """

    organ: str
    lesion: str
    place: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Fan:
    """Geometry of the picture: curved (sector) or linear."""

    curved: bool
    opening: float
    origin: float
    reach: float

    def beams(self) -> tuple[Array, Array, Array]:
        """For every pixel its depth index, its beam index, and whether it is insonified."""
        y, x = np.mgrid[0:ROWS, 0:COLS].astype(np.float32)
        if not self.curved:
            depth = (y - 14) / np.float32(ROWS - 26)
            width = (x - COLS / 2) / np.float32(COLS * 0.5 * self.reach)
        else:
            px, py = x - COLS / 2, y - 8 + np.float32(self.origin)
            radius = np.hypot(px, py)
            depth = (radius - self.origin * 1.0) / np.float32(ROWS - 20)
            width = np.arctan2(px, py) / np.float32(self.opening)
        seen = (depth >= 0) & (depth < 1) & (np.abs(width) < 1)
        return depth * (DEPTHS - 1), (width + 1) / 2 * (BEAMS - 1), seen


def random_fan(rng: np.random.Generator, organ: str) -> Fan:
    """A linear transducer for the breast, a curved one for the abdomen."""
    if organ == "breast":
        return Fan(False, 0.0, 0.0, float(rng.uniform(0.82, 0.98)))
    return Fan(True, float(rng.uniform(0.5, 0.72)), float(rng.uniform(40, 95)), 1.0)


def random_scene(rng: np.random.Generator, organ: str, lesion: str) -> Scene:
    """A scene with a lesion of medium to large size, or none."""
    r = rng.uniform(0.12, 0.19)
    place = (rng.uniform(-0.42, 0.42), rng.uniform(0.36, 0.6), r * 1.5, r)
    return Scene(organ, lesion, place)


def ultrasound(
    scene: Scene, fan: Fan, rng: np.random.Generator
) -> tuple[Array, tuple[Finding, ...]]:
    """Display signal in [0, 1], and the findings."""
    from scipy import ndimage

    depth = np.linspace(0, 1, DEPTHS, dtype=np.float32)[:, None]
    width = np.linspace(-1, 1, BEAMS, dtype=np.float32)
    wavy = 0.03 * texture.noise(rng, (DEPTHS, BEAMS), fine=22)
    organs = {"liver": _liver, "kidney": _kidney, "breast": _breast}
    echo = organs[scene.organ](depth + wavy, width + wavy, rng)
    gain = np.zeros((DEPTHS, BEAMS), np.float32)
    mask = _lesion(echo, gain, scene, depth, width, rng) if scene.lesion else None
    real, imaginary = (
        ndimage.gaussian_filter(
            rng.standard_normal((DEPTHS, BEAMS), dtype=np.float32), (0.75, 1.25)
        )
        for _ in range(2)
    )
    speckle = np.hypot(real, imaginary)
    speckle /= speckle.mean()
    attenuation = -rng.uniform(2, 10) * depth + rng.uniform(0, 8) * np.sin(depth * np.pi)
    level = echo + gain + attenuation + 20 * np.log10(np.maximum(speckle, 0.02))
    level += np.where(depth < 0.025, np.float32(18), np.float32(0))
    span = rng.uniform(48, 60)
    signal = unit((level + span) / span)
    rows, cols, seen = fan.beams()
    where = np.stack([np.clip(rows, 0, DEPTHS - 1), np.clip(cols, 0, BEAMS - 1)])
    picture = ndimage.map_coordinates(signal, where, order=1) * seen
    if mask is None:
        return np.asarray(picture, np.float32), ()
    extent = ndimage.map_coordinates(mask, where, order=1) * seen
    return np.asarray(picture, np.float32), (boxed(scene.lesion, "", extent),)


def _lesion(
    echo: Array, gain: Array, scene: Scene, depth: Array, width: Array, rng: np.random.Generator
) -> Array:
    """Change the echo levels (dB) and what lies behind, in place; returns the mask."""
    x, y, a, b = scene.place
    rough = texture.noise(rng, (DEPTHS, BEAMS), fine=10)
    cystic = scene.lesion == "cystic lesion"
    field = np.hypot((width - np.float32(x)) / a, (depth - np.float32(y)) / b)
    field = field * (1 + np.float32(0.02 if cystic else 0.09) * rough)
    mask = unit((1 - field) * 9 + 0.5)
    behind = unit((depth - y) / b) * unit((1 - np.abs(width - x) / a) * 5)
    behind = behind * (1 - mask)
    if cystic:
        echo += mask * (np.float32(-75) - echo)
        echo += np.exp(-(((field - 1.03) * 16) ** 2)) * np.float32(7)
        gain += behind * np.float32(rng.uniform(7, 11))
        return mask
    bright = scene.organ == "liver" and rng.random() < 0.4
    spots = texture.noise(rng, (DEPTHS, BEAMS), fine=4)
    inner = (-7.0 if bright else -33.0) + 3.0 * spots
    echo += mask * (inner.astype(np.float32) - echo)
    if not bright:
        gain -= behind * np.float32(rng.uniform(6, 12))
    return mask


def _wall(depth: Array, rng: np.random.Generator, end: float) -> Array:
    """Echo levels of skin, fat and muscle above an organ, in dB."""
    layers = np.where(depth < end * 0.35, -16.0, np.where(depth < end * 0.7, -26.0, -20.0))
    lines = 7 * np.sin(depth * 190 + rng.uniform(0, 6)) * (depth > end * 0.35)
    return np.asarray(layers + lines * (depth < end), np.float32)


def _liver(depth: Array, width: Array, rng: np.random.Generator) -> Array:
    end = rng.uniform(0.1, 0.17)
    echo = np.where(depth < end, _wall(depth, rng, end), np.float32(-20))
    echo = echo + 0 * width
    for _ in range(int(rng.integers(3, 7))):
        x0, y0, tilt = rng.uniform(-0.9, 0.9), rng.uniform(0.25, 0.8), rng.uniform(-0.5, 0.5)
        away = np.abs((depth - y0) - tilt * (width - x0)) / np.hypot(1, tilt)
        reach = np.abs(width - x0) < rng.uniform(0.12, 0.35)
        bore = rng.uniform(0.006, 0.018)
        echo = np.where(reach & (away < bore), np.float32(-60), echo)
        if rng.random() < 0.5:
            echo = np.where(reach & (np.abs(away - bore - 0.008) < 0.007), np.float32(-10), echo)
    arc = 0.86 + 0.1 * width * rng.choice((-1, 1)) - 0.1 * width**2
    echo = np.where(np.abs(depth - arc) < 0.009, np.float32(-2), echo)
    return np.where(depth > arc + 0.009, np.float32(-28), echo).astype(np.float32)


def _kidney(depth: Array, width: Array, rng: np.random.Generator) -> Array:
    end = rng.uniform(0.1, 0.16)
    echo = np.where(depth < end, _wall(depth, rng, end), np.float32(-19)) + 0 * width
    x0, y0, tilt = rng.uniform(-0.15, 0.15), rng.uniform(0.47, 0.56), rng.uniform(-0.15, 0.15)
    a, b = rng.uniform(0.72, 0.9), rng.uniform(0.2, 0.26)
    f = np.hypot((width - x0) / a, (depth - y0 - tilt * (width - x0)) / b)
    echo = np.where(f < 1, np.float32(-29), echo)
    echo = np.where(np.abs(f - 1.02) < 0.035, np.float32(-9), echo)
    pyramid = (
        (np.sin(7 * np.arctan2((depth - y0) / b, (width - x0) / a)) > 0.3) & (f > 0.5) & (f < 0.8)
    )
    echo = np.where(pyramid, np.float32(-38), echo)
    echo = np.where(f < 0.46, np.float32(-6), echo)
    return np.where(depth > 0.88, np.float32(-12), echo).astype(np.float32)


def _breast(depth: Array, width: Array, rng: np.random.Generator) -> Array:
    fat, gland, muscle = rng.uniform(0.14, 0.24), rng.uniform(0.6, 0.7), rng.uniform(0.76, 0.84)
    lobes = texture.noise(rng, (DEPTHS, BEAMS), fine=9)
    echo = np.where(depth < 0.05, np.float32(-8), np.float32(-30) + 3 * lobes)
    tissue = (depth > fat + 0.03 * lobes) & (depth < gland)
    echo = np.where(tissue, -13 + 5 * lobes, echo)
    septa = np.abs(texture.noise(rng, (DEPTHS, BEAMS), fine=7)) < 0.07
    echo = np.where(septa & (depth > 0.05) & (depth < muscle), echo + 8, echo)
    stripes = -24 + 9 * np.sin(depth * 230 + 6 * width)
    echo = np.where((depth > gland + 0.06) & (depth < muscle), stripes, echo)
    echo = np.where(np.abs(depth - muscle) < 0.012, np.float32(-1), echo)
    return np.where(depth > muscle + 0.012, np.float32(-42), echo).astype(np.float32)
