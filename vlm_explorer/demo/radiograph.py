"""Chest radiographs: rays through the synthetic thorax, attenuated by Beer and Lambert's law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vlm_explorer.demo import texture
from vlm_explorer.demo.body import Array, Grid, Interval, Solid, Warp, length, stamp, unit
from vlm_explorer.demo.chest import SIDES, Chest, Effusion, Opacity, Pneumothorax, Tubes, sign_of
from vlm_explorer.demo.findings import Finding, boxed

LUNG_DENSITY = 0.24
FAT_DENSITY = 0.90

PA, LATERAL = 1, 0


@dataclass(slots=True)
class Projection:
    """A radiograph in the making: line integrals, and the masks of what is to be seen.

    Attributes:
        soft: (rows, cols) mm of soft tissue along each ray.
        bone: (rows, cols) mm of bone along each ray.
        extents: masks in [0, 1] of the findings, by (finding, side).
    """

    grid: Grid
    axis: int
    soft: Array
    bone: Array
    extents: dict[tuple[str, str], Array]


def project(chest: Chest, grid: Grid, axis: int, rng: np.random.Generator) -> Projection:
    """Integrate the thorax along y (axis 1, PA) or x (axis 0, lateral)."""
    zero = np.zeros(grid.shape, np.float32)
    out = Projection(grid, axis, zero, zero.copy(), {})
    out.soft = _tissue(chest, grid, axis)
    for side in SIDES:
        out.soft -= _lung(chest, side, out, rng)
    for solid in (*chest.airway, chest.bubble):
        window, chord = solid.chord(grid, axis)
        out.soft[window] -= chord * np.float32(0.75)
    out.soft = np.maximum(out.soft, 0)
    _skeleton(chest, out, rng)
    return out


def _tissue(chest: Chest, grid: Grid, axis: int) -> Array:
    everywhere = grid.everywhere()
    fat, muscle = (length(s.interval(grid, axis, everywhere)) for s in chest.torso)
    soft = muscle + np.float32(FAT_DENSITY) * np.maximum(fat - muscle, 0)
    shoulder = unit((np.float32(205) - grid.v) / 80)
    if axis == PA:
        slope = unit((182 - grid.v - 0.45 * np.maximum(np.abs(grid.u) - 55, 0)) / 26)
        neck = unit((64 - np.abs(grid.u)) / 30) * 115
        arms = unit((np.abs(grid.u) - 128) / 45) * unit((grid.v - 20) / 110) * 40
        soft = np.maximum((soft + arms) * np.sqrt(slope), neck * (grid.v > 60))
    else:
        raised = unit(1 - ((grid.u + 10) / 62) ** 2) ** 0.5 * 150
        high = unit((grid.v - 95) / 60)
        soft = soft * np.sqrt(shoulder) * (1 - 0.35 * high) + raised * high
    for breast in chest.breasts:
        window, chord = breast.chord(grid, axis)
        share = np.float32(FAT_DENSITY * (0.62 if axis == PA else 0.5))
        soft[window] += share * chord
    return soft


def _lung(chest: Chest, side: str, out: Projection, rng: np.random.Generator) -> Array:
    """Soft tissue that is missing on each ray because of one lung, in mm; notes its findings."""
    grid, axis = out.grid, out.axis
    everywhere = grid.everywhere()
    lung = chest.lungs[side].interval(grid, axis, everywhere)
    heart = chest.heart.interval(grid, axis, everywhere)
    dome = chest.domes[side].interval(grid, axis, everywhere)

    def free(space: Interval) -> Array:
        """What neither the heart nor the dome takes of it; the space above the dome's floor."""
        taken = length(space, heart) + length(space, dome) - length(space, heart, dome)
        return np.maximum(length(space) - taken, 0)

    air = free(lung)
    air = air * _above_floor(chest.domes[side], grid)
    if axis == PA:
        air = np.maximum(air - np.float32(1.2) * _mediastinum(chest, grid), 0)
    missing = air * np.float32(1 - LUNG_DENSITY)
    vessels = _vessel_chords(chest.vessels[side], grid, axis)
    collapsed = chest.lesions.get(("pneumothorax", side))
    if isinstance(collapsed, Pneumothorax):
        missing, vessels = _pneumothorax(chest, side, collapsed, out, air, vessels, free)
    share = _opacities(chest, side, out, air, rng)
    fluid = chest.lesions.get(("pleural effusion", side))
    if isinstance(fluid, Effusion):
        share = np.maximum(share, _fluid(chest, side, fluid, out, air))
    missing = missing * (1 - share)
    present = unit(missing / 20)
    return missing - vessels * np.float32(1.7) * present - _nodules(chest, side, out) * present


