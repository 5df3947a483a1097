"""Reads where and when each frame of a DICOM file was taken.

In enhanced multi-frame objects that stands in functional groups (PS3.3 C.7.6.16): those of the
frame first, then those that all frames share; in ordinary files at the root.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from vlm_explorer.files import dicom_dataset as read
from vlm_explorer.files.header import FramePlace

PLACE_KEYWORDS = (
    "AcquisitionNumber", "DiffusionBValue", "EchoNumbers", "ImageOrientationPatient",
    "ImagePositionPatient", "ImageType", "PerFrameFunctionalGroupsSequence",
    "PhotometricInterpretation", "PixelSpacing", "SOPInstanceUID", "SamplesPerPixel",
    "SharedFunctionalGroupsSequence", "TemporalPositionIdentifier", "TriggerTime",
)  # fmt: skip
"""The elements that `read_places` looks at, besides rows and columns."""

_FRAME_TYPES = (
    "MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence",
    "XAXRFFrameCharacteristicsSequence", "MRSpectroscopyFrameTypeSequence",
)  # fmt: skip
# Words of Image Type and Frame Type that tell kinds of pictures of one series apart.
_KINDS = {
    "LOCALIZER": "localizer", "PHASE": "phase", "PHASE MAP": "phase", "P": "phase",
    "REAL": "real part", "IMAGINARY": "imaginary part", "FIELD_MAP": "field map",
    "ADC": "ADC", "FA": "FA",
}  # fmt: skip


def read_places(dataset: Dataset, frames: int) -> tuple[FramePlace, ...]:
    """Return the place of each frame of a data set, `frames` of them."""
    if frames == 1 and not read.items(dataset, "PerFrameFunctionalGroupsSequence", 0):
        return (_place(_Groups(dataset, []), _common(dataset, alone=True)),)
    common = _common(dataset, alone=frames == 1)
    own = read.items(dataset, "PerFrameFunctionalGroupsSequence")
    # a file that speaks of more frames than it describes gives the others what all share
    return tuple(
        _place(_Groups(dataset, own[frame : frame + 1]), common) for frame in range(frames)
    )


class _Groups:
    """Elements of one frame: from its own groups, the shared ones, else from the root."""

    def __init__(self, dataset: Dataset, own: list[Dataset]) -> None:
        self._root = dataset
        self._groups = [*own, *read.items(dataset, "SharedFunctionalGroupsSequence", 0)]

    def first(self, reader: Any, keyword: str, sequence: str, at_root: str = "") -> Any:
        """Return what `reader` finds under `keyword` within a group, or at the root."""
        for group in self._groups:
            for item in read.items(group, sequence, 0):
                if (found := reader(item, keyword)) not in (None, [], ""):
                    return found
        return reader(self._root, at_root or keyword)


def _common(dataset: Dataset, *, alone: bool) -> list[str]:
    """Return what all frames of a file share of the name of their stack."""
    size = f"{read.integer(dataset, 'Rows')}x{read.integer(dataset, 'Columns')}"
    samples = read.integer(dataset, "SamplesPerPixel") or 1
    parts = [size, read.text(dataset, "PhotometricInterpretation"), f"{samples}"]
    if not alone:
        parts.append(read.text(dataset, "SOPInstanceUID") or "multi-frame")
    return parts


def _place(groups: _Groups, common: list[str]) -> FramePlace:
    orientation = _exactly(
        6, groups.first(read.numbers, "ImageOrientationPatient", "PlaneOrientationSequence")
    )
    corner = _exactly(
        3, groups.first(read.numbers, "ImagePositionPatient", "PlanePositionSequence")
    )
    spacing = _exactly(2, groups.first(read.numbers, "PixelSpacing", "PixelMeasuresSequence"))
    parts = _kinds(groups)
    content = "FrameContentSequence"
    return FramePlace(
        stack=" ".join(filter(None, [*common, *parts])),
        note=", ".join(parts),
        position=_along_normal(corner, orientation),
        position_xyz=corner,
        orientation=orientation,
        spacing=spacing if spacing and min(spacing) > 0 else None,
        acquisition_number=groups.first(
            read.integer, "FrameAcquisitionNumber", content, "AcquisitionNumber"
        ),
        temporal_position=groups.first(
            read.integer, "TemporalPositionIndex", content, "TemporalPositionIdentifier"
        ),
        trigger_time=groups.first(
            read.number,
            "NominalCardiacTriggerDelayTime",
            "CardiacSynchronizationSequence",
            "TriggerTime",
        ),
        b_value=groups.first(read.number, "DiffusionBValue", "MRDiffusionSequence"),
    )


def _kinds(groups: _Groups) -> list[str]:
    """Name what else tells stacks apart, in words: kind of picture, echo, stack."""
    kinds: list[str] = []
    for sequence in _FRAME_TYPES:
        kinds = kinds or groups.first(read.texts, "FrameType", sequence, "ImageType")
    words = [_KINDS[kind.upper()] for kind in kinds[2:] if kind.upper() in _KINDS]
    component = groups.first(read.text, "ComplexImageComponent", "MRImageFrameTypeSequence")
    if component.upper() in _KINDS:
        words.append(_KINDS[component.upper()])
    if echo := groups.first(read.number, "EffectiveEchoTime", "MREchoSequence"):
        words.append(f"echo time {echo:g} ms")  # 0 where the picture is made of several
    elif (number := groups.first(read.number, "EchoNumbers", "")) is not None:
        words.append(f"echo {number:g}")
    if stack := groups.first(read.text, "StackID", "FrameContentSequence"):
        words.append(f"stack {stack}")
    return list(dict.fromkeys(words))


def _exactly(count: int, found: list[float]) -> tuple[float, ...] | None:
    return tuple(found) if len(found) == count else None


def _along_normal(
    corner: tuple[float, ...] | None, orientation: tuple[float, ...] | None
) -> float | None:
    """Return where the slice lies along its normal, row x column (PS3.3 C.7.6.2.1.1), in mm."""
    if corner is None or orientation is None:
        return None
    normal = np.cross(orientation[:3], orientation[3:])
    length = float(np.linalg.norm(normal))
    if length < 1e-6:
        return None
    position = float(np.dot(corner, normal)) / length
    return position if math.isfinite(position) else None
