"""A random head: scalp, skull, brain and its lesions, painted with the values of any modality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.demo import texture
from vlm_explorer.demo.body import Array, Grid, Solid, Window, paint, paint_solids, unit
from vlm_explorer.demo.chest import sign_of
from vlm_explorer.demo.findings import Finding, boxed, large_enough


@dataclass(frozen=True, slots=True)
class BrainLesion:
    """A haemorrhage or a tumour: `kind` is bleed, crescent, ring or solid."""

    name: str
    side: str
    kind: str
    solid: Solid
    halo: float


@dataclass(frozen=True, slots=True)
class Head:
    """One head; millimetres, z = 0 at the level of the frontal horns."""

    shells: tuple[Solid, ...]
    brain: Solid
    grey: tuple[Solid, ...]
    fluid: tuple[Solid, ...]
    folds: tuple[Array, Array]
    atrophy: float
    lesions: tuple[BrainLesion, ...]


def random_head(rng: np.random.Generator, wanted: list[tuple[str, str]], size: int = 256) -> Head:
    """A head of random size, age and lesions; the folds are drawn on a grid of `size` pixels."""
    wide, long = rng.uniform(0.93, 1.07), rng.uniform(0.93, 1.07)
    atrophy = rng.uniform(0, 1)
    scalp = rng.uniform(3.5, 8)
    table = rng.uniform(2.0, 3.2)
    a, b, c = 67 * wide, 84 * long, 88.0
    layers = [
        ("skin", scalp + 3 * table + 2.5),
        ("fat", scalp + 3 * table + 0.8),
        ("muscle", 3 * table + 1.2),
        ("bone", 3 * table),
        ("marrow", 2 * table),
        ("bone", table),
        ("csf", 0.0),
    ]
    shells = tuple(
        Solid(m, (0, 0, -6), (a + t + 2, b + t + 2, c + t + 2), power=2.2) for m, t in layers
    )
    brain = Solid("grey", (0, 0, -6), (a - 1.5 * atrophy, b - 1.5 * atrophy, c), power=2.2)
    folds = tuple(texture.noise(rng, (size, size), fine=2.6, coarse=4.5) for _ in range(2))
    return Head(
        shells=shells,
        brain=brain,
        grey=_nuclei(wide, long),
        fluid=_ventricles(rng, wide, long, atrophy),
        folds=(folds[0], folds[1]),
        atrophy=atrophy,
        lesions=tuple(_lesion(rng, name, side, brain) for name, side in wanted),
    )


def _nuclei(wide: float, long: float) -> tuple[Solid, ...]:
    out = []
    for s in (-1, 1):
        out += [
            Solid("nuclei", (s * 11 * wide, 6 * long, -5), (9, 14, 11), angle=-s * 0.35),
            Solid("nuclei", (s * 26 * wide, -9 * long, -4), (7, 17, 12), angle=-s * 0.3),
            Solid("nuclei", (s * 15 * wide, -24 * long, 3), (5, 9, 13), angle=-s * 0.3),
        ]
    return tuple(out)


def _ventricles(
    rng: np.random.Generator, wide: float, long: float, atrophy: float
) -> tuple[Solid, ...]:
    k = 0.75 + 0.75 * atrophy
    out = [Solid("csf", (0, -2, -8), (2.2 * k, 13 * long, 11))]
    for s in (-1, 1):
        uneven = rng.uniform(0.85, 1.15)
        out += [
            Solid("csf", (s * 9 * wide, -27 * long, 9), (5 * k * uneven, 17, 15), angle=s * -0.32),
            Solid("csf", (s * 12 * wide, 0, 19), (5 * k * uneven, 30 * long, 10), angle=s * -0.05),
            Solid("csf", (s * 21 * wide, 27 * long, 5), (5.5 * k, 20, 17), angle=s * -0.5),
            Solid(
                "csf", (s * 50 * wide, -12 * long, -4), (15, 1.8 + 2 * atrophy, 15), angle=s * 0.35
            ),
        ]
    return tuple(out)


def _lesion(rng: np.random.Generator, name: str, side: str, brain: Solid) -> BrainLesion:
    s = sign_of(side)
    kinds = ("bleed", "bleed", "crescent") if name == "haemorrhage" else ("ring", "ring", "solid")
    kind = str(rng.choice(kinds))
    r = rng.uniform(14, 24)
    angle = rng.uniform(-1.25, 1.25)
    reach = rng.uniform(0.42, 0.62)
    centre = (
        s * brain.radii[0] * reach * np.cos(angle) + s * 4,
        brain.radii[1] * reach * np.sin(angle),
        rng.uniform(-6, 34),
    )
    squash = rng.uniform(0.78, 1.2)
    solid = Solid(kind, centre, (r * squash, r / squash, r * 1.15), angle=rng.uniform(-0.7, 0.7))
    return BrainLesion(name, side, kind, solid, halo=rng.uniform(1.4, 1.9))


def head_slice(
    head: Head, grid: Grid, z: float, values: dict[str, float], rng: np.random.Generator
) -> tuple[Array, tuple[Finding, ...]]:
    """One axial slice in the given values (HU, or signal), and the findings that it shows."""
    image = np.full(grid.shape, values["air"], np.float32)
    paint_solids(image, grid, z, list(head.shells), values)
    cut = head.brain.section(grid, z)
    if cut is None:
        return image, ()
    window, coverage = cut
    pushed = _pushed(head, grid, z)
    brain = np.full(grid.shape, values["white"], np.float32)
    _cortex(brain, head, pushed, z, window, values)
    paint_solids(brain, pushed, z, list(head.grey), values)
    _midline(brain, pushed, z, values)
    paint_solids(brain, pushed, z, list(head.fluid), values)
    found = []
    inside = np.zeros(grid.shape, np.float32)
    inside[window] = coverage
    for lesion in head.lesions:
        extent = _paint_lesion(brain, lesion, head, grid, z, values, rng, inside)
        if extent is not None:
            found.append(boxed(lesion.name, lesion.side, extent))
    paint(image, window, coverage, brain[window])
    return image, tuple(found)


def _pushed(head: Head, grid: Grid, z: float) -> Grid:
    """The grid with the normal brain displaced by its lesions."""
    from copy import copy

    out = copy(grid)
    for lesion in head.lesions:
        solid = lesion.solid
        if solid.shrink(z) < 0.55 and lesion.kind != "crescent":
            continue
        r = max(solid.radii[:2])
        du, dv = out.u - np.float32(solid.centre[0]), out.v - np.float32(solid.centre[1])
        near = np.exp(-(du * du + dv * dv) / np.float32(2 * (1.5 * r) ** 2))
        out.u = out.u - np.float32(0.22) * du * near
        out.v = out.v - np.float32(0.22) * dv * near
    return out


def _cortex(
    brain: Array, head: Head, grid: Grid, z: float, window: Window, values: dict[str, float]
) -> None:
    """Grey matter along the surface and along the folds; cerebrospinal fluid in the furrows."""
    phase = np.float32(z / 9.0)
    fold = np.cos(phase) * head.folds[0][window] + np.sin(phase) * head.folds[1][window]
    field = head.brain.field(grid, z, window)
    scale = head.brain.radii[0] * max(head.brain.shrink(z), 0.2)
    depth = (1 - field) * np.float32(scale)
    reach = unit((21 - depth) / 7)
    ribbon = unit((0.75 - np.abs(fold)) / 0.25) * reach
    ribbon = np.maximum(ribbon, unit((4.2 - depth) / 1.5))
    width = 0.09 + 0.13 * head.atrophy
    furrow = unit((width - np.abs(fold)) / 0.12 + 0.5) * unit((19 - depth) / 6)
    paint(brain, window, ribbon, values["grey"])
    paint(brain, window, furrow, values["csf"])


def _midline(brain: Array, grid: Grid, z: float, values: dict[str, float]) -> None:
    """The fissure between the hemispheres, and the falx in it."""
    across = np.abs(grid.u)
    ends = unit((np.abs(grid.v) - (36 if z < 28 else -5)) / 4)
    paint(brain, grid.everywhere(), unit((6.5 - across) / 1.5) * ends, values["grey"])
    paint(brain, grid.everywhere(), unit((1.9 - across) / 1.2) * ends, values["csf"])
    paint(brain, grid.everywhere(), unit((0.8 - across) / 0.8) * ends, values["falx"])


def _paint_lesion(
    brain: Array,
    lesion: BrainLesion,
    head: Head,
    grid: Grid,
    z: float,
    values: dict[str, float],
    rng: np.random.Generator,
    inside: Array,
) -> Array | None:
    solid = lesion.solid
    everywhere = grid.everywhere()
    if lesion.kind == "crescent":
        mask = _crescent(lesion, head, grid, z) * inside
        if not large_enough(mask, grid.shape, 0.09) or solid.shrink(z) < 0.4:
            return None
        paint(brain, everywhere, mask, values["blood"])
        return mask
    if solid.shrink(z) < 0.62:
        return None
    rough = texture.noise(rng, grid.shape, fine=7)
    field = solid.field(grid, z, everywhere) * (1 + np.float32(0.07) * rough)
    core = unit((1 - field) * 7 + 0.5) * inside
    if not large_enough(core, grid.shape):
        return None
    fingers = field + np.float32(0.16) * texture.noise(rng, grid.shape, fine=5, slope=0.5)
    halo = lesion.halo if lesion.name == "brain tumour" else 1.18
    swelling = unit((halo - fingers) * 5) * inside
    paint(brain, everywhere, swelling, values["oedema"])
    if lesion.name == "haemorrhage":
        mottled = values["blood"] * (1 + np.float32(0.04) * texture.noise(rng, grid.shape, fine=4))
        paint(brain, everywhere, core, mottled)
        return core
    spots = texture.noise(rng, grid.shape, fine=3)
    paint(brain, everywhere, core, values["rim"] + (values["rim"] - values["grey"]) * 0.12 * spots)
    if lesion.kind == "ring":
        hollow = unit((0.68 + 0.05 * spots - field) * 9) * core
        paint(brain, everywhere, hollow, values["necrosis"])
    return np.maximum(core, swelling)


def _crescent(lesion: BrainLesion, head: Head, grid: Grid, z: float) -> Array:
    """Blood between the brain and the inner table, along one side."""
    s = sign_of(lesion.side)
    brain = head.brain
    scale = max(brain.shrink(z), 0.2)
    thick = 0.13 + 0.008 * (lesion.solid.radii[2] - 16)
    du = (grid.u + s * thick * brain.radii[0] * scale) / (brain.radii[0] * scale)
    dv = (grid.v - 0.2 * lesion.solid.centre[1]) / (brain.radii[1] * scale * 1.06)
    field = np.sqrt(du * du + dv * dv)
    beside = unit((s * grid.u - 6) / 4)
    return unit((field - 1) * brain.radii[0] * scale / 2) * beside
