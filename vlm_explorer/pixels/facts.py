"""What the corners of the viewer say about a picture. Nothing of it is about the patient."""

from __future__ import annotations

import re

from vlm_explorer.files.dicom_dataset import transfer_syntax
from vlm_explorer.files.transfer_syntaxes import is_lossy, name_syntax
from vlm_explorer.pixels.functional_groups import FrameElements

# JPEG 2000, which may or may not have lost detail: the header says.
_EITHER = "1.2.840.10008.1.2.4.91"
_CODE_STRING = re.compile(r"[A-Z0-9_ ]{1,16}")


def collect_facts(elements: FrameElements) -> dict[str, str]:
    """Return short facts by name, in the order in which they are shown; only those known."""
    facts = {
        "Series": _number(elements, "SeriesNumber"),
        "Instance": _number(elements, "InstanceNumber"),
        "Slice location": _number(elements, "SliceLocation", "mm"),
        "Thickness": _number(elements, "SliceThickness", "mm"),
        "kVp": _number(elements, "KVP"),
        "mAs": _number(elements, "Exposure"),
        "TR/TE": _echo(elements),
        "Field strength": _number(elements, "MagneticFieldStrength", "T"),
        "View": _code(elements, "ViewPosition"),
        "Laterality": find_laterality(elements),
        "Body part": _code(elements, "BodyPartExamined"),
        "Lossy": find_lossy(elements),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _number(elements: FrameElements, keyword: str, unit: str = "") -> str:
    found = elements.number(keyword)
    return "" if found is None else f"{round(found, 2):.10g} {unit}".strip()


def _echo(elements: FrameElements) -> str:
    """Return repetition and echo time in ms."""
    repetition = elements.number("RepetitionTime")
    echo = elements.number("EchoTime")
    if echo is None:
        echo = elements.number("EffectiveEchoTime")
    if repetition is None or echo is None:
        return ""
    return f"{repetition:.4g} / {echo:.4g} ms"


def find_laterality(elements: FrameElements) -> str:
    """Return the side, R, L or B, of the frame, the image or the series."""
    for keyword in ("FrameLaterality", "ImageLaterality", "Laterality"):
        if found := _code(elements, keyword):
            return "" if found == "U" else found
    return ""


def _code(elements: FrameElements, keyword: str) -> str:
    """Return a code string (PS3.5 6.2, CS); whatever else was typed there may name somebody."""
    found = elements.text(keyword)
    return found if _CODE_STRING.fullmatch(found) else ""


def find_lossy(elements: FrameElements) -> str:
    """Say that detail was lost to compression, how, and how much if the file tells; else ""."""
    syntax = transfer_syntax(elements.root)
    if elements.text("LossyImageCompression") != "01" and not is_lossy(syntax):
        return ""
    ratio = elements.number("LossyImageCompressionRatio")
    amount = f"{ratio:.3g}:1" if ratio is not None and ratio > 1 else ""
    if is_lossy(syntax):
        name = name_syntax(syntax)
    else:
        name = "JPEG 2000 lossy" if syntax == _EITHER else "compressed before"
    return ", ".join(part for part in (name, amount) if part)
