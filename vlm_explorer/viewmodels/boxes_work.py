"""What marks of findings, and maps compared with them, have done off the GUI thread. No Qt."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.files.truth import TrueFinding, Truth
    from vlm_explorer.queries.localise import LocaliseAnswer
    from vlm_explorer.viewmodels.background import Opened

Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels of the image

# Those that need one pass of the encoder, or a few; the others need a pass for every part hidden.
QUICK = ("patchsim", "gradattn", "decomp", "legrad", "gradcam")
EVERY = (*QUICK, "occlusion")


@dataclass(frozen=True, slots=True)
class TrueMark:
    """A finding as it is drawn: `exact` where the boxes are what was marked, not around a mask."""

    words: str
    boxes: tuple[Box, ...]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Marked:
    """What is marked in a collection.

    Attributes:
        truth: None where no file marks anything.
        marks: by image id.
        places: folders in which such a file would have been found.
    """

    truth: Truth | None = None
    marks: dict[str, tuple[TrueMark, ...]] = field(default_factory=dict)
    places: tuple[str, ...] = ()


def read_marks(content: Opened, path: Path | None, *, context: JobContext) -> Marked:
    """Read a file that marks findings, or the one beside the images.

    Raises:
        UsageError: the file cannot be read.
    """
    from vlm_explorer.files.truth import read_truth
    from vlm_explorer.queries.localise_scope import find_collection_truth, scope_of

    context.check()
    places = tuple(content.collection.manifest.sources)
    found = path or find_collection_truth(content.collection)
    if found is None:
        return Marked(places=places)
    truth = read_truth(found)
    scope = scope_of(truth, content.collection)
    marks = {
        scope.ids[os.path.realpath(file), frame]: tuple(_mark(each) for each in findings)
        for (file, frame), findings in scope.by_image.items()
    }
    return Marked(truth, marks, places)


def compare(
    content: Opened,
    encoder: Encoder,
    truth: Truth,
    methods: tuple[str, ...],
    image_ids: tuple[str, ...],
    *,
    context: JobContext,
) -> LocaliseAnswer:
    """Return how maps of marked findings lie; see `queries.localise`."""
    from vlm_explorer.queries.localise import LocaliseRequest, localise

    request = LocaliseRequest(truth, methods, image_ids=image_ids)
    return localise(encoder, request, content.collection, context=context)


def _mark(finding: TrueFinding) -> TrueMark:
    """Return a finding as it is drawn; a mask as boxes around its connected parts."""
    import numpy as np
    from PIL import Image

    from vlm_explorer.analysis.detection import boxes_of
    from vlm_explorer.errors import FileProblem
    from vlm_explorer.files.truth import read_mask

    boxes = list(finding.boxes)
    for path in finding.masks:
        try:
            with Image.open(path) as picture:
                columns, rows = picture.size
            mask = read_mask(path, (rows, columns)).astype(np.float32)
        except (OSError, FileProblem):
            continue  # said when maps are compared with it
        boxes += [found.box for found in boxes_of(mask, least_share=0.0)]
    words = f"{finding.side} {finding.name}".strip()
    return TrueMark(words, tuple(boxes), exact=not finding.masks)
