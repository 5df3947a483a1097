"""A random thorax: the parts that its radiographs and its slices are both made of."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vlm_explorer.demo.body import Array, Solid

SIDES = ("right", "left")


def sign_of(side: str) -> int:
    """Sign of x on a side of the patient (x grows to the left)."""
    return 1 if side == "left" else -1


@dataclass(frozen=True, slots=True)
class Tubes:
    """Many balls in a row: ribs, vessels. Arrays of n centres (mm) and radii (mm)."""

    x: Array
    y: Array
    z: Array
    radius: Array

    @staticmethod
    def joined(parts: list[Tubes]) -> Tubes:
        """All of them as one."""
        return Tubes(
            *(np.concatenate([getattr(p, n) for p in parts]) for n in ("x", "y", "z", "radius"))
        )


@dataclass(frozen=True, slots=True)
class Effusion:
    """Fluid in a pleural space: its level when erect (mm), and its depth when supine (0 to 1)."""

    level: float
    depth: float


@dataclass(frozen=True, slots=True)
class Pneumothorax:
    """Air in a pleural space; `collapse` is the share of the lung's radii that is lost."""

    collapse: float


@dataclass(frozen=True, slots=True)
class Opacity:
    """A nodule or a consolidation in a lung."""

    solid: Solid


@dataclass(frozen=True, slots=True)
class Chest:
    """One thorax; millimetres, z = 0 at mid chest.

    `lesions` maps (finding, side) to what describes it.
    """

    torso: tuple[Solid, ...]
    breasts: tuple[Solid, ...]
    lungs: dict[str, Solid]
    domes: dict[str, Solid]
    heart: Solid
    mediastinum: tuple[Solid, ...]
    airway: tuple[Solid, ...]
    bones: tuple[Solid, ...]
    ribs_back: Tubes
    ribs_front: Tubes
    vessels: dict[str, Tubes]
    bubble: Solid
    enlarged: bool
    lesions: dict[tuple[str, str], Effusion | Pneumothorax | Opacity] = field(default_factory=dict)


def random_chest(rng: np.random.Generator, wanted: list[tuple[str, str]]) -> Chest:
    """A thorax of random build with the wanted (finding, side) pairs."""
    names = {name for name, _ in wanted}
    width = rng.uniform(0.9, 1.1)
    tall = rng.uniform(0.88, 1.1)
    fat = rng.uniform(8, 30)
    lungs, domes = _lungs(rng, width, tall)
    heart = _heart(rng, width, tall, "cardiomegaly" in names)
    turn = rng.normal(0, 0.05)
    bubble = Solid(
        "air",
        (rng.uniform(45, 75), rng.uniform(-45, -10), domes["left"].centre[2] + rng.uniform(18, 36)),
        (rng.uniform(16, 36), 26, rng.uniform(9, 20)),
    )
    back, front = _ribs(rng, width, tall)
    chest = Chest(
        torso=_torso(width, fat),
        breasts=_breasts(rng, width, fat),
        lungs=lungs,
        domes=domes,
        heart=heart,
        mediastinum=_mediastinum(rng, tall),
        airway=(
            Solid("air", (rng.normal(2, 2), 12, 105), (8, 8, 70)),
            Solid("air", (-14, 16, 18 * tall), (14, 6, 8)),
            Solid("air", (18, 18, 16 * tall), (16, 5, 7)),
        ),
        bones=_midline_bones(rng, tall, turn),
        ribs_back=back,
        ribs_front=front,
        vessels={side: _vessels(rng, lungs[side], side, tall) for side in SIDES},
        bubble=bubble,
        enlarged="cardiomegaly" in names,
    )
    for name, side in wanted:
        for one in SIDES if side == "bilateral" else (side,):
            if name != "cardiomegaly":
                chest.lesions[name, one] = _lesion(rng, name, one, lungs[one], domes[one])
    return chest


def _torso(width: float, fat: float) -> tuple[Solid, ...]:
    return (
        Solid("fat", (0, 0, -90), (150 * width + fat, 106 * width + fat, 275), power=3.2),
        Solid("muscle", (0, 3, -90), (148 * width, 102 * width, 262), power=3.2),
    )


def _lungs(
    rng: np.random.Generator, width: float, tall: float
) -> tuple[dict[str, Solid], dict[str, Solid]]:
    lungs, domes = {}, {}
    breath = rng.uniform(-14, 14)
    for side in SIDES:
        s = sign_of(side)
        a = 66 * width * rng.uniform(0.97, 1.03)
        lungs[side] = Solid(
            "lung", (s * 70 * width, 4, -25), (a, 90 * width, 152 * tall), power=2.4
        )
        lift = (10 if side == "right" else 0) + rng.normal(0, 3)
        domes[side] = Solid(
            "liver",
            (s * 66 * width, -6, -178 + breath + lift),
            (74 * width, 96 * width, 84),
            power=2.2,
        )
    return lungs, domes


def _heart(rng: np.random.Generator, width: float, tall: float, large: bool) -> Solid:
    ratio = rng.uniform(0.59, 0.72) if large else rng.uniform(0.40, 0.465)
    half = ratio * 134 * width
    shift = rng.uniform(0.16, 0.28) * half
    return Solid(
        "heart",
        (shift, -32, -62 * tall + rng.normal(0, 4)),
        (half, min(66.0, half * rng.uniform(0.92, 1.05)), half * rng.uniform(0.86, 1.0)),
        angle=rng.uniform(0.3, 0.7) * (0.4 if large else 1.0),
    )


def _breasts(rng: np.random.Generator, width: float, fat: float) -> tuple[Solid, ...]:
    if rng.random() < 0.5:
        return ()
    size = rng.uniform(38, 68)
    low = rng.uniform(-75, -45)
    return tuple(
        Solid(
            "fat",
            (sign_of(side) * 82 * width, -92 * width - fat * 0.6, low + rng.normal(0, 4)),
            (size * 1.05, size * 0.75, size),
        )
        for side in SIDES
    )