def _above_floor(dome: Solid, grid: Grid) -> Array:
    floor = np.float32(dome.centre[2] + 6)
    return unit((grid.v - floor) / 12)


def _mediastinum(chest: Chest, grid: Grid) -> Array:
    """Depth in mm of what lies between the lungs, in a PA view."""
    total = np.zeros(grid.shape, np.float32)
    for solid in chest.mediastinum:
        window, chord = solid.chord(grid, PA)
        total[window] = np.maximum(total[window], chord)
    return total


def _vessel_chords(tubes: Tubes, grid: Grid, axis: int) -> Array:
    across = tubes.x if axis == PA else tubes.y
    return stamp(grid, across, tubes.z, np.maximum(tubes.radius, 0.55), chords=True)


def _pneumothorax(
    chest: Chest,
    side: str,
    air_leak: Pneumothorax,
    out: Projection,
    air: Array,
    vessels: Array,
    free: Callable[[Interval], Array],
) -> tuple[Array, Array]:
    """Missing tissue and vessels where the lung has shrunk towards its hilum."""
    lung, grid = chest.lungs[side], out.grid
    keep = 1 - air_leak.collapse
    s = sign_of(side)
    x, y, z = lung.centre
    a, b, c = lung.radii
    small = Solid(
        "lung",
        (x - s * a * (1 - keep), y, z - c * (1 - keep) * 0.75),
        (a * keep, b * (0.3 + 0.7 * keep), c * (0.25 + 0.75 * keep)),
        power=2.2,
    )
    inner = np.minimum(free(small.interval(grid, out.axis, grid.everywhere())), air)
    missing = air - inner * np.float32(LUNG_DENSITY * (1 + 1.6 * air_leak.collapse))
    across = grid.u - np.float32(small.centre[1 - out.axis])
    wide = small.radii[1 - out.axis]
    f = np.abs(across / wide) ** 2.2 + np.abs((grid.v - small.centre[2]) / small.radii[2]) ** 2.2
    f = f ** np.float32(1 / 2.2)
    visible = unit(air / 30)
    line = np.exp(-(((f - 1) * wide / 1.3) ** 2)) * 16 * visible
    lateral = unit((f - 0.99) * 40)
    out.extents["pneumothorax", side] = lateral * (air > 22) * (s * grid.u > 30)
    return missing - line, vessels * (1 - lateral)


def _opacities(
    chest: Chest, side: str, out: Projection, air: Array, rng: np.random.Generator
) -> Array:
    """Share of the lung's air on each ray that a consolidation has replaced."""
    lesion = chest.lesions.get(("consolidation", side))
    share: Array = np.zeros(out.grid.shape, np.float32)
    if not isinstance(lesion, Opacity):
        return share
    solid, other = lesion.solid, 1 - out.axis
    du = (out.grid.u - np.float32(solid.centre[other])) / np.float32(solid.radii[other])
    dv = (out.grid.v - np.float32(solid.centre[2])) / np.float32(solid.radii[2])
    f = np.sqrt(du * du + dv * dv)
    ragged = texture.noise(rng, out.grid.shape, fine=7, slope=1.0)
    f = f + np.float32(0.2) * ragged
    body = unit((1.12 - f) / 0.45)
    patchy = unit(0.92 + 0.06 * texture.noise(rng, out.grid.shape, fine=4))
    share = body * patchy * np.float32(0.66 if out.axis == PA else 0.62)
    out.extents["consolidation", side] = body * (air > 14)
    return share


def _fluid(chest: Chest, side: str, effusion: Effusion, out: Projection, air: Array) -> Array:
    """Share of the lung's air that fluid has replaced: up to a meniscus that climbs the wall."""
    grid, lung = out.grid, chest.lungs[side]
    if out.axis == PA:
        wall = lung.centre[0] + sign_of(side) * lung.radii[0]
        distance = np.abs(grid.u - np.float32(wall))
    else:
        distance = np.minimum(
            np.abs(grid.u - (lung.centre[1] + lung.radii[1])),
            np.abs(grid.u - (lung.centre[1] - lung.radii[1])) + 8,
        )
    level = effusion.level + 46 * np.exp(-distance / 26) - 0.06 * distance
    share = unit((level - grid.v) / 13 + 0.5)
    seen = share * (air > 6)
    if out.axis == PA:
        below = (np.abs(grid.u - lung.centre[0]) < lung.radii[0] * 0.95) & (
            grid.v > chest.domes[side].centre[2] + 40
        )
        seen = np.maximum(seen, share * below)
    out.extents["pleural effusion", side] = seen
    return share * np.float32(0.97)


