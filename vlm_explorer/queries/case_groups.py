"""Whose the cases of an evaluation are, and which half of them thresholds are fitted on."""

from __future__ import annotations

import numpy as np

from vlm_explorer.collection.store import Collection
from vlm_explorer.queries.truth_columns import plain

_TUNING = ("val", "dev", "tun")  # what the names of a tuning part begin with


def whose(by: str) -> str:
    """Return what a split draws from: patients, or images where none is known."""
    return "images" if by == "image" else "patients"


def groups_of(collection: Collection, rows: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the number of each image's patient, intp (n,), and what that is: see `Cases.by`."""
    patients = collection.images["patient"].take(rows).to_pylist()
    numbers: dict[object, int] = {}
    groups = [
        numbers.setdefault(patient or (row,), len(numbers))
        for row, patient in zip(rows.tolist(), patients, strict=True)
    ]
    told = sum(bool(patient) for patient in patients)
    by = "patient" if told == len(rows) else "patient where known" if told else "image"
    return np.array(groups, np.intp), by


def tuning_cases(
    collection: Collection, rows: np.ndarray, groups: np.ndarray, split: str, seed: int
) -> np.ndarray:
    """Return which cases thresholds and calibration are fitted on, bool (n,)."""
    if split:
        parts = collection.images[split].take(rows).to_pylist()
        return np.array([plain(str(part)).startswith(_TUNING) for part in parts], bool)
    count = int(groups.max()) + 1
    drawn = np.random.default_rng(seed).permutation(count)[: count // 2]
    return np.isin(groups, drawn)
