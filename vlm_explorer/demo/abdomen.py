"""A random upper abdomen, for axial CT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.demo.body import Solid
from vlm_explorer.demo.chest import SIDES, Tubes, sign_of


@dataclass(frozen=True, slots=True)
class Abdomen:
    """One abdomen; millimetres, z = 0 at the first lumbar vertebra."""

    wall: tuple[Solid, ...]
    cavity: Solid
    muscles: tuple[Solid, ...]
    vessels: tuple[Solid, ...]
    liver: tuple[Solid, ...]
    branches: Tubes
    organs: tuple[Solid, ...]
    kidneys: dict[str, Solid]
    stomach: Solid
    loops: tuple[tuple[Solid, str], ...]
    spine: tuple[Solid, ...]
    ribs: Tubes
    lesions: dict[tuple[str, str], tuple[Solid, ...]]


def random_abdomen(rng: np.random.Generator, wanted: list[tuple[str, str]]) -> Abdomen:
    """An abdomen of random build with the wanted (finding, side) pairs."""
    w, d = rng.uniform(0.92, 1.12), rng.uniform(0.92, 1.1)
    fat = rng.uniform(8, 38)
    a, b = 142 * w, 98 * d
    cavity = Solid("fat", (0, -6, 0), (a - 13, b - 15, 400), power=2.3)
    liver = (
        Solid(
            "liver",
            (-66 * w, -8, 38),
            (76 * w, 76 * d, 82),
            angle=rng.uniform(-0.2, 0.2),
            power=2.0,
        ),
        Solid("liver", (-4 * w, -50 * d, 46), (66 * w, 36 * d, 46), angle=-0.2),
    )
    kidneys = _kidneys(rng, w, d)
    return Abdomen(
        wall=_wall(a, b, fat),
        cavity=cavity,
        muscles=_muscles(w, d),
        vessels=_great_vessels(d),
        liver=liver,
        branches=_branches(rng, liver[0]),
        organs=(
            Solid("spleen", (104 * w, 26 * d, 44), (26, 46, 46), angle=0.35),
            Solid("pancreas", (18, -6, 14), (50, 10, 13), angle=rng.uniform(-0.5, -0.15)),
            Solid("fluid", (-44 * w, -46 * d, 0), (13, 18, rng.uniform(14, 26)), angle=0.5),
        ),
        kidneys=kidneys,
        stomach=Solid(
            "bowel", (54 * w, -44 * d, 40), (40 * w, 34 * d, 42), angle=rng.uniform(-0.3, 0.5)
        ),
        loops=_loops(rng, w, d),
        spine=_spine(d),
        ribs=_lower_ribs(rng, a, b),
        lesions={
            (name, side): _lesion(rng, name, liver[0], kidneys.get(side)) for name, side in wanted
        },
    )


def _wall(a: float, b: float, fat: float) -> tuple[Solid, ...]:
    return (
        Solid("skin", (0, 0, 0), (a + fat + 2, b + fat + 2, 900), power=2.4),
        Solid("fat", (0, 0, 0), (a + fat, b + fat, 900), power=2.4),
        Solid("muscle", (0, 0, 0), (a, b, 900), power=2.4),
    )


def _great_vessels(d: float) -> tuple[Solid, ...]:
    """Aorta, inferior vena cava, portal vein, superior mesenteric artery."""
    return (
        Solid("vessel", (13, 30 * d, 0), (10.5, 10.5, 300)),
        Solid("vessel", (-22, 26 * d, 0), (13, 10, 300)),
        Solid("vessel", (-10, 4, 22), (26, 7, 8), angle=0.4),
        Solid("vessel", (6, 2, -40), (5.5, 5.5, 50)),
    )


def _spine(d: float) -> tuple[Solid, ...]:
    return tuple(
        Solid("spongy", (0, 56 * d, k * 33.0), (23, 18, 14), power=4) for k in range(-5, 5)
    )


def _kidneys(rng: np.random.Generator, w: float, d: float) -> dict[str, Solid]:
    return {
        side: Solid(
            "kidney",
            (sign_of(side) * 62 * w, 40 * d, -20 + (10 if side == "left" else 0)),
            (26 * rng.uniform(0.95, 1.12), 31, 56),
            angle=sign_of(side) * -0.5,
        )
        for side in SIDES
    }


def _muscles(w: float, d: float) -> tuple[Solid, ...]:
    out = []
    for s in (-1, 1):
        out.append(Solid("muscle", (s * 34 * w, 82 * d, 0), (30, 20, 900)))
        out.append(Solid("muscle", (s * 36, 56 * d, -70), (17, 19, 82)))
        out.append(Solid("muscle", (s * 16, 34 * d, 40), (6, 14, 50)))
    return tuple(out)


def _branches(rng: np.random.Generator, liver: Solid) -> Tubes:
    """Portal and hepatic veins, from the hilum to random points of the liver."""
    count = 14
    hilum = np.array([-24.0, 0.0, 24.0])
    ends = rng.normal(size=(count, 3))
    ends /= np.linalg.norm(ends, axis=1, keepdims=True)
    ends = np.array(liver.centre) + ends * np.array(liver.radii) * rng.uniform(0.5, 0.9, (count, 1))
    t = np.linspace(0, 1, 50)[None, :, None]
    bend = rng.normal(size=(count, 1, 3)) * 9
    points = (hilum + t * (ends[:, None] - hilum) + bend * np.sin(np.pi * t)).reshape(-1, 3)
    radius = (1.4 + rng.uniform(2, 5, (count, 1)) * (1 - t[..., 0])).reshape(-1)
    x, y, z, r = (np.asarray(p, np.float32) for p in (*points.T, radius))
    return Tubes(x, y, z, r)


def _loops(rng: np.random.Generator, w: float, d: float) -> tuple[tuple[Solid, str], ...]:
    """Bowel: the colon on both sides, small bowel in front and below."""
    content = ("stool", "gas", "fluid", "contrast")
    out = [
        (Solid("bowel", (-98 * w, 4, -62), (21, 22, 52)), "stool"),
        (Solid("bowel", (100 * w, 20, -40), (16, 18, 60)), str(rng.choice(content[:2]))),
        (Solid("bowel", (rng.uniform(-30, 30), -66 * d, -22), (70, 17, 17), angle=0.1), "gas"),
    ]
    oral = rng.random() < 0.45
    for _ in range(int(rng.integers(12, 19))):
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.8) ** 0.6
        centre = (
            86 * w * reach * np.cos(angle),
            -26 * d + 44 * d * reach * np.sin(angle),
            rng.uniform(-95, -5),
        )
        radii = (rng.uniform(13, 26), rng.uniform(11, 16), rng.uniform(14, 26))
        inside = (
            "contrast" if oral and rng.random() < 0.6 else str(rng.choice(("fluid", "gas", "wall")))
        )
        out.append((Solid("bowel", centre, radii, angle=rng.uniform(-1.5, 1.5)), inside))
    return tuple(out)


def _lower_ribs(rng: np.random.Generator, a: float, b: float) -> Tubes:
    parts = []
    t = np.linspace(0.15, 2.4, 110)
    for k in range(4):
        for s in (-1, 1):
            length = t < 2.5 - 0.45 * (3 - k)
            x = s * (4 + (a - 6) * np.sin(t) ** 0.9)
            y = (b - 5) * np.cos(t)
            z = 30 + 26 * k - 44 * t / 2.4 * 1.3 + rng.normal(0, 2)
            ring = [np.asarray(p[length], np.float32) for p in (x, y, z, np.full_like(t, 5.2))]
            parts.append(Tubes(*ring))
    return Tubes.joined(parts)


def _lesion(
    rng: np.random.Generator, name: str, liver: Solid, kidney: Solid | None
) -> tuple[Solid, ...]:
    if name == "kidney cyst" and kidney is not None:
        s = np.sign(kidney.centre[0])
        r = rng.uniform(19, 30)
        turn = rng.uniform(-0.9, 0.9)
        x = kidney.centre[0] + s * (kidney.radii[0] * 0.6 + 0.1 * r) * np.cos(turn)
        y = kidney.centre[1] + (kidney.radii[1] * 0.5 + 0.1 * r) * np.sin(turn) - 8
        z = kidney.centre[2] + rng.uniform(-16, 30)
        return (
            Solid("fluid", (float(x), float(y), float(z)), (r, r * rng.uniform(0.9, 1.1), r * 1.1)),
        )
    out = []
    for k in range(int(rng.choice((1, 1, 2)))):
        r = rng.uniform(19, 32) if k == 0 else rng.uniform(9, 15)
        turn, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 0.5)
        centre = (
            liver.centre[0] + reach * liver.radii[0] * np.cos(turn),
            liver.centre[1] + reach * liver.radii[1] * np.sin(turn),
            liver.centre[2] + rng.uniform(-0.25, 0.25) * liver.radii[2],
        )
        out.append(Solid("lesion", centre, (r, r * rng.uniform(0.85, 1.15), r * 1.2)))
    return tuple(out)
