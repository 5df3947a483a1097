"""Which labels fit the images of a collection, with no training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vlm_explorer.analysis.zero_shot import (
    TASKS,
    TemplateSet,
    ensemble,
    fill,
    logits,
    probability,
    scores,
    template_set,
)
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError

DEFAULT_TEMPLATES = {"single": "raw", "multi": "chexzero"}


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """Labels to choose among (`single`) or to find, each by itself (`multi`).

    Attributes:
        templates: name of a template set; empty: the default of the task.
        temperature: divides the model's logits; 1 leaves them as they are.
    """

    labels: tuple[str, ...]
    templates: str = ""
    task: str = "single"
    temperature: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class ClassifyAnswer:
    """Scores of N images and L labels, in the order of the collection.

    Images without a vector of the encoder have NaN for scores.

    Attributes:
        cosine: float32 (N, L), to the ensembled sentence vectors of each label.
        probability: float32 (N, L); `single`: among these labels, rows sum to 1;
            `multi`: of each label present against absent.
        vectors: float32 (L, D), the ensembled sentence vector of each label, unit rows.
        logit: float32 (N, L), what the probability is the softmax or the sigmoid of; unlike it,
            never rounded to 0 or 1.
    """

    model: str
    task: str
    templates: str
    labels: tuple[str, ...]
    image_ids: tuple[str, ...]
    cosine: np.ndarray
    probability: np.ndarray
    vectors: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))
    logit: np.ndarray = field(default_factory=lambda: np.empty((0, 0), np.float32))

    @property
    def known(self) -> np.ndarray:
        """Which images have scores, bool (N,)."""
        return np.asarray(np.isfinite(self.probability[:, :1]).all(axis=1))

    @property
    def best(self) -> np.ndarray:
        """The label of the highest probability, object array of str (N,); "" without scores."""
        best: np.ndarray = np.array(self.labels, object)[self.probability.argmax(axis=1)]
        best[~self.known] = ""
        return best


def label_vectors(
    encoder: Encoder, labels: tuple[str, ...], sentences: tuple[str, ...]
) -> np.ndarray:
    """Return float32 (L, D): for each label the ensemble of its sentences, unit rows."""
    texts = [fill(sentence, label) for label in labels for sentence in sentences]
    encoded = encoder.encode_texts(texts)
    return ensemble(list(encoded.reshape(len(labels), len(sentences), -1)))


def classify(
    collection: Collection,
    encoder: Encoder,
    request: ClassifyRequest,
) -> ClassifyAnswer:
    """Score every image of a collection against labels.

    Raises:
        UsageError: no labels, one twice, an unknown task or template set.
        ModelNotFound: the collection holds no vectors of this encoder.
    """
    _check(request)
    chosen = template_set(request.templates or DEFAULT_TEMPLATES[request.task])
    rows = collection.vector_rows(encoder.id)
    sentences = label_vectors(encoder, request.labels, chosen.templates)
    cosine = scores(rows.halves, sentences)
    negative = _negative(encoder, request, chosen, rows.halves)
    model = encoder.logit_scale, encoder.logit_bias, request.task
    asked: dict[str, Any] = {"negative": negative, "temperature": request.temperature}
    shares = probability(cosine, *model, **asked)
    powers = logits(cosine, *model, **asked)
    return ClassifyAnswer(
        model=encoder.id,
        task=request.task,
        templates=chosen.name,
        labels=request.labels,
        image_ids=tuple(collection.images["image_id"].to_pylist()),
        cosine=rows.spread(cosine),
        probability=rows.spread(shares),
        vectors=sentences,
        logit=rows.spread(np.asarray(powers, np.float32)),
    )


def _negative(
    encoder: Encoder, request: ClassifyRequest, chosen: TemplateSet, vectors: np.ndarray
) -> np.ndarray | None:
    """Return the cosines to the sentences that deny each label, where the task needs them."""
    if request.task != "multi" or not chosen.negatives:
        return None
    return scores(vectors, label_vectors(encoder, request.labels, chosen.negatives))


def _check(request: ClassifyRequest) -> None:
    if not request.labels:
        raise UsageError("There are no labels to choose among.", "Give at least one with --labels.")
    if len(set(request.labels)) < len(request.labels):
        raise UsageError("A label is given twice.", "Give each label once.")
    if request.task not in TASKS:
        raise UsageError(
            f"There is no task “{request.task}”.", f"Choose one of: {', '.join(TASKS)}."
        )
