"""Mammograms: a compressed breast seen through, from the side (MLO) or from above (CC)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.demo import texture
from vlm_explorer.demo.body import Array, unit
from vlm_explorer.demo.findings import Finding, boxed

ROWS, COLS = 400, 320


@dataclass(frozen=True, slots=True)
class Breast:
    """One breast; lengths in pixels from the chest wall, angles in radians.

    `seed` fixes the pattern of the gland, so that the two views of a breast agree in density.
    """

    side: str
    depth: float
    height: float
    density: float
    nipple: float
    seed: int
    mass: tuple[float, float, float, float] | None


def random_breast(rng: np.random.Generator, side: str, mass: bool) -> Breast:
    """A breast of random size and density; `mass` is along, across, radius, spiculation."""
    depth = rng.uniform(150, 235)
    height = rng.uniform(118, 165)
    lump = None
    if mass:
        lump = (
            rng.uniform(0.3, 0.68),
            rng.uniform(-0.42, 0.42),
            rng.uniform(21, 33),
            rng.uniform(0.0, 1.0),
        )
    return Breast(
        side=side,
        depth=depth,
        height=height,
        density=rng.uniform(0.15, 0.9),
        nipple=rng.normal(0, 0.12),
        seed=int(rng.integers(2**31)),
        mass=lump,
    )


def mammogram(
    breast: Breast, view: str, rng: np.random.Generator
) -> tuple[Array, tuple[Finding, ...]]:
    """Display signal in [0, 1] of a view (MLO or CC), and its findings.

    The chest wall of a left breast is at the left edge, of a right one at the right edge, as
    hung side by side.
    """
    middle = ROWS / 2 + (rng.uniform(0, 22) if view == "MLO" else rng.normal(0, 6))
    x = np.arange(COLS, dtype=np.float32)
    y = np.arange(ROWS, dtype=np.float32)[:, None] - np.float32(middle)
    sag = 0.22 if view == "MLO" else 0.0
    along = x / np.float32(breast.depth)
    across = (y - sag * 0.35 * breast.height * along) / np.float32(breast.height)
    bow = np.sqrt(along**2.1 + np.abs(across) ** 2.3)
    wobble = texture.noise(rng, (ROWS, COLS), fine=38)
    field = bow * (1 + np.float32(0.012) * wobble)
    inside = unit((1 - field) * breast.depth / 2.0 + 0.5)
    thick = unit((1 - field) / 0.16) ** np.float32(0.5)
    gland = _gland(breast, along, across, field, view)
    picture = 0.24 * thick + gland * thick
    level = (breast.nipple + (0.077 if view == "MLO" else 0.0)) * breast.height
    nipple = np.hypot(x - breast.depth * 0.985, y - level)
    picture += 0.22 * unit((9 - nipple) / 4)
    inside = np.maximum(inside, unit((9 - nipple) / 2))
    skin = np.exp(-(((1 - field) * breast.depth - 2.2) ** 2) / 3.0)
    picture += 0.20 * skin
    if view == "MLO":
        _pectoral(picture, x, y + np.float32(middle), rng)
    extent = None
    if breast.mass is not None:
        extent = _mass(picture, breast, along, across, view)
    signal = _exposed(picture * inside, inside, rng)
    if breast.side == "right":
        signal = signal[:, ::-1]
        extent = None if extent is None else extent[:, ::-1]
    found = () if extent is None else (boxed("breast mass", breast.side, extent),)
    return np.ascontiguousarray(signal), found


def _gland(breast: Breast, along: Array, across: Array, field: Array, view: str) -> Array:
    """Fibroglandular tissue: cloudy, streaked towards the nipple, sparse under the skin."""
    own = np.random.default_rng([breast.seed, 0 if view == "MLO" else 1])
    cloud = texture.noise(own, (ROWS, COLS), fine=2.0, slope=1.35)
    streak = texture.noise(own, (ROWS, COLS), fine=1.1, slope=0.8)
    centre = np.hypot((along - 0.52) / 0.44, (across - breast.nipple * 0.5) / 0.62)
    cone = unit(1.25 - centre)
    amount = unit(cone * (0.35 + 1.0 * breast.density) + 0.22 * cloud * (0.3 + cone))
    fade = unit((0.96 - field) / 0.12)
    strands = (np.abs(streak) < 0.16) * np.float32(0.035)
    return (amount * (0.2 + 0.25 * breast.density) + strands) * fade


def _mass(picture: Array, breast: Breast, along: Array, across: Array, view: str) -> Array:
    """Add a mass, round or spiculated, in place; returns its mask."""
    assert breast.mass is not None
    a, b, radius, spiky = breast.mass
    own = np.random.default_rng([breast.seed, 7, 0 if view == "MLO" else 1])
    if view == "CC":
        b = float(np.clip(b + own.normal(0, 0.2), -0.42, 0.42))
    du = (along - np.float32(a)) * np.float32(breast.depth)
    dv = (across - np.float32(b)) * np.float32(breast.height)
    distance = np.hypot(du, dv)
    angle = np.arctan2(dv, du)
    lobes = sum(own.normal(0, 0.05) * np.cos(k * angle + own.uniform(0, 6.3)) for k in range(2, 6))
    edge = np.float32(radius) * (1 + lobes)
    body = unit((edge - distance) / (2.5 + 3.5 * spiky) + 0.5)
    picture += (
        body
        * np.float32(own.uniform(0.22, 0.30))
        * (1 + np.float32(0.12) * texture.noise(own, body.shape, fine=3))
    )
    if spiky > 0.45:
        rays = unit(np.cos(int(own.integers(9, 15)) * angle + own.uniform(0, 6.3)) * 3 - 1.6)
        reach = unit((2.0 * edge - distance) / edge) * (distance > edge * 0.8)
        picture += rays * reach * np.float32(0.11)
    return body


def _pectoral(picture: Array, x: Array, y: Array, rng: np.random.Generator) -> None:
    """The pectoral muscle: a bright triangle in the upper corner at the chest wall."""
    wide, tall = rng.uniform(70, 120), rng.uniform(190, 300)
    bulge = 1 + 0.18 * np.sin(np.pi * unit(y / tall))
    line = wide * (1 - y / tall) * bulge
    mask = unit((line - x) / 5)
    picture += mask * (np.float32(0.62) - picture) * np.float32(0.85)


def _exposed(picture: Array, inside: Array, rng: np.random.Generator) -> Array:
    grain = texture.noise(rng, picture.shape, fine=0.5)
    picture = texture.blur(picture, 0.6)
    fine = picture - texture.blur(picture, 2.2)
    picture = (
        picture + np.float32(0.5) * fine + np.float32(rng.uniform(0.008, 0.02)) * grain * inside
    )
    gain = rng.uniform(0.95, 1.2)
    return unit(picture * np.float32(gain) + 0.02 * (1 - inside))
