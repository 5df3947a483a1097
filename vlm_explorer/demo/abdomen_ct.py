"""Axial slices of the synthetic abdomen, in Hounsfield units."""

from __future__ import annotations

import numpy as np

from vlm_explorer.demo import texture
from vlm_explorer.demo.abdomen import Abdomen
from vlm_explorer.demo.body import Array, Grid, Solid, paint, paint_solids, stamp, unit
from vlm_explorer.demo.chest import SIDES, Tubes, sign_of
from vlm_explorer.demo.ct import paint_vertebrae
from vlm_explorer.demo.findings import Finding, boxed, large_enough


def abdomen_slice(
    abdomen: Abdomen, grid: Grid, z: float, values: dict[str, float], rng: np.random.Generator
) -> tuple[Array, tuple[Finding, ...]]:
    """One axial slice in HU (before noise), and the findings that it shows."""
    image = np.full(grid.shape, values["air"], np.float32)
    paint_solids(image, grid, z, list(abdomen.wall), values)
    cut = abdomen.cavity.section(grid, z)
    if cut is None:
        return image, ()
    window, inside = cut
    room = np.zeros(grid.shape, np.float32)
    room[window] = inside
    cavity = image.copy()
    strands = texture.noise(rng, grid.shape, fine=1.2, slope=1.0)
    cavity[window] = values["fat"] + 9 * strands[window]
    _bowels(cavity, abdomen, grid, z, values, rng)
    paint_solids(cavity, grid, z, list(abdomen.organs), values)
    _stomach(cavity, abdomen.stomach, grid, z, values)
    found = _liver(cavity, abdomen, grid, z, values, rng)
    paint_solids(cavity, grid, z, list(abdomen.vessels), values)
    for side in SIDES:
        found += _kidney(cavity, abdomen, side, grid, z, values, room)
    paint(image, window, inside, cavity[window])
    paint_solids(image, grid, z, list(abdomen.muscles), values)
    paint_vertebrae(image, grid, values, z, abdomen.spine)
    _paint_ribs(image, abdomen.ribs, grid, z, values)
    return image, tuple(found)


def _paint_ribs(image: Array, ribs: Tubes, grid: Grid, z: float, values: dict[str, float]) -> None:
    near = np.abs(ribs.z - z) < ribs.radius
    size = np.sqrt(ribs.radius[near] ** 2 - (ribs.z[near] - z) ** 2)
    shell = stamp(grid, ribs.x[near], ribs.y[near], size, chords=False)
    paint(image, grid.everywhere(), shell, values["bone"] * 0.7)


def _bowels(
    cavity: Array,
    abdomen: Abdomen,
    grid: Grid,
    z: float,
    values: dict[str, float],
    rng: np.random.Generator,
) -> None:
    mottle = texture.noise(rng, grid.shape, fine=1.6)
    for solid, content in abdomen.loops:
        cut = solid.section(grid, z)
        if cut is None:
            continue
        window, coverage = cut
        paint(cavity, window, coverage, values["bowel"])
        field = solid.field(grid, z, window)
        lumen = unit((0.8 - field) * 8 + 0.5) * coverage
        above = unit((solid.centre[1] + 1 - grid.v[window]) / 1.5 + 0.5)
        if content == "gas":
            paint(cavity, window, lumen, values["fluid"] + 15)
            paint(cavity, window, lumen * above, values["air"] * 0.96)
        elif content == "stool":
            paint(
                cavity,
                window,
                lumen,
                np.where(mottle[window] > 0.7, -600, 20 + 30 * mottle[window]),
            )
        elif content == "contrast":
            paint(cavity, window, lumen, 320.0)
        elif content == "fluid":
            paint(cavity, window, lumen, values["fluid"] + 8)


