"""What the user should know of a picture before looking at it, in words; never the file's own."""

from __future__ import annotations

from vlm_explorer.files.dicom_dataset import text, texts
from vlm_explorer.pixels.functional_groups import FrameElements

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
# Modalities whose devices write names into the pixels, and kinds of screens saved as pictures.
_AT_RISK = frozenset({"ES", "GM", "IVUS", "OT", "RF", "SC", "US", "XA", "XC"})
_SCREENS = ("SCREEN", "DOSE", "CSAPARALLEL", "REPORT")


def find_notices(elements: FrameElements) -> list[str]:
    """Return what to warn about that the pixels themselves do not tell the program."""
    notices = []
    kind = [word.upper() for word in texts(elements.root, "ImageType")]
    burned_in = text(elements.root, "BurnedInAnnotation").upper()
    if burned_in == "YES":
        notices.append("Text is burned into the picture; it may name the patient.")
    elif burned_in != "NO" and _may_hold_text(elements, kind):
        notices.append("There may be text in the picture that names the patient.")
    if "MOSAIC" in kind:
        notices.append("A mosaic: many slices side by side in one picture.")
    return notices


def is_capture(elements: FrameElements) -> bool:
    """Return whether the file is a Secondary Capture: a screen, a page, a drawing."""
    return text(elements.root, "SOPClassUID").startswith(_SECONDARY_CAPTURE)


def _may_hold_text(elements: FrameElements, kind: list[str]) -> bool:
    """Return whether a picture of this sort often has text in its pixels."""
    return (
        elements.text("Modality") in _AT_RISK
        or is_capture(elements)
        or any(screen in word for word in kind for screen in _SCREENS)
    )
