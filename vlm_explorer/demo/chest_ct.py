"""Axial slices of the synthetic thorax, in Hounsfield units."""

from __future__ import annotations

from typing import Any

import numpy as np

from vlm_explorer.demo import texture
from vlm_explorer.demo.body import Array, Grid, paint, paint_solids, stamp, unit
from vlm_explorer.demo.chest import SIDES, Chest, Effusion, Opacity, Pneumothorax, sign_of
from vlm_explorer.demo.ct import AIR, paint_vertebrae
from vlm_explorer.demo.findings import Finding, boxed, large_enough


def chest_slice(
    chest: Chest, grid: Grid, z: float, values: dict[str, float], rng: np.random.Generator
) -> tuple[Array, tuple[Finding, ...]]:
    """One axial slice of the thorax in HU (before noise), and the findings that it shows."""
    image = np.full(grid.shape, AIR, np.float32)
    image_solids = [chest.torso[0], *chest.breasts, chest.torso[1]]
    paint_solids(image, grid, z, image_solids, values)
    _wall(image, chest, grid, z, values)
    found: list[Finding] = []
    for side in SIDES:
        found += _lung(image, chest, side, grid, z, values, rng)
    paint_solids(image, grid, z, list(chest.mediastinum), _mediastinal(values))
    paint_solids(image, grid, z, list(chest.airway), values)
    found += _heart(image, chest, grid, z, values)
    bones = [b for b in chest.bones if abs(b.centre[2] - z) <= b.radii[2] + 2]
    paint_vertebrae(image, grid, values, z, [b for b in bones if b.material == "spongy"])
    paint_solids(image, grid, z, [b for b in bones if b.material == "bone"], values)
    _ribs(image, chest, grid, z, values)
    return image, tuple(found)


def _mediastinal(values: dict[str, float]) -> dict[str, float]:
    return {**values, "muscle": values["fat"] * 0.55}


def _wall(image: Array, chest: Chest, grid: Grid, z: float, values: dict[str, float]) -> None:
    """Streaks of fat between the muscles of the chest wall."""
    cut = chest.torso[1].section(grid, z)
    if cut is None:
        return
    window, coverage = cut
    streaks = np.sin(grid.u[window] / 7 + 3 * np.sin(grid.v[window] / 19)) > 0.86
    paint(image, window, coverage * streaks * np.float32(0.5), values["fat"])


def _lung(
    image: Array,
    chest: Chest,
    side: str,
    grid: Grid,
    z: float,
    values: dict[str, float],
    rng: np.random.Generator,
) -> list[Finding]:
    lung, dome = chest.lungs[side], chest.domes[side]
    grain = texture.noise(rng, grid.shape, fine=1.2, slope=0.6)
    tubes = chest.vessels[side]
    near = np.abs(tubes.z - z) < tubes.radius + 0.8
    size = np.sqrt(np.maximum((tubes.radius[near] + 0.8) ** 2 - (tubes.z[near] - z) ** 2, 0.2))
    vessels = stamp(grid, tubes.x[near], tubes.y[near], size, chords=False)
    cut = lung.section(grid, z)
    if cut is None:
        return []
    window, coverage = cut
    depth = np.clip((grid.v[window] - lung.centre[1]) / lung.radii[1], -1, 1)
    value = values["lung"] + 22 * grain[window] + 35 * depth
    value = value + vessels[window] * np.float32(max(30.0, values["vessel"] * 0.5) - values["lung"])
    extents = _lung_lesions(chest, side, grid, z, values, rng, window, value)
    paint(image, window, coverage, value)
    dome_cut = dome.section(grid, z)
    if dome_cut is not None:
        organ = values["liver"] if side == "right" else values["spleen"]
        inside = np.zeros(grid.shape, np.float32)
        inside[window] = coverage
        paint(image, dome_cut[0], dome_cut[1] * unit(inside[dome_cut[0]] * 1.0), organ)
        for extent in extents.values():
            extent[dome_cut[0]] *= 1 - dome_cut[1]
    seen = np.zeros(grid.shape, np.float32)
    seen[window] = coverage
    visible = {name: seen * extent for name, extent in extents.items()}
    # the dome of the diaphragm may cover all of a lesion in this slice
    return [
        boxed(name, side, extent)
        for name, extent in visible.items()
        if large_enough(extent, grid.shape, 0)
    ]


def _lung_lesions(
    chest: Chest,
    side: str,
    grid: Grid,
    z: float,
    values: dict[str, float],
    rng: np.random.Generator,
    window: tuple[slice, slice],
    value: Array,
) -> dict[str, Array]:
    """Change the lung's values in place; returns the masks of what became visible."""
    extents: dict[str, Array] = {}
    field = chest.lungs[side].field(grid, z, window)
    for name in ("consolidation", "nodule", "pneumothorax", "pleural effusion"):
        lesion = chest.lesions.get((name, side))
        if lesion is None or (isinstance(lesion, Opacity) and lesion.solid.shrink(z) < 0.55):
            continue
        mask = np.zeros(grid.shape, np.float32)
        part = mask[window]
        paler: Any = values["lesion"]
        if isinstance(lesion, Opacity):
            part[:] = _opacity(lesion, name, grid, z, window, rng)
            if name == "consolidation":
                paler = values["consolidation"] - 500 * _bronchi(grid, window)
        elif isinstance(lesion, Pneumothorax):
            part[:] = _leak(lesion, chest, side, grid, z, window)
            paler = np.float32(AIR + 6)
        elif isinstance(lesion, Effusion):
            part[:] = _supine_fluid(lesion, chest, side, grid, z, window)
            paler = values["fluid"]
        inner = np.where(field < 0.97, part, 0)
        if large_enough(np.asarray(_embed(grid, window, inner)), grid.shape):
            if isinstance(lesion, Pneumothorax):
                # What is left of the lung is denser than before.
                value += (1 - part) * np.float32(320 * lesion.collapse)
            value += part * (paler - value)
            if isinstance(lesion, Pneumothorax):
                value += unit(1 - np.abs(part - 0.5) * 2) * (field < 0.97) * np.float32(520)
            extents[name] = mask
    return extents


