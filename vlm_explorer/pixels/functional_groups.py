"""Elements of one frame of an enhanced multi-frame object, or of an ordinary file.

Enhanced objects keep what may differ from frame to frame in functional groups (PS3.3 C.7.6.16):
the item of the frame first, then what all frames share, then the root of the data set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydicom.dataset import Dataset

from vlm_explorer.files import dicom_dataset as read

# The functional group (a sequence of one item) that holds each element, or those that may.
_GROUPS = {
    "EchoTime": "MREchoSequence",
    "EffectiveEchoTime": "MREchoSequence",
    "FrameLaterality": "FrameAnatomySequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "ImagePositionPatient": "PlanePositionSequence",
    "KVP": "CTXRayDetailsSequence",
    "PixelPresentation": "MRImageFrameTypeSequence CTImageFrameTypeSequence PETFrameTypeSequence",
    "PixelSpacing": "PixelMeasuresSequence",
    "RepetitionTime": "MRTimingAndRelatedParametersSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleType": "PixelValueTransformationSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "VOILUTFunction": "FrameVOILUTSequence",
    "VOILUTSequence": "FrameVOILUTSequence",
    "WindowCenter": "FrameVOILUTSequence",
    "WindowCenterWidthExplanation": "FrameVOILUTSequence",
    "WindowWidth": "FrameVOILUTSequence",
}


class FrameElements:
    """Looks elements up for one frame.

    Attributes:
        root: the data set itself.
    """

    def __init__(self, dataset: Dataset, frame: int) -> None:
        self.root = dataset
        self._groups = read.items(dataset, "PerFrameFunctionalGroupsSequence", frame)
        self._groups += read.items(dataset, "SharedFunctionalGroupsSequence", 0)

    def numbers(self, keyword: str) -> list[float]:
        """Return the element's values as finite numbers; none where there are none."""
        return self._first(read.numbers, keyword) or []

    def number(self, keyword: str) -> float | None:
        """Return the element's first value as a finite number, or None."""
        found = self.numbers(keyword)
        return found[0] if found else None

    def text(self, keyword: str) -> str:
        """Return the element's first value as text; "" where there is none."""
        return self._first(read.text, keyword) or ""

    def texts(self, keyword: str) -> list[str]:
        """Return the element's values as text."""
        return self._first(read.texts, keyword) or []

    def items(self, keyword: str) -> list[Dataset]:
        """Return the items of a sequence; none where there are none."""
        return self._first(read.items, keyword) or []

    def _first(self, reader: Any, keyword: str) -> Any:
        for place in self._places(keyword):
            if found := reader(place, keyword):
                return found
        return None

    def _places(self, keyword: str) -> Iterator[Dataset]:
        for group in self._groups:
            for sequence in _GROUPS.get(keyword, "").split():
                yield from read.items(group, sequence, 0)
        yield self.root
