"""Labels without training: prompt templates, their ensembles, cosines and probabilities."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vlm_explorer import paths
from vlm_explorer.analysis.similarity import Vectors, cosines, unit
from vlm_explorer.errors import UsageError

TASKS = ("single", "multi")
PLACEHOLDER = "{}"


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """Sentences into which labels are put.

    Attributes:
        name: what users type and what is stored with a result.
        title: what the window shows.
        templates: sentences saying that the label applies; each has `{}` once.
        negatives: sentences saying that it does not, for the task `multi`; may be empty.
        note: where the set is from.
        source: name of the list in `open_clip.zero_shot_metadata` that `template_set` takes
            the sentences from; "" where they are here.
        general: whether it was made for images of everything, not for scans.
    """

    name: str
    title: str
    templates: tuple[str, ...]
    negatives: tuple[str, ...] = ()
    note: str = ""
    source: str = ""
    general: bool = False

    def __post_init__(self) -> None:
        if not self.templates and not self.source:
            raise UsageError(f"The template set {self.name!r} is empty.", "Add a template.")
        for template in (*self.templates, *self.negatives):
            _check_template(template)


def _check_template(template: str) -> None:
    if template.count(PLACEHOLDER) != 1:
        raise UsageError(
            f"The template {template!r} must contain {PLACEHOLDER} exactly once.",
            f"Write {PLACEHOLDER} where the label belongs, as in 'a scan showing {PLACEHOLDER}'.",
        )


def load_template_sets(*, own: bool = True) -> dict[str, TemplateSet]:
    """Return all template sets by name: those of the program, then the user's own if wanted.

    The user's lie in `own_templates_file`, in the form of `resources/templates.toml`.

    Raises:
        UsageError: the user's file is no such file.
    """
    file = own_templates_file()
    if not own:
        return dict(_shipped())
    try:
        changed = file.stat().st_mtime_ns
    except OSError:
        return dict(_shipped())
    return {**_shipped(), **_own(file, changed)}


def own_templates_file() -> Path:
    """Return where users keep template sets of their own."""
    return paths.data_folder() / "templates.toml"


@lru_cache(maxsize=1)
def _shipped() -> dict[str, TemplateSet]:
    return _read(paths.resources() / "templates.toml")


@lru_cache(maxsize=1)
def _own(file: Path, _changed: int) -> dict[str, TemplateSet]:
    """Return the user's sets; none may take the name of one that comes with the program."""
    try:
        found = _read(file)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(
            f"The template sets in {file} cannot be read.",
            'Write a table a set, as in: [name], title = "…", templates = ["a scan of {}"].',
        ) from error
    if taken := sorted(found.keys() & _shipped().keys()):
        raise UsageError(
            f"The template set {taken[0]!r} in {file} has the name of one of the program.",
            "Give it another name.",
        )
    return found


def _read(file: Path) -> dict[str, TemplateSet]:
    tables = tomllib.loads(file.read_text(encoding="utf-8"))
    return {
        name: TemplateSet(
            name,
            str(table.get("title", name)),
            _sentences(table.get("templates", [])),
            _sentences(table.get("negatives", [])),
            str(table.get("note", "")),
            str(table.get("source", "")),
            bool(table.get("general", False)),
        )
        for name, table in tables.items()
    }