def _embed(grid: Grid, window: tuple[slice, slice], part: Array) -> Array:
    whole = np.zeros(grid.shape, np.float32)
    whole[window] = part
    return whole


def _opacity(
    lesion: Opacity,
    name: str,
    grid: Grid,
    z: float,
    window: tuple[slice, slice],
    rng: np.random.Generator,
) -> Array:
    field = lesion.solid.field(grid, z, window)
    shape = field.shape
    if name == "nodule":
        rough = texture.noise(rng, grid.shape, fine=3)[: shape[0], : shape[1]]
        return unit((1 - field + 0.03 * rough) * 9 + 0.5)
    rough = texture.noise(rng, grid.shape, fine=4, slope=0.6)[: shape[0], : shape[1]]
    return unit((1.1 - field + 0.16 * rough) * 4) * np.float32(0.96)


def _bronchi(grid: Grid, window: tuple[slice, slice]) -> Array:
    """Air bronchograms: dark branching streaks."""
    u, v = grid.u[window], grid.v[window]
    ridge = np.sin(u / 9 + 1.7 * np.sin(v / 15)) * np.cos(v / 23 + 0.6 * np.sin(u / 11))
    return np.asarray(np.abs(ridge) < 0.045, np.float32)


def _leak(
    leak: Pneumothorax,
    chest: Chest,
    side: str,
    grid: Grid,
    z: float,
    window: tuple[slice, slice],
) -> Array:
    """Air rises to the front of a patient who lies on the back."""
    lung, s = chest.lungs[side], sign_of(side)
    scale = lung.shrink(z)
    x = lung.centre[0] - s * 0.35 * leak.collapse * lung.radii[0] * scale
    y = lung.centre[1] + 0.85 * leak.collapse * lung.radii[1] * scale
    du = (grid.u[window] - x) / (lung.radii[0] * scale * (1 - 0.35 * leak.collapse))
    dv = (grid.v[window] - y) / (lung.radii[1] * scale * (1 - 0.15 * leak.collapse))
    field = np.sqrt(du * du + dv * dv)
    return unit((field - 0.97) * lung.radii[0] * scale / 2.2)


def _supine_fluid(
    fluid: Effusion,
    chest: Chest,
    side: str,
    grid: Grid,
    z: float,
    window: tuple[slice, slice],
) -> Array:
    """Fluid sinks to the back: a crescent that climbs along the outer wall."""
    lung, s = chest.lungs[side], sign_of(side)
    scale = lung.shrink(z)
    fade = min(max((85 - z) / 90, 0.0), 1.0)
    depth = fluid.depth * fade
    y = lung.centre[1] - 1.35 * depth * lung.radii[1] * scale
    x = lung.centre[0] - s * 0.25 * depth * lung.radii[0] * scale
    du = (grid.u[window] - x) / (lung.radii[0] * scale * 1.04)
    dv = (grid.v[window] - y) / (lung.radii[1] * scale * 1.02)
    field = np.sqrt(du * du + dv * dv)
    behind = unit((grid.v[window] - lung.centre[1] + 25) / 20)
    return unit((field - 1) * lung.radii[0] * scale / 2.5) * behind


def _heart(
    image: Array, chest: Chest, grid: Grid, z: float, values: dict[str, float]
) -> list[Finding]:
    heart = chest.heart
    cut = heart.section(grid, z)
    if cut is None:
        return []
    window, coverage = cut
    field = heart.field(grid, z, window)
    dome = max(d.centre[2] + d.radii[2] for d in chest.domes.values())
    if z < dome - 45:
        return []
    u, v = grid.u[window] - heart.centre[0], grid.v[window] - heart.centre[1]
    muscle = values["muscle"] + 30
    tone = np.where(np.abs(field - 0.78) < 0.12, muscle, values["heart"])
    septum = np.abs(u * np.cos(0.8) + v * np.sin(0.8)) < 6
    tone = np.where(septum & (field < 0.85), muscle, tone)
    tone = np.where(field > 0.93, values["fat"], tone)
    paint(image, window, coverage, tone.astype(np.float32))
    if chest.enlarged and heart.shrink(z) > 0.8:
        whole = np.zeros(grid.shape, np.float32)
        whole[window] = coverage
        return [boxed("cardiomegaly", "", whole)]
    return []


def _ribs(image: Array, chest: Chest, grid: Grid, z: float, values: dict[str, float]) -> None:
    for tubes in (chest.ribs_back, chest.ribs_front):
        near = np.abs(tubes.z - z) < tubes.radius
        if not near.any():
            continue
        size = np.sqrt(tubes.radius[near] ** 2 - (tubes.z[near] - z) ** 2)
        x, y = tubes.x[near], tubes.y[near]
        shell = stamp(grid, x, y, size, chords=False)
        core = stamp(grid, x, y, np.maximum(size - 2.4, 0.1), chords=False)
        paint(image, grid.everywhere(), shell, values["bone"])
        paint(image, grid.everywhere(), core * np.float32(0.8), values["spongy"])
