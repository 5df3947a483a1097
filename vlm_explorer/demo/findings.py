"""Which findings the synthetic study knows, and where they can occur."""

from __future__ import annotations

from dataclasses import dataclass

from vlm_explorer.demo.body import Array, box_of

FINDINGS: dict[str, tuple[tuple[str, str], ...]] = {
    "pleural effusion": (("XR", "chest"), ("CT", "chest")),
    "pneumothorax": (("XR", "chest"), ("CT", "chest")),
    "consolidation": (("XR", "chest"), ("CT", "chest")),
    "nodule": (("XR", "chest"), ("CT", "chest")),
    "cardiomegaly": (("XR", "chest"), ("CT", "chest")),
    "haemorrhage": (("CT", "head"),),
    "brain tumour": (("CT", "head"), ("MR", "head")),
    "liver lesion": (("CT", "abdomen"),),
    "kidney cyst": (("CT", "abdomen"),),
    "breast mass": (("MG", "breast"),),
    "cystic lesion": (("US", "abdomen"), ("US", "breast")),
    "solid lesion": (("US", "abdomen"), ("US", "breast")),
}

SMALLEST = 0.08


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding that is visible in an image.

    Attributes:
        name: a key of `FINDINGS`.
        side: the patient's side: left, right, bilateral, or empty.
        box: x0, y0, x1, y1 in pixels of the image, the end exclusive.
    """

    name: str
    side: str
    box: tuple[int, int, int, int]


def large_enough(extent: Array, shape: tuple[int, int], share: float = SMALLEST) -> bool:
    """Whether a mask (coverage in [0, 1]) is at least `share` of the picture both ways."""
    box = box_of(extent > 0.5)
    if box is None:
        return False
    wide = box[2] - box[0] >= share * shape[1]
    return wide and box[3] - box[1] >= share * shape[0]


def boxed(name: str, side: str, extent: Array) -> Finding:
    """The finding with the box of its mask, widened to the smallest allowed box if need be."""
    rows, cols = extent.shape
    box = box_of(extent > 0.5)
    if box is None:
        raise ValueError(f"the mask of {name} is empty")
    x0, x1 = _widened(box[0], box[2], cols)
    y0, y1 = _widened(box[1], box[3], rows)
    return Finding(name, side, (x0, y0, x1, y1))


def _widened(low: int, high: int, side: int) -> tuple[int, int]:
    need = int(-(-SMALLEST * side // 1)) + 1
    if high - low >= need:
        return low, high
    low = min(max(0, (low + high - need) // 2), side - need)
    return low, low + need
