"""One picture of the synthetic study, with all that is known about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.demo.findings import Finding


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where the picture lies in its patient and its series.

    Attributes:
        patient: synthetic patient id.
        spacing: mm between rows, and between columns.
        position: ImagePositionPatient in mm; None for projections and ultrasound.
        thickness: slice thickness in mm; 0 where there are no slices.
        spacing_between: mm from slice to slice; 0 where there are no slices.
        series: number of the series in the study, from 1.
        instance: number of the picture in its series, from 1.
        laterality: L, R or empty.
        sex: F or M.
        age: years.
        timing: RepetitionTime, EchoTime, InversionTime in ms; of MR only.
        contrast_agent: whether contrast medium was given.
    """

    patient: str
    spacing: tuple[float, float]
    position: tuple[float, float, float] | None = None
    thickness: float = 0.0
    spacing_between: float = 0.0
    series: int = 1
    instance: int = 1
    laterality: str = ""
    sex: str = "F"
    age: int = 50
    timing: tuple[float, float, float] | None = None
    contrast_agent: bool = False


@dataclass(frozen=True, slots=True)
class DemoImage:
    """One picture.

    Attributes:
        stored: (rows, cols) int16, uint16 or uint8 stored pixel values.
        photometric: MONOCHROME1 or MONOCHROME2.
        slope, intercept: of the modality LUT.
        window: centre and width on modality values.
        modality: DICOM's: CR, DX, CT, MR, MG, US.
        modality_group: XR, CT, MR, MG, US.
        region: chest, abdomen, head, breast.
        view: PA, lateral, axial, MLO, CC, or the organ under an ultrasound transducer.
        sequence: T1, T2 or FLAIR of MR, else empty.
        findings: what is visible in this picture.
        caption: one description; `paraphrases` gives more.
        label: the findings' names, sorted, joined by "; ", or "normal".
    """

    stored: NDArray[Any]
    photometric: str
    slope: float
    intercept: float
    window: tuple[float, float]
    modality: str
    modality_group: str
    region: str
    view: str
    sequence: str
    findings: tuple[Finding, ...]
    caption: str
    label: str
    geometry: Geometry = field(default_factory=lambda: Geometry("DEMO-0000", (1.0, 1.0)))

    def rendered(self) -> NDArray[np.uint8]:
        """(rows, cols) uint8 as displayed: modality LUT, window (PS3.3 C.11.2.1.2), inversion."""
        values = self.stored.astype(np.float32) * self.slope + self.intercept
        centre, width = self.window
        level = (values - (centre - 0.5)) / (width - 1) + 0.5
        grey = np.clip(level, 0, 1) * 255
        if self.photometric == "MONOCHROME1":
            grey = 255 - grey
        return np.asarray(np.round(grey), np.uint8)


def label_of(findings: tuple[Finding, ...]) -> str:
    """The findings' names, sorted and joined by "; ", or "normal"."""
    return "; ".join(sorted({f.name for f in findings})) or "normal"


def make_image(
    stored: NDArray[Any],
    findings: tuple[Finding, ...],
    geometry: Geometry,
    *,
    window: tuple[float, float],
    modality: str,
    region: str,
    view: str,
    photometric: str = "MONOCHROME2",
    intercept: float = 0.0,
    sequence: str = "",
) -> DemoImage:
    """A picture without a caption; label and group follow from the rest."""
    return DemoImage(
        stored=stored,
        photometric=photometric,
        slope=1.0,
        intercept=intercept,
        window=(float(window[0]), float(window[1])),
        modality=modality,
        modality_group="XR" if modality in ("CR", "DX") else modality,
        region=region,
        view=view,
        sequence=sequence,
        findings=findings,
        caption="",
        label=label_of(findings),
        geometry=geometry,
    )
