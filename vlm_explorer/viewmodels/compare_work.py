"""What the comparison of maps has done off the GUI thread; heavy imports inside functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels import saliency_work
from vlm_explorer.viewmodels.compare_tiles import TOGETHER
from vlm_explorer.viewmodels.saliency_request import Request
from vlm_explorer.viewmodels.saliency_work import Answer, PartialMaps
from vlm_explorer.viewmodels.viewer_encoder_view import rendered

LONGEST = 384  # px, of the scan in a tile


def explain_batch(requests: Sequence[Request], *, context: JobContext) -> list[Answer]:
    """Return the answers to requests of one method on one image, in a single pass if it can be.

    Raises:
        NotSupported: the method does not apply to the encoder.
    """
    from vlm_explorer.saliency.difference import single
    from vlm_explorer.saliency.explain import explain

    first = requests[0]
    if first.method not in TOGETHER or len(requests) == 1:
        return [
            saliency_work.explain_request(request, PartialMaps(), None, context=context)
            for request in requests
        ]
    context.check()
    pixels = rendered(first.frame, first.source, first.ct_window)
    settings = dict(first.params)
    if first.method == "occlusion":
        settings |= saliency_work.halved_windows(first, pixels, PartialMaps())
    texts = [request.prompt for request in requests]
    found = explain(first.encoder, pixels, texts, first.method, context=context, **settings)
    return [Answer(single(found, row)) for row in range(len(requests))]


def small_picture(request: Request, *, context: JobContext) -> NDArray[np.uint8]:
    """Return the scan as the encoder gets it, no side longer than `LONGEST`."""
    from PIL import Image

    context.check()
    picture = Image.fromarray(rendered(request.frame, request.source, request.ct_window))
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
    return np.asarray(picture)