def _sentences(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError("sentences are a list of texts")
    return tuple(value)


def template_set(name: str) -> TemplateSet:
    """Return the set of that name with all its sentences.

    Raises:
        UsageError: there is none; the hint lists those that there are.
    """
    sets = _shipped() if name in _shipped() else load_template_sets()
    if name not in sets:
        raise UsageError(f"There is no template set {name!r}.", f"There are: {', '.join(sets)}.")
    found = sets[name]
    if not found.source:
        return found
    import open_clip.zero_shot_metadata as lists

    made = getattr(lists, found.source, ())
    if not made:
        raise UsageError(
            f"The installed open_clip has no list {found.source!r}.", "Choose another template set."
        )
    return replace(found, templates=tuple(template(PLACEHOLDER) for template in made))


def fill(template: str, label: str) -> str:
    """Return the sentence: `template` with `label` in the place of `{}`.

    Raises:
        UsageError: the template does not have `{}` exactly once, or the label is blank.
    """
    _check_template(template)
    if not label.strip():
        raise UsageError("A label is empty.", "Give each label at least one word.")
    return template.replace(PLACEHOLDER, label.strip())


def ensemble(vectors: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Return one unit vector a class: each sentence normalised, their mean, normalised again.

    The order of steps of Radford et al. 2021 (CLIP), section 3.1.4, and of open_clip's
    `build_zero_shot_classifier`.

    Args:
        vectors: for each of C classes, (T, D) vectors of its T sentences; T may differ.

    Returns:
        float32 (C, D), unit rows.
    """
    return np.stack([unit(unit(rows).astype(np.float64).mean(axis=0)) for rows in vectors])


def scores(images: Vectors, classes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return float32 (N, C), the cosine of each image (N, D) with each class (C, D)."""
    return cosines(images, classes)


def probability(
    cosine: NDArray[np.float32],
    scale: float,
    bias: float | None,
    task: str,
    *,
    negative: NDArray[np.float32] | None = None,
    temperature: float = 1.0,
) -> NDArray[np.float32]:
    """Return the probabilities that belong to cosines.

    With `negative`, each label is a choice of its own between present and absent: the softmax of
    the pair, as CheXzero does it, with the model's scale (which CheXzero leaves out). Otherwise a
    model with a bias (SigLIP) gives each label its own sigmoid, and a model without one shares 1
    among the labels of an image.

    Args:
        cosine: float32 (N, C).
        scale: what the model multiplies cosines by (not its logarithm).
        bias: what a model trained with a sigmoid loss adds; None for the others.
        task: `single`, one label an image, or `multi`, any number of them.
        negative: float32 (N, C), cosines of the negative sentences; required for `multi` by
            models without a bias, not used for `single`.
        temperature: divides the logits; above 1 flattens.

    Returns:
        float32 (N, C) in 0..1; rows sum to 1 for `single` without bias.

    Raises:
        UsageError: unknown task, temperature not above 0 or not finite, or `multi` without what
            it needs.
    """
    powers = logits(cosine, scale, bias, task, negative=negative, temperature=temperature)
    return shares(powers, bias, task)


def shares(powers: NDArray[np.float64], bias: float | None, task: str) -> NDArray[np.float32]:
    """Return the probabilities of logits: a softmax a row, or a sigmoid each.

    Args:
        powers: float64 (N, C), as `logits` makes them.
        bias: what a model trained with a sigmoid loss adds; None for the others.
        task: `single` or `multi`.
    """
    if bias is not None or task == "multi":
        return _sigmoid(powers)
    parts = np.exp(powers - powers.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(parts / parts.sum(axis=1, keepdims=True), np.float32)


def logits(
    cosine: NDArray[np.float32],
    scale: float,
    bias: float | None,
    task: str,
    *,
    negative: NDArray[np.float32] | None = None,
    temperature: float = 1.0,
) -> NDArray[np.float64]:
    """Return what `probability` takes the softmax or the sigmoid of, float64 (N, C).

    Args, raises: as `probability`; a column of NaN in `negative` is a label without a denial.
    """
    if task not in TASKS:
        raise UsageError(f"There is no task {task!r}.", f"Choose one of {', '.join(TASKS)}.")
    if not 0 < temperature < np.inf:
        raise UsageError(
            f"The temperature {temperature} must be above 0, and finite.", "1 leaves it as it is."
        )
    gain = scale / temperature
    powers = gain * np.asarray(cosine, np.float64)
    alone = powers if bias is None else powers + bias / temperature
    if task == "single":
        return alone
    empty = negative is None or not len(negative)
    denied = None if negative is None else empty | ~np.isnan(negative).all(axis=0)
    if bias is None and (denied is None or not denied.all()):
        raise UsageError(
            "Labels of which several may apply need sentences that deny them.",
            "Choose a template set with negatives, or write negative prompts.",
        )
    if denied is None or negative is None:
        return alone
    return np.where(denied, powers - gain * np.asarray(negative, np.float64), alone)


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return 1 / (1 + exp(-logits)) without overflow on either side."""
    half = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1, half) / (1 + half), np.float32)