def _mediastinum(rng: np.random.Generator, tall: float) -> tuple[Solid, ...]:
    wide = rng.uniform(0.9, 1.12)
    return (
        Solid("muscle", (0, 10, 20), (29 * wide, 70, 190), power=2),
        Solid("vessel", (-20 * wide, -10, 40 * tall), (17 * wide, 24, 85)),
        Solid("vessel", (8, -30, 12 * tall), (24 * wide, 20, 55)),
        Solid("vessel", (25 * wide, 18, 52 * tall), (18 * wide, 40, 17)),
        Solid("vessel", (24 * wide, 52, -60), (13, 13, 115)),
        Solid("vessel", (-34 * wide, 2, 0), (17, 14, 22)),
        Solid("vessel", (38 * wide, 4, 8), (16, 14, 19)),
    )


def _midline_bones(rng: np.random.Generator, tall: float, turn: float) -> tuple[Solid, ...]:
    bones = [Solid("bone", (-turn * 90, -99, 30), (17, 6, 82), power=3)]
    step = 25 * tall
    sway = rng.normal(0, 3)
    for k in range(-9, 9):
        z = k * step + 4
        x = turn * 40 + sway * np.sin(k / 3)
        size = 17 - 0.45 * k
        bones.append(Solid("spongy", (x, 62, z), (size + 1, size - 1, step * 0.44), power=4))
        bones.append(Solid("bone", (x, 92, z - 8), (5, 15, 9), power=2))
    return tuple(bones)


def _ribs(rng: np.random.Generator, width: float, tall: float) -> tuple[Tubes, Tubes]:
    back, front = [], []
    drop = rng.uniform(42, 62)
    thick = rng.uniform(5.0, 6.4)
    t = np.linspace(0.12, np.pi * 0.84, 120)
    for k in range(11):
        z0 = 112 * tall - k * 24.5 * tall
        level = (z0 - drop * 0.3 + 25) / (165 * tall)
        reach = max(0.18, 1 - abs(level) ** 2.6) ** (1 / 2.6)
        for s in (-1, 1):
            x = s * (6 + 138 * width * reach * np.sin(t) ** 0.8)
            y = 6 + (92 * width * reach**0.6) * np.cos(t)
            z = z0 + 9 * np.sin(2 * t) - drop * (0.55 + 0.5 * reach) * (t / np.pi) ** 1.3
            radius = thick * (1 + 0.15 * np.sin(t)) * np.ones_like(t)
            arc = Tubes(*(np.asarray(p, np.float32) for p in (x, y, z, radius)))
            split = t < np.pi / 2
            back.append(Tubes(arc.x[split], arc.y[split], arc.z[split], arc.radius[split]))
            if k < 10:
                keep = ~split & (t < np.pi * (0.84 - 0.02 * k))
                front.append(Tubes(arc.x[keep], arc.y[keep], arc.z[keep], arc.radius[keep]))
    return Tubes.joined(back), Tubes.joined(front)


def _vessels(rng: np.random.Generator, lung: Solid, side: str, tall: float) -> Tubes:
    """Branches from the hilum to random points of the lung, thinning as they go."""
    s = sign_of(side)
    hilum = np.array([s * 34.0, 6.0, 4.0 * tall])
    count = 46
    ends = rng.normal(size=(count, 3))
    ends /= np.linalg.norm(ends, axis=1, keepdims=True)
    ends *= rng.uniform(0.55, 0.95, size=(count, 1)) * np.array(lung.radii)
    ends += np.array(lung.centre)
    # Erect lungs are fuller of blood at their base, and nothing runs back into the mediastinum.
    ends[:, 0] = s * np.maximum(np.abs(ends[:, 0]), 42)
    t = np.linspace(0, 1, 64)[None, :, None]
    bend = rng.normal(size=(count, 1, 3)) * 12
    points = hilum + t * (ends[:, None] - hilum) + bend * np.sin(np.pi * t)
    start = rng.uniform(1.6, 5.2, size=(count, 1))
    radius = 0.5 + start * (1 - t[..., 0]) ** 1.4
    flat = points.reshape(-1, 3).astype(np.float32)
    return Tubes(flat[:, 0], flat[:, 1], flat[:, 2], radius.reshape(-1).astype(np.float32))


def _lesion(
    rng: np.random.Generator, name: str, side: str, lung: Solid, dome: Solid
) -> Effusion | Pneumothorax | Opacity:
    top = dome.centre[2] + dome.radii[2]
    if name == "pleural effusion":
        return Effusion(level=top + rng.uniform(-8, 55), depth=rng.uniform(0.22, 0.5))
    if name == "pneumothorax":
        return Pneumothorax(collapse=rng.uniform(0.22, 0.5))
    x, y, z = lung.centre
    a, _, c = lung.radii
    if name == "nodule":
        r = rng.uniform(18, 28)
        centre = (
            x + sign_of(side) * rng.uniform(-0.05, 0.45) * a,
            y + rng.uniform(-30, 30),
            z + rng.uniform(-0.28, 0.6) * c,
        )
        return Opacity(Solid("lesion", centre, (r, r * rng.uniform(0.9, 1.1), r)))
    size = rng.uniform(34, 52)
    centre = (
        x + sign_of(side) * rng.uniform(-0.1, 0.3) * a,
        y + rng.uniform(-20, 30),
        z + rng.uniform(-0.35, 0.6) * c,
    )
    return Opacity(Solid("lesion", centre, (size * 0.95, size * 1.1, size * rng.uniform(0.8, 1.1))))
