"""From line integrals to a radiograph: Beer and Lambert's law, scatter, noise, processing."""

from __future__ import annotations

import numpy as np

from vlm_explorer.demo import texture
from vlm_explorer.demo.body import Array, unit
from vlm_explorer.demo.radiograph import Projection

# Effective attenuation for about 100 kVp after filtration, per mm (NIST XCOM, rounded).
MU_SOFT = 0.0175
MU_BONE_EXTRA = 0.020


def expose(out: Projection, rng: np.random.Generator) -> Array:
    """Display signal in [0, 1] (bright where little arrives): scatter, noise, processing."""
    attenuation = out.soft * np.float32(MU_SOFT) + out.bone * np.float32(MU_BONE_EXTRA)
    primary = np.exp(-attenuation)
    scatter = texture.blur(primary, 22.0) * np.float32(rng.uniform(0.1, 0.35))
    signal = primary + scatter + np.float32(0.002)
    quanta = np.float32(rng.uniform(4e4, 2.5e5))
    grain = texture.noise(rng, out.grid.shape, fine=rng.uniform(0.3, 0.6))
    signal = np.maximum(signal + grain * np.sqrt(signal / quanta), 1e-4)
    optical = -np.log(signal)
    detail = optical - texture.blur(optical, 18.0)
    fine = optical - texture.blur(optical, 1.6)
    optical = optical + np.float32(rng.uniform(0.1, 0.5)) * detail + np.float32(0.35) * fine
    inside = out.soft > 25
    low, high = np.percentile(optical[inside][::7], [rng.uniform(0.5, 2), rng.uniform(96, 99.7)])
    level = (optical - low) / (high - low)
    gamma = rng.uniform(0.65, 1.35)
    return np.asarray(unit(level * 0.92 + 0.05) ** np.float32(gamma), np.float32)
