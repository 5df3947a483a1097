"""What is said about two maps beside each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vlm_explorer.viewmodels import layout_words

if TYPE_CHECKING:
    from vlm_explorer.queries.compare_layouts import CompareAnswer
    from vlm_explorer.viewmodels.states import LayoutState

NARROW = "Too narrow for two maps: fold the viewer (Ctrl+E) or the library (Ctrl+B)"
TITLE = "neighbour overlap"
NOTE = "share of an image's nearest images that are the same on both maps (Jaccard index)"

EXPLANATION = (
    "Overlap: of each image the nearest images on either side, those in both as a share of those "
    "in any (Jaccard index), 0 to 1; chance: of neighbours drawn at random.\n"
    "CKA: linear centred kernel alignment of the two spaces, 0 to 1 (Kornblith et al. 2019).\n"
    "Aligned: turned, mirrored, scaled and moved as a whole so that images lie as near as possible "
    "to their places on the left (Procrustes); misfit: the squared distances left over, as a share "
    "of the left map's spread."
)


def title(model: str, layout: LayoutState) -> str:
    """Return which map this is: "biomedclip · UMAP, centred joint space", or of a kept one."""
    method = layout_words.method_title(layout.method)
    if layout.name:
        return f"{model} · “{layout.name}”"
    return f"{model} · {method}, {layout_words.SPACES.get(layout.space, layout.space)}"


def agreement(answer: CompareAnswer) -> str:
    """Return how far two maps agree: "overlap 0.43 of 15 neighbours (chance 0.02) · CKA 0.71"."""
    if math.isnan(answer.mean):
        return "too few images on both maps for an overlap of neighbours"
    where = "" if answer.measured == "space" else " on the maps"
    words = (
        f"overlap {answer.mean:.2f} of {answer.k} neighbours{where} (chance {answer.chance:.2f})"
    )
    if answer.cka is None or math.isnan(answer.cka):
        return words
    return f"{words} · CKA {answer.cka:.2f}"


def notes(answer: CompareAnswer, *, aligned: bool) -> tuple[str, ...]:
    """Return the further lines of the second map's caption."""
    how = _alignment(answer) if aligned else "not aligned to the left map"
    lines = [agreement(answer), f"{answer.second.model}, {how}"]
    if answer.k and answer.measured_images < len(answer.image_ids):
        lines.append(
            f"overlap measured on {answer.measured_images:,} of {len(answer.image_ids):,} images"
        )
    if answer.only_first or answer.only_second:
        lines.append(
            f"{len(answer.image_ids):,} of {answer.images:,} images on both maps · "
            f"{answer.only_first:,} only left · {answer.only_second:,} only right"
        )
    return tuple(lines)


def _alignment(answer: CompareAnswer) -> str:
    if math.isnan(answer.alignment.disparity):
        return "moved onto the left map"
    how = "turned, scaled, mirrored" if answer.alignment.mirrored else "turned, scaled"
    return f"aligned: {how} · misfit {answer.alignment.disparity * 100:.0f} %"


def details(answer: CompareAnswer) -> str:
    """Return the figures that the caption has no room for, and what all of them mean."""
    lines = []
    if not math.isnan(answer.mean):
        low, high = answer.interval
        lines.append(
            f"Mean overlap {answer.mean:.3f}, 95 % interval {low:.3f} to {high:.3f} over "
            f"{len(answer.image_ids):,} images (bootstrap). Neighbours in common "
            f"{answer.shared:.3f} of {answer.k}, by chance {answer.shared_by_chance:.3f}."
        )
    if answer.cka is not None and answer.cka_unbiased is not None:
        lines.append(
            f"CKA {answer.cka:.3f}; without its bias in few images {answer.cka_unbiased:.3f}."
        )
    return "\n".join([*lines, EXPLANATION])