def _nodules(chest: Chest, side: str, out: Projection) -> Array:
    lesion = chest.lesions.get(("nodule", side))
    extra = np.zeros(out.grid.shape, np.float32)
    if isinstance(lesion, Opacity):
        window, chord = lesion.solid.chord(out.grid, out.axis)
        extra[window] = np.sqrt(chord) * np.float32(8.5)
        out.extents["nodule", side] = (extra > 2).astype(np.float32)
    return extra


def _skeleton(chest: Chest, out: Projection, rng: np.random.Generator) -> None:
    grid, axis = out.grid, out.axis
    for solid in chest.bones:
        window, chord = solid.chord(grid, axis)
        out.bone[window] += chord * np.float32(0.24 if solid.material == "spongy" else 0.5)
        if solid.material == "spongy":
            # The end plates of a vertebra are denser than its body.
            rim = unit(1.5 - np.abs(np.abs(grid.v[window] - solid.centre[2]) - solid.radii[2] + 2))
            out.bone[window] += rim * np.minimum(chord, 20) * np.float32(0.25)
    strength = rng.uniform(0.75, 1.15)
    for tubes in (chest.ribs_back, chest.ribs_front):
        across = tubes.x if axis == PA else tubes.y
        whole = stamp(grid, across, tubes.z, tubes.radius, chords=True)
        core = stamp(grid, across, tubes.z, tubes.radius * np.float32(0.72), chords=True)
        dense = 1.5 if tubes is chest.ribs_back else 1.0
        out.bone += (whole - 0.62 * core) * np.float32(dense * strength)
    if axis == PA:
        _shoulders(out, rng)


def _shoulders(out: Projection, rng: np.random.Generator) -> None:
    """Clavicles, and the shoulder blades' inner borders."""
    grid = out.grid
    tilt, high = rng.uniform(4, 22), rng.uniform(108, 126)
    t = np.linspace(0, 1, 110, dtype=np.float32)
    thick = 6.0 + 1.6 * np.cos(2 * np.pi * t)
    blade = rng.uniform(0.35, 0.8)
    for s in (-1, 1):
        x = s * (14 + 138 * t)
        z = high + tilt * t + 8 * np.sin(2 * np.pi * t * 0.9) + rng.normal(0, 2)
        whole = stamp(grid, x, z, thick, chords=True)
        core = stamp(grid, x, z, thick * np.float32(0.66), chords=True)
        out.bone += (whole - 0.6 * core) * np.float32(1.6)
        inner, low = rng.uniform(104, 132), rng.uniform(-38, -10)
        du = (s * grid.u - inner) - 0.12 * (grid.v - low)
        plate = unit(du / 2.5) * unit((148 - s * grid.u) / 14)
        plate = plate * unit((grid.v - low - 0.9 * du) / 10) * unit((112 - grid.v) / 12)
        border = np.exp(-(((du - 2) / 2.2) ** 2))
        out.bone += plate * np.float32(5.5 * blade) * (1 + 0.8 * border)
        joint = np.hypot(s * grid.u - 172, (grid.v - high - 2) * 0.9)
        out.bone += np.sqrt(np.maximum(27**2 - joint**2, 0)) * np.float32(0.5)


def findings_of(out: Projection, chest: Chest) -> tuple[Finding, ...]:
    """The findings with their boxes; a heart that is too large has the heart's box."""
    found = []
    names = sorted({name for name, _ in out.extents})
    for name in names:
        for side in SIDES:
            extent = out.extents.get((name, side))
            if extent is not None and (extent > 0.5).sum() > 20:
                found.append(boxed(name, side, extent))
    if chest.enlarged:
        window, chord = chest.heart.chord(out.grid, out.axis)
        extent = np.zeros(out.grid.shape, np.float32)
        floor = chest.domes["left"].centre[2] + chest.domes["left"].radii[2] - 18
        extent[window] = (chord > 10) & (out.grid.v[window] > floor)
        found.append(boxed("cardiomegaly", "", extent))
    return tuple(found)


def chest_grid(rng: np.random.Generator, shape: tuple[int, int], axis: int) -> Grid:
    """Detector: field of view, a little tilt, patient not quite in the middle."""
    field = rng.uniform(325, 430)
    spacing = field / max(shape)
    tilt = rng.normal(0, 0.025)
    centre = (rng.normal(0, 6) + (0 if axis == PA else -2), rng.uniform(-30, 0))
    warp = Warp.random(rng, 3.2, 130)
    return Grid(shape, spacing, centre=centre, angle=tilt, upward=True, warp=warp)
