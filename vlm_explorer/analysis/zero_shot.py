"""Labels without training: prompt templates, their ensembles, cosines and probabilities."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

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
    """

    name: str
    title: str
    templates: tuple[str, ...]
    negatives: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if not self.templates:
            raise UsageError(f"The template set {self.name!r} is empty.", "Add a template.")
        for template in (*self.templates, *self.negatives):
            _check_template(template)


def _check_template(template: str) -> None:
    if template.count(PLACEHOLDER) != 1:
        raise UsageError(
            f"The template {template!r} must contain {PLACEHOLDER} exactly once.",
            f"Write {PLACEHOLDER} where the label belongs, as in 'a scan showing {PLACEHOLDER}'.",
        )


@lru_cache(maxsize=1)
def load_template_sets() -> dict[str, TemplateSet]:
    """Return the template sets that come with the program, by name, in the order of the file."""
    with (paths.resources() / "templates.toml").open("rb") as file:
        tables = tomllib.load(file)
    return {
        name: TemplateSet(
            name,
            table["title"],
            tuple(table["templates"]),
            tuple(table["negatives"]),
            table["note"],
        )
        for name, table in tables.items()
    }


def template_set(name: str) -> TemplateSet:
    """Return the set of that name.

    Raises:
        UsageError: there is none; the hint lists those that there are.
    """
    sets = load_template_sets()
    if name not in sets:
        raise UsageError(f"There is no template set {name!r}.", f"There are: {', '.join(sets)}.")
    return sets[name]


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
        UsageError: unknown task, temperature not above 0, or `multi` without what it needs.
    """
    powers = logits(cosine, scale, bias, task, negative=negative, temperature=temperature)
    if bias is not None or task == "multi":
        return _sigmoid(powers)
    shares = np.exp(powers - powers.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


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

    Args, raises: as `probability`.
    """
    if task not in TASKS:
        raise UsageError(f"There is no task {task!r}.", f"Choose one of {', '.join(TASKS)}.")
    if not temperature > 0:
        raise UsageError(f"The temperature {temperature} must be above 0.", "1 leaves it as it is.")
    gain = scale / temperature
    powers = gain * np.asarray(cosine, np.float64)
    if task == "multi" and negative is not None:
        return powers - gain * np.asarray(negative, np.float64)
    if bias is not None:
        return powers + bias / temperature
    if task == "multi":
        raise UsageError(
            "Labels of which several may apply need sentences that deny them.",
            "Choose a template set with negatives.",
        )
    return powers


def _sigmoid(logits: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return 1 / (1 + exp(-logits)) without overflow on either side."""
    half = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1, half) / (1 + half), np.float32)
