"""Which part of the body a map shows, as coded as a Parametric Map wants it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

if TYPE_CHECKING:
    from pydicom.sr.coding import Code

LATERALITIES = ("R", "L", "U", "B")
# Defined terms of Body Part Examined (PS3.16 annex L) that are not the names of the codes.
_SHORT = {
    "CHEST": "THORAX",
    "CSPINE": "CERVICALSPINE",
    "TSPINE": "THORACICSPINE",
    "LSPINE": "LUMBARSPINE",
    "HEADNECK": "HEADANDNECK",
    "WHOLEBODY": "ENTIREBODY",
}


def frame_anatomy(body_part: str, laterality: str) -> Sequence:
    """Return a Frame Anatomy Sequence (PS3.3 C.7.6.16.2.8), without which some readers fail.

    Args:
        body_part: Body Part Examined of the scan; where it is "", or no term that is known, the
            region is called tissue.
        laterality: of the scan; where it is none of `LATERALITIES`, the part counts as unpaired.
    """
    named = body_part.upper().replace(" ", "")
    code = _regions().get(_SHORT.get(named, named)) or _tissue()
    region = Dataset()
    region.CodeValue, region.CodingSchemeDesignator = code.value, code.scheme_designator
    region.CodeMeaning = code.meaning
    item = Dataset()
    item.AnatomicRegionSequence = Sequence([region])
    item.FrameLaterality = laterality if laterality in LATERALITIES else "U"
    return Sequence([item])


@cache
def _regions() -> dict[str, Code]:
    """Return the anatomic regions of CID 4 by their names in capitals."""
    from pydicom.sr.codedict import codes

    return {name.upper(): getattr(codes.cid4, name) for name in dir(codes.cid4)}


def _tissue() -> Code:
    from pydicom.sr.codedict import codes

    code: Code = codes.SCT.Tissue
    return code
