"""From stored values to those that mean something: HU, SUV, Gy (PS3.3 C.11.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.files.dicom_dataset import items, number, text, texts
from vlm_explorer.pixels.frame import SUV_UNIT
from vlm_explorer.pixels.functional_groups import FrameElements
from vlm_explorer.pixels.lookup_tables import look_up, read_table
from vlm_explorer.pixels.pet import suv_factor

_FLOAT32_MOST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True, eq=False)
class ModalityValues:
    """The values of a frame after the modality LUT.

    Attributes:
        values: float32 (rows, columns), finite.
        unit: `HU`, `SUVbw`, `Gy`, ...; "" where unknown.
        notes: what is wrong, in words.
        scale: what the values were multiplied by after the modality LUT, and the windows of the
            file must be, too.
        as_stored: they are the stored values, to the last bit.
    """

    values: NDArray[np.float32]
    unit: str = ""
    notes: tuple[str, ...] = ()
    scale: float = 1.0
    as_stored: bool = False


def read_modality_values(stored: NDArray[Any], elements: FrameElements) -> ModalityValues:
    """Apply the modality LUT: a table, else slope and intercept; PET becomes SUV if it can."""
    dataset = elements.root
    exact = stored.dtype.itemsize <= 2  # float32 holds integers of up to 24 bits
    if stored.dtype.kind == "f":
        return ModalityValues(_finite(stored))
    for item in items(dataset, "ModalityLUTSequence")[:1]:
        little_endian = dataset.original_encoding[1] is not False
        if table := read_table(item, little_endian=little_endian):
            unit = text(item, "ModalityLUTType")
            values = look_up(stored, table[0], table[1]).astype(np.float32)
            return ModalityValues(values, "" if unit == "US" else unit)
    if (scaling := number(dataset, "DoseGridScaling")) is not None:
        unit = "Gy" if text(dataset, "DoseUnits").upper() == "GY" else ""
        return ModalityValues(_finite(stored * scaling), unit)
    slope, intercept = elements.number("RescaleSlope"), elements.number("RescaleIntercept")
    if slope is None or intercept is None:
        return ModalityValues(stored.astype(np.float32), as_stored=exact)
    if slope == 0:
        note = "The rescale slope is 0 and was ignored."
        return ModalityValues(stored.astype(np.float32), "", (note,), as_stored=exact)
    if (factor := suv_factor(elements)) is not None:
        values = _finite(_rescaled(stored, slope * factor, intercept * factor))
        return ModalityValues(values, SUV_UNIT, scale=factor)
    exact = exact and (slope, intercept) == (1.0, 0.0)
    values = _finite(_rescaled(stored, slope, intercept))
    return ModalityValues(values, _unit(elements), as_stored=exact)


def _rescaled(stored: NDArray[Any], slope: float, intercept: float) -> NDArray[Any]:
    exact = slope == 1.0 and intercept.is_integer() and abs(intercept) < 1 << 16
    if exact and stored.dtype.itemsize <= 2:
        return stored.astype(np.float32) + np.float32(intercept)
    return stored * slope + intercept


def _finite(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return float32 values, with the smallest of them where there is no number."""
    if values.dtype == np.float32 and bool(np.isfinite(values).all()):
        return np.ascontiguousarray(values, dtype=np.float32)
    finite = np.isfinite(values)
    least = float(values[finite].min()) if finite.any() else 0.0
    clean = np.where(finite, values, least)
    return np.clip(clean, -_FLOAT32_MOST, _FLOAT32_MOST).astype(np.float32)


def _unit(elements: FrameElements) -> str:
    """Return the unit of rescaled values; for CT that names none it is HU, but not in scouts."""
    named = elements.text("RescaleType").upper()
    modality = elements.text("Modality")
    if modality == "CT" and named in ("", "HU"):
        kind = [word.upper() for word in texts(elements.root, "ImageType")]
        return "" if "LOCALIZER" in kind else "HU"
    if modality == "PT":
        return elements.text("Units")
    return "" if named == "US" else named
