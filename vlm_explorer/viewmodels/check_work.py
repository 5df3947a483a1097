"""What the checks of a map have done off the GUI thread; heavy imports inside functions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels.check_rows import NotApplicable
from vlm_explorer.viewmodels.saliency_request import Request
from vlm_explorer.viewmodels.viewer_encoder_view import rendered

if TYPE_CHECKING:
    from vlm_explorer.saliency.explanation import Explanation


@dataclass(frozen=True, slots=True, eq=False)
class CheckTask:
    """A map to be checked.

    Attributes:
        request: that the explanation answers.
        explanation: of one prompt, or of none.
        collection: folder of the collection whose images make the position prior.
        series: key of the image's series; "" where it has none.
    """

    request: Request
    explanation: Explanation
    collection: str
    series: str

    @property
    def key(self) -> tuple[Any, ...]:
        """What the checks' findings depend on."""
        explanation = self.explanation
        return (
            *self.request.picture,
            explanation.method,
            *explanation.target["prompts"],
            repr(sorted(explanation.params.items(), key=lambda each: each[0])),
            hashlib.sha256(explanation.grid.tobytes()).hexdigest(),
        )


def run_checks(task: CheckTask, names: tuple[str, ...], *, context: JobContext) -> dict[str, Any]:
    """Return by check what it found; a `NotApplicable` where it cannot be made."""
    from vlm_explorer.saliency.checks import check

    context.check()
    request = task.request
    pixels = rendered(request.frame, request.source, request.ct_window)
    found = check(
        request.encoder,
        pixels,
        task.explanation,
        which=names,
        collection=task.collection,
        image=request.image_id,
        source=task.series,
        context=context,
    )
    return {
        name: NotApplicable(found.reasons[name]) if name in found.reasons else getattr(found, name)
        for name in names
    }
