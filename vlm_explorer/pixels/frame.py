"""One decoded picture with all that its display needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.pixels.colour_reading import ColourReading
from vlm_explorer.pixels.ultrasound_regions import UltrasoundRegion
from vlm_explorer.pixels.windowing import Window

# What the size of a pixel measures (`Frame.spacing_kind`).
IN_PATIENT = "in the patient"
CALIBRATED = "calibrated"
ULTRASOUND_REGION = "ultrasound region"
AT_DETECTOR = "at detector"
NOMINAL = "nominal scan"
ASPECT_RATIO = "aspect ratio"
# The unit of PET values that were made comparable (`Frame.unit`).
SUV_UNIT = "SUVbw"


@dataclass(frozen=True, slots=True, eq=False)
class OverlayPlane:
    """One plane, as it lies on the picture.

    Attributes:
        mask: bool (rows, columns) of the picture; what lies outside of it is cut off.
        label: `Overlay 1: graphics`; the file's own words may name somebody and are left out.
    """

    mask: NDArray[np.bool_]
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a file, decoded, before any window.

    Attributes:
        values: float32 (rows, columns), finite modality values; or uint8 (rows, columns, 3) RGB.
        photometric: Photometric Interpretation as the file gives it; `MONOCHROME2` or `RGB` for
            plain images.
        inverted: low values are shown bright (MONOCHROME1, or Presentation LUT Shape INVERSE).
        windows: of the file; the first is the default. None for colour.
        voi_lut: uint8 grey for each modality value from the first mapped value on, and that
            value (PS3.3 C.11.2.1.1); applied where the window's source is `lut`.
        unit: of the values: `HU`, `Gy`, ...; "" where unknown.
        padding: bool (rows, columns), True where there is no picture; None where there is
            nothing of the kind.
        modality: DICOM's code; "" for plain images.
        spacing: row and column spacing in mm (a mere ratio if spacing_kind is `aspect ratio`).
        spacing_kind: what the spacing measures, see `geometry.py`; "" where there is none.
        regions: of an ultrasound picture, each with a scale of its own.
        frames: how many pictures the file holds.
        warnings: in words, for the user; without patient data.
        orientation: Image Orientation (Patient), 6 cosines.
        facts: what the corners of the viewer show; without patient data.
        stored: (rows, columns) what the file stores, palette indices for instance; None where
            that is what `values` holds.
        overlays: 60xx graphics, on top of the picture; never part of what an encoder sees.
        frame_rate: pictures a second; None where the file does not say.
        position: Image Position (Patient) in mm, the centre of the first pixel.
        frame_of_reference: its UID, "" where there is none; never shown or stored.
        laterality: `R`, `L`, `B` or "".
        incomplete: the file ends within this picture; what is missing is filled with zeros.
        is_capture: a picture of a screen or a page (Secondary Capture), whatever its modality.
        lossy: how detail was lost to compression, `JPEG Baseline, 12:1`; "" where none was.
        colours: as what the samples of a colour picture were read; None where that is no question.
        colour_map: UID of the palette in which its greys are shown (`colour_map.py`); "" for greys.
    """

    values: NDArray[np.float32] | NDArray[np.uint8]
    photometric: str
    inverted: bool = False
    windows: tuple[Window, ...] = ()
    voi_lut: tuple[NDArray[np.uint8], float] | None = None
    unit: str = ""
    padding: NDArray[np.bool_] | None = None
    modality: str = ""
    spacing: tuple[float, float] | None = None
    spacing_kind: str = ""
    frames: int = 1
    warnings: tuple[str, ...] = ()
    orientation: tuple[float, ...] | None = None
    facts: dict[str, str] = field(default_factory=dict)
    stored: NDArray[Any] | None = None
    overlays: tuple[OverlayPlane, ...] = ()
    frame_rate: float | None = None
    position: tuple[float, float, float] | None = None
    frame_of_reference: str = ""
    laterality: str = ""
    incomplete: bool = False
    lossy: str = ""
    is_capture: bool = False
    colours: ColourReading | None = None
    colour_map: str = ""
    regions: tuple[UltrasoundRegion, ...] = ()

    @property
    def is_colour(self) -> bool:
        """Whether the values are RGB, to which no window applies."""
        return self.values.ndim == 3
