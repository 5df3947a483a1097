"""Names for groups of images, out of the phrase bank, by the encoder's own opinion."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vlm_explorer import paths
from vlm_explorer.analysis.phrase_names import PhraseName, name_groups
from vlm_explorer.analysis.similarity import Vectors
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext


@cache
def phrase_bank() -> tuple[str, ...]:
    """Return the phrases of `resources/phrases.toml`, each once."""
    tables = tomllib.loads((paths.resources() / "phrases.toml").read_text(encoding="utf-8"))
    return tuple(dict.fromkeys(phrase for table in tables.values() for phrase in table["phrases"]))


def name_by_phrases(
    images: Vectors,
    groups: Sequence[NDArray[np.integer]],
    encoder: Encoder,
    within: Sequence[NDArray[np.integer] | None] | None = None,
    *,
    context: JobContext | None = None,
) -> list[tuple[str, PhraseName] | None]:
    """Return the phrase that each group of images prefers, see `analysis.phrase_names`.

    Args:
        images: (N, D) unit rows of this encoder.
        groups: rows of the members of each.
        encoder: encodes the phrases, which is done once for each encoder.
        within: of each group the members of the coarser one that holds it, or None.
        context: told the progress of that.
    """
    phrases = phrase_bank()
    found = name_groups(images, groups, phrase_vectors(encoder, context=context), within)
    return [None if name is None else (phrases[name.phrase], name) for name in found]


def phrase_vectors(encoder: Encoder, *, context: JobContext | None = None) -> NDArray[np.float32]:
    """Return the vectors of the bank, float32 (P, D), from the cache folder where they are known.

    Encoding a few hundred phrases takes a large text tower seconds on a CPU.
    """
    phrases = phrase_bank()
    file = _cache_file(encoder.fingerprint, phrases)
    shape = len(phrases), encoder.dimension
    try:
        known = np.load(file, allow_pickle=False)
        if known.shape == shape and known.dtype == np.float32:
            return np.asarray(known)
    except (OSError, ValueError, EOFError):  # not there yet, or cut off
        known = None
    vectors = encoder.encode_texts(phrases, context=context)
    _keep(file, vectors)
    return vectors


def _cache_file(fingerprint: str, phrases: Sequence[str]) -> Path:
    digest = hashlib.sha256("\0".join([fingerprint, *phrases]).encode()).hexdigest()
    return paths.cache_folder() / "phrases" / f"{digest[:32]}.npy"


def _keep(file: Path, vectors: NDArray[np.float32]) -> None:
    """Write a cache entry whole or not at all; a cache that cannot be written is no error."""
    partial = file.with_suffix(".partial.npy")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(partial, vectors)
        partial.replace(file)
    except OSError:
        with suppress(OSError):
            partial.unlink()
