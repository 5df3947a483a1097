"""Is a map this image's, or the place's? It is held against the mean map of other images."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.paths import cache_folder
from vlm_explorer.saliency.check_again import settings_of
from vlm_explorer.saliency.check_ranks import spearman
from vlm_explorer.saliency.explanation import Explanation
from vlm_explorer.saliency.outliers import is_muted

Floats = NDArray[np.float32]

LEAST = 32  # other images, below which nothing is said
_KEPT = 256  # newest maps of a kind
# From this correlation on a map is said to be explained by position.
EXPLAINED = 0.8


@dataclass(frozen=True, slots=True)
class PositionPrior:
    """How much of a map follows from where in the picture a patch lies.

    Attributes:
        images: other images whose maps were kept.
        rho: Spearman's rank correlation with the mean of their maps; NaN where they are fewer
            than `LEAST`, or a map is flat.
        prior: that mean, float32 (gh, gw); None where they are too few.
    """

    images: int
    rho: float
    prior: Floats | None

    @property
    def failed(self) -> bool:
        """Whether the map is mostly what any image gets."""
        return self.rho >= EXPLAINED


def position_prior(grid: Floats, others: Floats) -> PositionPrior:
    """Compare a map (gh, gw) with the mean of those of other images, float32 (N, gh, gw)."""
    if len(others) < LEAST:
        return PositionPrior(len(others), float("nan"), None)
    prior = np.asarray(others.mean(axis=0, dtype=np.float64), np.float32)
    return PositionPrior(len(others), spearman(grid, prior), prior)


class KeptMaps:
    """Maps of explained images, a small file each, which appear whole or not at all.

    One map an image, its newest; files are named by digests of the keys they are kept under.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of(cls, explanation: Explanation, collection: str = "") -> KeptMaps:
        """Return the maps of the same encoder, method, settings and grid in a collection.

        Args:
            explanation: one of them.
            collection: its folder; "" for images explained outside of any.
        """
        kind = [
            collection,
            explanation.weights_sha256,
            explanation.method,
            settings_of(explanation),
            is_muted(explanation),
            list(explanation.grid.shape[1:]),
        ]
        digest = _digest(json.dumps(kind, sort_keys=True, default=str))
        return cls(cache_folder() / "explained" / digest)

    def keep(self, image: str, grid: Floats, source: str = "") -> None:
        """Keep the map of an image.

        Args:
            image: its key.
            grid: float32 (gh, gw).
            source: key of what it is part of, such as its series; its own where left out.

        Raises:
            OSError: no room, or no permission to write.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{_digest(source or image)}.{_digest(image)}.npy"
        partial = file.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
        try:
            with partial.open("wb") as stream:
                np.save(stream, grid.astype(np.float32), allow_pickle=False)
            partial.replace(file)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        self._forget_the_oldest()

    def others(self, image: str, source: str = "") -> Floats:
        """Return float32 (N, gh, gw): the maps kept, without the image's own.

        Those of the same source are left out too: neighbouring slices of a series show the same
        body, and would be taken for the place.
        """
        own, own_source = _digest(image), _digest(source or image)
        maps = []
        for file in sorted(self._folder.glob("*.npy")):
            its_source, its_image, _ = file.name.split(".")
            if its_image == own or its_source == own_source:
                continue
            try:
                maps.append(np.load(file, allow_pickle=False))
            except (OSError, ValueError):
                continue  # taken away meanwhile, or not one of ours
        return np.stack(maps) if maps else np.zeros((0, 0, 0), np.float32)

    def _forget_the_oldest(self) -> None:
        files = list(self._folder.glob("*.npy"))
        if len(files) > _KEPT:
            files.sort(key=_age)
            for file in files[: len(files) - _KEPT]:
                file.unlink(missing_ok=True)


def _age(file: Path) -> tuple[int, str]:
    try:
        return file.stat().st_mtime_ns, file.name
    except FileNotFoundError:  # another process took it away
        return 0, file.name


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]
