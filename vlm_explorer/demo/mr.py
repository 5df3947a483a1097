"""Magnetic resonance: signal equations, coil shading, Rician noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.demo import texture
from vlm_explorer.demo.body import Array

# T1 (ms), T2 (ms), proton density at 1.5 T; after Bottomley 1984 and Stanisz 2005, rounded.
RELAXATION: dict[str, tuple[float, float, float]] = {
    "air": (1000, 50, 0.0),
    "skin": (800, 55, 0.75),
    "fat": (255, 100, 1.0),
    "muscle": (950, 45, 0.75),
    "bone": (900, 2, 0.05),
    "marrow": (330, 75, 0.55),
    "csf": (3800, 1600, 1.0),
    "grey": (1020, 100, 0.84),
    "nuclei": (900, 88, 0.83),
    "white": (620, 80, 0.71),
    "falx": (1100, 30, 0.5),
    "oedema": (1500, 190, 0.88),
    "rim": (1350, 140, 0.87),
    "necrosis": (2600, 420, 0.95),
    "blood": (420, 55, 0.8),
}


@dataclass(frozen=True, slots=True)
class Sequence:
    """Timing of a pulse sequence in ms; inversion 0 means spin echo without it."""

    name: str
    repetition: float
    echo: float
    inversion: float
    contrast_agent: bool = False


def random_sequence(rng: np.random.Generator, name: str) -> Sequence:
    """T1, T2 or FLAIR with the timing of some scanner."""
    if name == "T1":
        agent = bool(rng.random() < 0.5)
        return Sequence(name, rng.uniform(420, 650), rng.uniform(9, 15), 0.0, agent)
    if name == "T2":
        return Sequence(name, rng.uniform(3200, 5500), rng.uniform(85, 115), 0.0)
    return Sequence(name, rng.uniform(8000, 10000), rng.uniform(95, 130), rng.uniform(2350, 2550))


def signals(sequence: Sequence) -> dict[str, float]:
    """Signal of each tissue, in [0, 1] of the fully relaxed proton density of water.

    Spin echo: PD (1 - exp(-TR/T1)) exp(-TE/T2); inversion recovery adds -2 exp(-TI/T1)
    (Bernstein, Handbook of MRI Pulse Sequences, 2004). A gadolinium agent shortens the T1 of
    what it reaches.
    """
    out = {}
    for tissue, (plain, t2, density) in RELAXATION.items():
        reached = sequence.contrast_agent and tissue in ("rim", "falx")
        t1 = 280.0 if reached else plain
        longitudinal = 1 - np.exp(-sequence.repetition / t1)
        if sequence.inversion:
            longitudinal = (
                1 - 2 * np.exp(-sequence.inversion / t1) + np.exp(-sequence.repetition / t1)
            )
        out[tissue] = float(density * abs(longitudinal) * np.exp(-sequence.echo / t2))
    return out


def acquire(image: Array, rng: np.random.Generator, *, white: float, noise: float) -> Array:
    """Magnitude image: coil shading, blur of the matrix, Rician noise; same units as `image`."""
    rows, cols = image.shape
    y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, cols, dtype=np.float32)
    a, b, c, d = rng.normal(0, [0.10, 0.10, 0.08, 0.08])
    shading = np.exp(np.float32(a) * x + np.float32(b) * y + np.float32(c) * x * x + d * y * y)
    image = texture.blur(image * shading.astype(np.float32), rng.uniform(0.5, 0.8))
    sigma = np.float32(noise * white)
    real = image + sigma * rng.standard_normal(image.shape, dtype=np.float32)
    imaginary = sigma * rng.standard_normal(image.shape, dtype=np.float32)
    return np.asarray(np.hypot(real, imaginary))
