"""Random textures: band-limited fields and slow shading."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from vlm_explorer.demo.body import Array


@lru_cache(maxsize=32)
def _frequencies(shape: tuple[int, int]) -> Array:
    fy = np.fft.fftfreq(shape[0]).astype(np.float32)[:, None]
    fx = np.fft.rfftfreq(shape[1]).astype(np.float32)
    return np.sqrt(fy * fy + fx * fx)


def noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    *,
    fine: float = 0.0,
    coarse: float = 0.0,
    slope: float = 0.0,
) -> Array:
    """Gaussian noise of unit variance with a chosen spectrum.

    Args:
        rng: the source of chance.
        shape: (rows, cols).
        fine: details smaller than this many pixels are damped (a Gaussian of that sigma).
        coarse: variations slower than this many pixels are damped; 0 keeps them.
        slope: amplitude falls as frequency to this power (1 to 2 looks like tissue).
    """
    from scipy import fft

    f = _frequencies(shape)
    gain = np.exp(np.float32(-2 * (np.pi * fine) ** 2) * f * f)
    if coarse > 0:
        gain = gain * (1 - np.exp(np.float32(-2 * (np.pi * coarse) ** 2) * f * f))
    if slope > 0:
        gain = gain * np.maximum(f, np.float32(1.0 / max(shape))) ** np.float32(-slope)
    spectrum = fft.rfft2(rng.standard_normal(shape, dtype=np.float32)) * gain
    spectrum[0, 0] = 0
    field = np.asarray(fft.irfft2(spectrum, s=shape), np.float32)
    return field / np.float32(max(float(field.std()), 1e-9))


def blur(image: Array, sigma: float) -> Array:
    """Gaussian blur of `sigma` pixels; wide ones are computed on a coarser grid."""
    from scipy import ndimage

    if sigma < 6:
        return np.asarray(ndimage.gaussian_filter(image, sigma, mode="nearest"), np.float32)
    step = int(sigma // 2.5)
    rows, cols = image.shape
    pad = ((0, -rows % step), (0, -cols % step))
    padded = np.pad(image, pad, mode="edge")
    small = padded.reshape(padded.shape[0] // step, step, -1, step).mean(axis=(1, 3))
    small = ndimage.gaussian_filter(small, sigma / step, mode="nearest")
    large = ndimage.zoom(small, step, order=1, mode="nearest", grid_mode=True)
    return np.asarray(large[:rows, :cols], np.float32)
