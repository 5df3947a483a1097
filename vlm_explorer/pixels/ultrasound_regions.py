"""The regions of an ultrasound picture, each with a scale of its own (PS3.3 C.8.5.5).

A picture may hold two views at different depths, or a view above a curve over time: a length is
true only within one region whose pixels are centimetres both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Codes of Physical Units X/Y Direction (PS3.3 C.8.5.5.1.15): 3 is cm.
_CENTIMETRES = 3
_EDGES = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1",
          "RegionLocationMaxY1")  # fmt: skip


@dataclass(frozen=True, slots=True)
class UltrasoundRegion:
    """A part of a picture.

    Attributes:
        box: left, top, right and bottom edges in pixels; the first pixel reaches from 0 to 1.
        spacing: row and column spacing in mm; None where its pixels are no lengths.
    """

    box: tuple[float, float, float, float]
    spacing: tuple[float, float] | None

    @property
    def area(self) -> float:
        """How many pixels it has."""
        left, top, right, bottom = self.box
        return (right - left) * (bottom - top)

    def holds(self, box: tuple[float, float, float, float]) -> bool:
        """Whether a box of edges lies within it."""
        left, top, right, bottom = self.box
        return left <= box[0] and top <= box[1] and box[2] <= right and box[3] <= bottom


def read_regions(dataset: Dataset) -> tuple[UltrasoundRegion, ...]:
    """Return the regions whose places are given, in the order of the file."""
    from vlm_explorer.files.dicom_dataset import integer, items

    regions = []
    for item in items(dataset, "SequenceOfUltrasoundRegions"):
        edges = [integer(item, keyword) for keyword in _EDGES]
        if any(edge is None for edge in edges):
            continue
        left, top, right, bottom = (float(edge or 0) for edge in edges)
        if right >= left and bottom >= top:  # the last pixel belongs to it
            box = left, top, right + 1.0, bottom + 1.0
            regions.append(UltrasoundRegion(box, region_spacing(item)))
    return tuple(regions)


def region_spacing(item: Dataset) -> tuple[float, float] | None:
    """Return row and column spacing in mm where both directions are lengths."""
    from vlm_explorer.files.dicom_dataset import integer, number

    units = [integer(item, f"PhysicalUnits{axis}Direction") for axis in "XY"]
    if units != [_CENTIMETRES, _CENTIMETRES]:
        return None
    rows, columns = number(item, "PhysicalDeltaY"), number(item, "PhysicalDeltaX")
    return (abs(rows) * 10.0, abs(columns) * 10.0) if rows and columns else None


def region_of(
    regions: tuple[UltrasoundRegion, ...], box: tuple[float, float, float, float]
) -> UltrasoundRegion | None:
    """Return the smallest region that holds a box of edges; None where none does."""
    holding = [region for region in regions if region.holds(box)]
    return min(holding, key=lambda region: region.area, default=None)
