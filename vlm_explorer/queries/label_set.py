"""Labels that belong together, the sentences that stand for them, and how sure scores of them are.

A label without prompts of its own is put through the templates, and so are its synonyms: all
sentences of a side are one ensemble.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vlm_explorer.analysis.zero_shot import TASKS, TemplateSet, fill
from vlm_explorer.errors import UsageError


@dataclass(frozen=True, slots=True)
class Label:
    """A label with the sentences that stand for it.

    Attributes:
        name: what it is called, and what goes through the templates.
        positive: sentences that say it is there, instead of the templates; may be empty.
        negative: sentences that say it is not, instead of the templates' negatives.
        synonyms: other names, put through the templates as the name is.
    """

    name: str
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()

    def sentences(self, chosen: TemplateSet) -> tuple[str, ...]:
        """Return what says that the label applies."""
        return self.positive or self._filled(chosen.templates)

    def denials(self, chosen: TemplateSet) -> tuple[str, ...]:
        """Return what says that it does not; empty where nothing does."""
        return self.negative or self._filled(chosen.negatives)

    def _filled(self, templates: Sequence[str]) -> tuple[str, ...]:
        names = (self.name, *self.synonyms)
        return tuple(fill(template, name) for name in names for template in templates)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How probabilities of a label set came to fit labelled cases.

    Attributes:
        model, fingerprint: the encoder whose scores they are.
        prompts: `prompts_digest` of the sentences; with others it says nothing.
        cases: how many labelled images it was fitted on.
        temperature: what divides the logits, for the task `single`.
        curves: for the task `multi`, of each label the slope and offset of Platt's curve, which
            takes the logit of present against absent.
    """

    model: str
    fingerprint: str
    prompts: str
    cases: int
    temperature: float = 1.0
    curves: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Labels that belong together, and how they are asked for.

    Attributes:
        name: of its file: lower case, digits and hyphens; "" for one that has none yet.
        title: what the window shows.
        task: `single`, one label an image, or `multi`, each by itself.
        templates: name of a template set; "" leaves it to the task.
        version: counts what was saved, from 1.
        calibrations: at most one for an encoder and its sentences.
        source: where classes and wording are from; may be empty.
    """

    name: str
    title: str
    labels: tuple[Label, ...]
    task: str = "single"
    templates: str = ""
    version: int = 1
    calibrations: tuple[Calibration, ...] = ()
    source: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The labels' names, in order."""
        return tuple(label.name for label in self.labels)

    @property
    def asked(self) -> tuple[object, ...]:
        """What decides about the scores; sets that differ in title alone are asked alike."""
        return self.labels, self.task, self.templates, self.calibrations


def as_labels(labels: Iterable[Label | str]) -> tuple[Label, ...]:
    """Return labels, those given as words without prompts of their own."""
    return tuple(Label(each) if isinstance(each, str) else each for each in labels)


def check_labels(labels: Sequence[Label], task: str) -> None:
    """Make sure that labels can be asked for.

    Raises:
        UsageError: there are none, one is blank or there twice, or there is no such task.
    """
    if not labels:
        raise UsageError("There are no labels to choose among.", "Give at least one with --labels.")
    names = [label.name for label in labels]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UsageError(f"The label “{twice[0]}” is given twice.", "Give each label once.")
    if not all(name.strip() for name in names):
        raise UsageError("A label is empty.", "Give each label at least one word.")
    if task not in TASKS:
        raise UsageError(f"There is no task “{task}”.", f"Choose one of: {', '.join(TASKS)}.")


def prompts_digest(task: str, sides: Sequence[tuple[Sequence[str], Sequence[str]]]) -> str:
    """Return a short name of the sentences that labels are asked by.

    Args:
        task: `single` or `multi`.
        sides: of each label, what says that it applies, and what says that it does not.
    """
    about = json.dumps([task, [[list(yes), list(no)] for yes, no in sides]])
    return hashlib.blake2b(about.encode(), digest_size=8).hexdigest()