def _stomach(cavity: Array, stomach: Solid, grid: Grid, z: float, values: dict[str, float]) -> None:
    cut = stomach.section(grid, z)
    if cut is None:
        return
    window, coverage = cut
    paint(cavity, window, coverage, values["bowel"] + 10)
    field = stomach.field(grid, z, window)
    lumen = unit((0.86 - field) * 12 + 0.5) * coverage
    paint(cavity, window, lumen, values["fluid"] + 14)
    air = unit((stomach.centre[1] - 8 - grid.v[window]) / 1.5 + 0.5)
    paint(cavity, window, lumen * air, values["air"] * 0.97)


def _liver(
    cavity: Array,
    abdomen: Abdomen,
    grid: Grid,
    z: float,
    values: dict[str, float],
    rng: np.random.Generator,
) -> list[Finding]:
    organ = np.zeros(grid.shape, np.float32)
    for solid in abdomen.liver:
        cut = solid.section(grid, z)
        if cut is not None:
            organ[cut[0]] = np.maximum(organ[cut[0]], cut[1])
    if organ.max() < 0.5:
        return []
    tone = values["liver"] + 2.5 * texture.noise(rng, grid.shape, fine=2)
    tubes = abdomen.branches
    near = np.abs(tubes.z - z) < tubes.radius
    size = np.sqrt(tubes.radius[near] ** 2 - (tubes.z[near] - z) ** 2)
    veins = stamp(grid, tubes.x[near], tubes.y[near], size, chords=False)
    tone += veins * np.float32(values["vessel"] * 0.9 + 4 - values["liver"])
    everywhere = grid.everywhere()
    extent = np.zeros(grid.shape, np.float32)
    for solid in abdomen.lesions.get(("liver lesion", "right"), ()):
        if solid.shrink(z) < 0.6:
            continue
        field = solid.field(grid, z, everywhere)
        field = field + np.float32(0.05) * texture.noise(rng, grid.shape, fine=5)
        core = unit((1 - field) * 9 + 0.5)
        paint(tone, everywhere, core, values["liver lesion"])
        extent = np.maximum(extent, core * organ)
    visible = large_enough(extent, grid.shape)
    if not visible and extent.max() > 0:
        tone = np.full(grid.shape, values["liver"], np.float32)
    paint(cavity, everywhere, organ, tone)
    return [boxed("liver lesion", "", extent)] if visible else []


def _kidney(
    cavity: Array,
    abdomen: Abdomen,
    side: str,
    grid: Grid,
    z: float,
    values: dict[str, float],
    room: Array,
) -> list[Finding]:
    kidney = abdomen.kidneys[side]
    cut = kidney.section(grid, z)
    if cut is not None:
        window, coverage = cut
        u, v = grid.u[window] - kidney.centre[0], grid.v[window] - kidney.centre[1]
        field = kidney.field(grid, z, window)
        paint(cavity, window, coverage, values["kidney"])
        pyramids = (np.sin(7 * np.arctan2(v, u)) > 0.1) & (field < 0.74) & (field > 0.35)
        paint(cavity, window, pyramids.astype(np.float32) * coverage, values["medulla"])
        hilum = np.hypot((u + sign_of(side) * 15) / 20, v / 9)
        sinus = unit((1 - hilum) * 5) * (abs(z - kidney.centre[2]) < 30)
        paint(cavity, window, sinus, values["fat"])
        pelvis = np.hypot((u + sign_of(side) * 12) / 7, v / 4)
        paint(cavity, window, unit((1 - pelvis) * 4) * (sinus > 0.5), values["fluid"] + 10)
    for cyst in abdomen.lesions.get(("kidney cyst", side), ()):
        hole = cyst.section(grid, z)
        if hole is None or cyst.shrink(z) < 0.6:
            continue
        extent = np.zeros(grid.shape, np.float32)
        extent[hole[0]] = hole[1] * room[hole[0]]
        if large_enough(extent, grid.shape):
            paint(cavity, *hole, values["fluid"])
            return [boxed("kidney cyst", side, extent)]
    return []
