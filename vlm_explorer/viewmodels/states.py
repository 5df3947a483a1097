"""What the session knows, as frozen states that are replaced whole."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from vlm_explorer.analysis.zero_shot import TASKS
from vlm_explorer.queries.expression import Term, summed, unnamed
from vlm_explorer.queries.label_set import Label, LabelSet, as_labels
from vlm_explorer.queries.label_set_file import label_set_of, table_of
from vlm_explorer.queries.ranking_choice import RankingChoice

if TYPE_CHECKING:
    import numpy as np

    from vlm_explorer.encoders.encoder import TextReading
    from vlm_explorer.queries.classify import ClassifyAnswer
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.queries.map_trust import MapTrust
    from vlm_explorer.queries.search_answer import SearchAnswer

# What is chosen about a layout, in the order in which a collection keeps it.
CHOICES = ("method", "space", "seed", "n_neighbors", "min_dist", "perplexity")


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected images, the same everywhere; `current` is the one in the viewer."""

    ids: Set[str] = frozenset()
    current: str | None = None


@dataclass(frozen=True, slots=True)
class QueryState:
    """What is searched for: a text, or images like one (`like`, an image id), or several terms.

    `terms` are added to the text, if there is one; `fuse` and `ranking` say how, see
    `queries.query_vector` and `queries.ranking_choice`. `reading` says how the encoder read the
    text, None until it did.
    """

    text: str = ""
    like: str | None = None
    answer: SearchAnswer | None = None
    pending: bool = False
    reading: TextReading | None = None
    terms: tuple[Term, ...] = ()
    fuse: str = "sum"
    ranking: RankingChoice = RankingChoice()

    @property
    def active(self) -> bool:
        """Whether anything is searched for."""
        return bool(self.text or self.terms) or self.like is not None

    @property
    def asked(self) -> QueryState:
        """What is searched for alone: equal where the same is."""
        return QueryState(
            self.text, self.like, terms=self.terms, fuse=self.fuse, ranking=self.ranking
        )

    @property
    def nothing(self) -> QueryState:
        """The state that searches for nothing, and would rank it in the same way."""
        return QueryState(fuse=self.fuse, ranking=self.ranking)

    @property
    def whole(self) -> tuple[Term, ...]:
        """All terms, the text among them, last."""
        return (*self.terms, Term(self.text, 1.0, "text")) if self.text else self.terms

    @property
    def words(self) -> str:
        """What is searched for; neither ids nor names of files, which may hold names of people."""
        return summed(self.whole, unnamed)


@dataclass(frozen=True, slots=True)
class LayoutState:
    """The map's layout; `preliminary` while PCA stands in for what is still computed.

    `method` to `perplexity` are what was chosen, as in `analysis.projection.ProjectionSpec`;
    `name` is that of a kept layout, "" for one that has none; `trust` says how far to trust it, as
    soon as that is known.
    """

    answer: LayoutAnswer | None = None
    preliminary: bool = False
    pending: bool = False
    method: str = "umap"
    space: str = "centred"
    seed: int = 42
    n_neighbors: int = 15
    min_dist: float = 0.8
    perplexity: float = 30.0
    name: str = ""
    trust: MapTrust | None = None

    @property
    def choices(self) -> dict[str, Any]:
        """What was chosen, by name: what `Session.set_layout` takes."""
        return {name: getattr(self, name) for name in CHOICES}

    @classmethod
    def of_kept(cls, values: list[Any]) -> LayoutState | None:
        """Return the state with the choices that a collection kept; None for what is no such."""
        match values:
            case [str(), str(), int()] | [
                str(),
                str(),
                int(),
                int(),
                int() | float(),
                int() | float(),
            ]:
                return cls(**dict(zip(CHOICES, values, strict=False)))
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Moving:
    """A layout on its way, of the images and texts of the preliminary one.

    Attributes:
        xy: float32 (N, 2), where the images are by now; NaN: they are placed in the end.
        text_xy: float32 (M, 2), where the texts are.
        share: how much of the work is done, 0 to 1.
    """

    xy: np.ndarray
    text_xy: np.ndarray
    share: float


OWN_LABELS = LabelSet("", "Own labels", ())


@dataclass(frozen=True, slots=True)
class LabelState:
    """The zero-shot labels and their scores of every image.

    Attributes:
        chosen: the label set as it is in the window, with what is not saved yet.
        temperature: divides the model's logits, where no calibration is in use.
        margin: cosines; below it there is no call.
        calibrated: whether what was fitted on labelled cases is used, where there is any.
    """

    chosen: LabelSet = OWN_LABELS
    temperature: float = 1.0
    margin: float = 0.0
    calibrated: bool = True
    answer: ClassifyAnswer | None = None
    pending: bool = False

    @classmethod
    def of(
        cls,
        labels: Iterable[str],
        templates: str = "",
        task: str = "single",
        answer: ClassifyAnswer | None = None,
    ) -> LabelState:
        """Return the state of labels without prompts of their own."""
        chosen = replace(OWN_LABELS, labels=as_labels(labels), templates=templates, task=task)
        return cls(chosen, answer=answer)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels' names, in order."""
        return self.chosen.names

    @property
    def templates(self) -> str:
        """The name of the template set; "" leaves it to the task."""
        return self.chosen.templates

    @property
    def task(self) -> str:
        """Whether one label an image is chosen ("single"), or each is asked by itself ("multi")."""
        return self.chosen.task

    @property
    def special(self) -> bool:
        """Whether the names of the labels alone do not say what is asked."""
        chosen = self.chosen
        return any(label != Label(label.name) for label in chosen.labels) or (
            self.calibrated and bool(chosen.calibrations)
        )

    @property
    def warmed(self) -> bool:
        """Whether the user's temperature is in use, and not the model's own or a calibrated one."""
        fitted = None if self.answer is None else self.answer.fitted
        return not self.calibrated if fitted else self.temperature != 1

    @property
    def asked(self) -> tuple[LabelSet, float, float, bool]:
        """What the user decides; the answer follows from it."""
        return self.chosen, self.temperature, self.margin, self.calibrated

    @property
    def kept(self) -> dict[str, Any]:
        """What a collection keeps of it."""
        return {
            "set": table_of(self.chosen),
            "temperature": self.temperature,
            "margin": self.margin,
            "calibrated": self.calibrated,
        }

    @classmethod
    def of_kept(cls, value: Any) -> LabelState | None:
        """Return the state that a collection kept; None for what is no such."""
        match value:
            case {
                "set": dict(table),
                "temperature": int() | float() as temperature,
                "margin": int() | float() as margin,
                "calibrated": bool(calibrated),
            } if temperature > 0:
                try:
                    return cls(label_set_of(table), float(temperature), float(margin), calibrated)
                except ValueError:
                    return None
            case [list(labels), str(templates), str(task)] if task in TASKS:
                return cls.of(map(str, labels), templates, task)
        return None
