"""What the tab "Evaluate" has done off the GUI thread. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vlm_explorer.analysis.zero_shot import TemplateSet, load_template_sets
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.classify import DEFAULT_TEMPLATES, ClassifyRequest
from vlm_explorer.queries.evaluate_answer import EvaluateRequest, Evaluation
from vlm_explorer.queries.truth_counting import Counting
from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.evaluate_words import FigureRow, difference_rows, table_rows
from vlm_explorer.viewmodels.states import LabelState

if TYPE_CHECKING:
    from vlm_explorer.encoders.encoder import Encoder
    from vlm_explorer.queries.retrieve import RetrieveAnswer
    from vlm_explorer.viewmodels.truth_choice import TruthChoice

TEMPLATES, ENCODER = "templates", "encoder"


@dataclass(frozen=True, slots=True)
class Against:
    """What the labels are compared with: other templates, or another encoder."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """An evaluation with what the window makes of it.

    Attributes:
        rows, differences: the tables.
        wrong: the images that are called wrongly, by label, and of all labels under "".
    """

    evaluation: Evaluation
    rows: tuple[FigureRow, ...]
    differences: tuple[FigureRow, ...]
    wrong: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Truth:
    """Where it stands what is true, as of `EvaluateRequest`."""

    column: str
    table: str = ""
    stands: tuple[tuple[str, tuple[str, ...]], ...] = ()
    counting: Counting = Counting()

    @classmethod
    def of(cls, choice: TruthChoice, labels: tuple[str, ...]) -> Truth:
        """Return the user's choice, as far as it is about these labels."""
        corrected = tuple(each for each in choice.corrections if each[0] in labels)
        counting = Counting(*choice.counting)
        return cls(choice.column, str(choice.table or ""), corrected, counting)


def evaluate(
    content: Opened,
    encoder: Encoder,
    asked: ClassifyRequest,
    truth: Truth,
    image_ids: tuple[str, ...] | None,
    against: Against | None,
    *,
    context: JobContext,
) -> Found:
    """Measure the labels, and the same with what they are compared with."""
    from vlm_explorer.queries.evaluate import evaluate as answer

    encoders, templates = [encoder], []
    if against is not None and against.kind == TEMPLATES:
        templates = [asked.templates or DEFAULT_TEMPLATES[asked.task], against.name]
    elif against is not None:
        encoders.append(_other(content, against.name))
    request = EvaluateRequest(
        asked,
        truth.column,
        image_ids=image_ids,
        stands=truth.stands,
        table=truth.table,
        counting=truth.counting,
    )
    found = answer(content.collection, encoders, request, templates=templates, context=context)
    return Found(found, table_rows(found.answers[0]), difference_rows(found), _wrong(found))


def _wrong(found: Evaluation) -> dict[str, tuple[str, ...]]:
    """Return each image once a label, the most confident first."""
    ids: dict[str, dict[str, None]] = {}
    for each in found.answers[0].wrong:
        for label in {"", each.truth, each.called}:
            ids.setdefault(label, {})[each.image_id] = None
    return {label: tuple(keys) for label, keys in ids.items()}


def opponents(
    state: LabelState, model: str, models: Sequence[str]
) -> tuple[tuple[Against, str], ...]:
    """Return what labels could be compared with, in words.

    Args:
        model: the encoder in use.
        models: all whose vectors the collection holds.
    """
    sets, own = load_template_sets(), state.templates or DEFAULT_TEMPLATES[state.task]
    found = [
        (Against(TEMPLATES, each.name), f"Templates: {each.title}")
        for each in sets.values()
        if own not in sets or not _alike(each, sets[own], state.task)
    ]
    others = [name for name in models if name != model]
    return (*found, *((Against(ENCODER, name), f"Encoder: {name}") for name in others))


def _alike(other: TemplateSet, own: TemplateSet, task: str) -> bool:
    """Return whether other templates would change nothing, or cannot be asked for this task."""
    if task == "multi" and not other.negatives:
        return True
    same = (other.templates, other.source) == (own.templates, own.source)
    return same and (task == "single" or other.negatives == own.negatives)


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
