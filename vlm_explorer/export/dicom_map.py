"""A saliency map as DICOM: raw values as a Parametric Map, or its picture as Secondary Capture."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer import __version__
from vlm_explorer.errors import NotSupported
from vlm_explorer.export.dicom_anatomy import frame_anatomy
from vlm_explorer.export.dicom_source import (
    Source,
    evidence,
    mark_deidentified,
    name_frame,
    person_name,
    place_words,
)
from vlm_explorer.export.map_record import prompt_of, score_words
from vlm_explorer.export.places import whole_file
from vlm_explorer.export.provenance import NOTICE
from vlm_explorer.pixels.frame import AT_DETECTOR, Frame
from vlm_explorer.rendering.map_scaling import limits
from vlm_explorer.saliency.explanation import Explanation
from vlm_explorer.saliency.method_words import CAVEAT

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

PARAMETRIC_MAP, SECONDARY_CAPTURE = "parametric-map", "secondary-capture"
KINDS = (PARAMETRIC_MAP, SECONDARY_CAPTURE)
# Stands for NaN: where the encoder saw nothing. Far from any score, and small enough that
# programs which do not know Float Pixel Padding Value keep a usable range.
PADDING = -32768.0
SCHEME = "99VLMEXPLORER"
_MAKER = "VLM Explorer"
_LONGEST = 64  # characters of a Long String (PS3.5 6.2)
_NOT_IN_A_STRING = re.compile(r"[\x00-\x1f\x7f\\]+")


@dataclass(frozen=True, slots=True, eq=False)
class DicomMap:
    """A map, and the scan it lies on.

    Attributes:
        explanation: of one prompt; or of several, for a picture of all of them.
        source: what may be known of the scan.
        frame: its pixels, for geometry.
        number: of the instance in its series, from 1.
    """

    explanation: Explanation
    source: Source
    frame: Frame
    number: int = 1

    @property
    def prompt(self) -> str:
        """What is explained; "" where the method knows no prompt."""
        return prompt_of(self.explanation)

    @property
    def comment(self) -> str:
        """All that is to be known of the map, in sentences."""
        found = self.explanation
        words = [f"Saliency map, method {found.method}, unit {found.unit}."]
        if self.prompt:
            words.append(f"Prompt: {self.prompt}. {score_words(found)}.")
        words.append(f"Encoder {found.model_id}, fingerprint {found.weights_sha256}.")
        words.append("Float Pixel Padding Value: not seen by the encoder.")
        place = place_words(self.source, self.frame)
        return " ".join(filter(None, [*words, *found.warnings, place, CAVEAT, NOTICE]))


def write_parametric_map(made: DicomMap, path: Path) -> None:
    """Write the raw values, float32, one for each pixel of the scan; whole or not at all.

    Values are those of `Explanation.overlay_of`, bit for bit. NaN becomes Float Pixel Padding
    Value, and lies outside the range of the real world values.

    Raises:
        NotSupported: highdicom is not installed.
        StorageProblem: it cannot be written.
    """
    _save(parametric_map(made), path)


def parametric_map(made: DicomMap) -> Dataset:
    """Return a Parametric Map (PS3.3 A.75) of one frame."""
    hd = _highdicom()
    from highdicom.sr import CodedConcept
    from pydicom.sr.codedict import codes

    found = made.explanation
    values = found.overlay_of(0)
    seen = values[np.isfinite(values)]
    low, high = float(seen.min()), float(seen.max())
    padding = PADDING if low > PADDING else float(np.finfo(np.float32).min)
    ends = limits([seen], signed=found.signed)
    mapping = hd.pm.RealWorldValueMapping(
        lut_label=found.method.upper()[:16],
        lut_explanation=_line(f"{found.unit}: {made.prompt}" if made.prompt else found.unit),
        unit=codes.UCUM.NoUnits,
        value_range=(low, high),
        slope=1.0,
        intercept=0.0,
        quantity_definition=CodedConcept(
            found.method[:16], SCHEME, _line(f"Saliency, {found.method}, {found.unit}")
        ),
    )
    window = hd.VOILUTTransformation(
        window_center=(ends.low + ends.high) / 2, window_width=max(ends.high - ends.low, 1e-6)
    )
    dataset = hd.pm.ParametricMap(
        [evidence(made.source, values.shape[0], values.shape[1], made.frame)],
        np.where(np.isfinite(values), values, np.float32(padding)),
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[window],
        contains_recognizable_visual_features=False,
        content_label="SALIENCY",
        content_description=_line(made.prompt or found.method),
        **_common(made, PARAMETRIC_MAP),
    )
    dataset.FloatPixelPaddingValue = padding
    dataset.ContentCreatorName = ""  # type 2 (PS3.3 table 10-12)
    (shared,) = dataset.SharedFunctionalGroupsSequence
    shared.FrameAnatomySequence = frame_anatomy(made.source.body_part, made.source.laterality)
    if made.frame.spacing_kind == AT_DETECTOR and made.frame.spacing is not None:
        dataset.ImagerPixelSpacing = list(made.frame.spacing)
    name_frame(dataset, made.source)
    return _said(dataset, made)


def write_secondary_capture(made: DicomMap, picture: NDArray[np.uint8], path: Path) -> None:
    """Write a picture of the map, uint8 (rows, columns, 3), its words burned into it.

    Raises:
        NotSupported: highdicom is not installed.
        StorageProblem: it cannot be written.
    """
    _save(secondary_capture(made, picture), path)


def secondary_capture(made: DicomMap, picture: NDArray[np.uint8]) -> Dataset:
    """Return a Secondary Capture (PS3.3 A.8) of a picture of the map."""
    hd = _highdicom()
    common = _common(made, SECONDARY_CAPTURE)
    dataset = hd.sc.SCImage(
        pixel_array=np.ascontiguousarray(picture),
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        study_instance_uid=made.source.study,
        patient_id=made.source.patient,
        patient_name=person_name(made.source),
        **common,
    )
    dataset.PatientOrientation = ""  # not known of a picture; empty where it is not (C.7.6.1)
    if made.source.burned_in in ("YES", "NO"):
        dataset.BurnedInAnnotation = made.source.burned_in
    return _said(dataset, made)


def _common(made: DicomMap, kind: str) -> dict[str, Any]:
    """Return what highdicom is told of every object."""
    found, source = made.explanation, made.source
    asked = (found.weights_sha256, found.method, found.params, source.frame, kind)
    series = source.uid("series", *asked)
    return {
        "series_instance_uid": series,
        "series_number": 1,
        "sop_instance_uid": source.uid("instance", *asked, made.prompt, made.number),
        "instance_number": made.number,
        "manufacturer": _MAKER,
        "manufacturer_model_name": _line(found.model_id),
        "software_versions": [__version__, *_versions(found)],
        "device_serial_number": found.weights_sha256[:_LONGEST] or "0",
        "series_description": _line(f"Saliency, {found.method}, {found.model_id}. {NOTICE}"),
        "specific_character_set": "ISO_IR 192",
    }


def _versions(found: Explanation) -> list[str]:
    return [_line(f"{name} {version}") for name, version in found.versions.items()]


def _said(dataset: Dataset, made: DicomMap) -> Dataset:
    """Add what every object says of itself and of its source."""
    dataset.ImageComments = _NOT_IN_A_STRING.sub(" ", made.comment)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    mark_deidentified(dataset, made.source)
    return dataset


def _line(words: str) -> str:
    """Return words as they fit into a Long String."""
    line = " ".join(_NOT_IN_A_STRING.sub(" ", words).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1].rstrip()}…"


def _save(dataset: Dataset, path: Path) -> None:
    with whole_file(path) as partial:
        dataset.save_as(partial, enforce_file_format=True)


def _highdicom() -> Any:
    try:
        import highdicom
    except ImportError as error:
        raise NotSupported(
            "Maps cannot be written as DICOM: the package highdicom is not installed.",
            "Install it with: pip install highdicom",
        ) from error
    return highdicom
