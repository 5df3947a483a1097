"""Collections with planted outliers: a demo study with pictures of nothing, real pairs with it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = 256  # px


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Images of which it is known which do not belong.

    Attributes:
        vectors: float32 (N, D), unit rows.
        series: int64 (N,), the series of each; images of one are no neighbours.
        planted: bool (N,).
    """

    vectors: np.ndarray
    series: np.ndarray
    planted: np.ndarray


def in_demo_study(seed: int, images: int = 240) -> Case:
    """Return a demo study of its own with pictures of nothing, seen by the bundled encoder."""
    from vlm_explorer.demo.study import write_study

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write_study(place / "study", images=images, seed=seed)
        (place / "study" / "planted").mkdir()
        for name, pixels in pictures_of_nothing(seed).items():
            Image.fromarray(pixels).save(place / "study" / "planted" / f"{name}.png")
        return _indexed([place / "study"], place)


def real_pairs(folder: Path) -> Case:
    """Return images of a folder, of which none is planted, seen by the bundled encoder."""
    with tempfile.TemporaryDirectory() as place:
        return _indexed([folder], Path(place))


def planted_in(real: Case, study: Case, seed: int, count: int = 15) -> Case:
    """Return real images with some of a demo study among them, which are to be found."""
    ordinary = np.flatnonzero(~study.planted)
    chosen = np.random.default_rng(seed).choice(ordinary, count, replace=False)
    return Case(
        np.concatenate([real.vectors, study.vectors[chosen]]),
        np.arange(len(real.vectors) + count),
        np.arange(len(real.vectors) + count) >= len(real.vectors),
    )


def pictures_of_nothing(seed: int) -> dict[str, np.ndarray]:
    """Return pictures that show no part of a body, by name: noise, even grey, test patterns."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE, :SIZE]
    step = int(rng.integers(8, 33))
    far = np.hypot(y - rng.uniform(64, 192), x - rng.uniform(64, 192))
    smooth = Image.fromarray(rng.integers(0, 256, (16, 16), dtype=np.uint8))
    found = {
        "noise": rng.integers(0, 256, (SIZE, SIZE)),
        "faint noise": rng.normal(rng.uniform(60, 190), 12, (SIZE, SIZE)),
        "noise in colour": rng.integers(0, 256, (SIZE, SIZE, 3)),
        "smooth noise": np.asarray(smooth.resize((SIZE, SIZE), Image.Resampling.BICUBIC)),
        "black": np.zeros((SIZE, SIZE)),
        "grey": np.full((SIZE, SIZE), rng.integers(40, 220)),
        "white": np.full((SIZE, SIZE), 255),
        "checks": (x // step + y // step) % 2 * 255,
        "bars": x // step % 2 * 255,
        "steps of grey": x // 32 * 32,
        "ramp": (x + y) / 2,
        "rings": (np.sin(far / rng.uniform(3, 8)) + 1) * 127,
        "colours": np.stack([x, y, 255 - x], axis=-1),
    }
    return {name: np.clip(pixels, 0, 255).astype(np.uint8) for name, pixels in found.items()}


def _indexed(sources: list[Path], place: Path) -> Case:
    import vlm_explorer as vlm
    from vlm_explorer.queries.review_vectors import review_vectors

    encoder = vlm.load_encoder("demo")
    collection = vlm.index(sources, to=place / "own.vlmx", encoder=encoder, workers=1)
    known = review_vectors(collection, None, across_series=True)
    assert known.series is not None
    files = collection.images["file"].take(known.rows).to_pylist()
    planted = np.array([Path(file).parent.name == "planted" for file in files])
    return Case(known.vectors, known.series, planted)
