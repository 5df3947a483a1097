"""What the tab "Evaluate" has done off the GUI thread. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.classify import ClassifyRequest
from vlm_explorer.queries.evaluate_answer import EvaluateRequest, Evaluation
from vlm_explorer.viewmodels.background import Opened

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.queries.retrieve import RetrieveAnswer

TEMPLATES, ENCODER = "templates", "encoder"


@dataclass(frozen=True, slots=True)
class Against:
    """What the labels are compared with: other templates, or another encoder."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a collection offers: columns that could say what is true, and other encoders."""

    columns: tuple[str, ...]
    models: tuple[str, ...]


def look(content: Opened, *, context: JobContext) -> Known:
    """Return what can be evaluated in a collection."""
    from vlm_explorer.queries.evaluate_truth import truth_columns

    context.check()
    return Known(truth_columns(content.collection), tuple(content.collection.models()))


def evaluate(
    content: Opened,
    encoder: Encoder,
    asked: ClassifyRequest,
    column: str,
    image_ids: tuple[str, ...] | None,
    against: Against | None,
    *,
    context: JobContext,
) -> Evaluation:
    """Measure the labels, and the same with what they are compared with."""
    from vlm_explorer.queries.classify import DEFAULT_TEMPLATES
    from vlm_explorer.queries.evaluate import evaluate as answer

    encoders, templates = [encoder], []
    if against is not None and against.kind == TEMPLATES:
        templates = [asked.templates or DEFAULT_TEMPLATES[asked.task], against.name]
    elif against is not None:
        encoders.append(_other(content, against.name))
    request = EvaluateRequest(asked, column, image_ids=image_ids)
    return answer(content.collection, encoders, request, templates=templates, context=context)


def _other(content: Opened, model: str) -> Encoder:
    from vlm_explorer.encoders.load import load_encoder
    from vlm_explorer.queries.matching import matching_encoder

    return matching_encoder(content.collection, model, load_encoder)


def retrieve(
    content: Opened, model: str, image_ids: tuple[str, ...] | None, *, context: JobContext
) -> RetrieveAnswer:
    """Measure how captions and images find each other."""
    from vlm_explorer.queries.retrieve import RetrieveRequest
    from vlm_explorer.queries.retrieve import retrieve as answer

    return answer(content.collection, RetrieveRequest(image_ids), model=model, context=context)
