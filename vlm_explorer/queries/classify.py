"""Which labels fit the images of a collection, with no training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.null_scores import percentiles
from vlm_explorer.analysis.zero_shot import ensemble, scores, template_set
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.classify_answer import NO_CALL, ClassifyAnswer, Floats
from vlm_explorer.queries.label_set import (
    Calibration,
    Label,
    LabelSet,
    as_labels,
    check_labels,
    prompts_digest,
)
from vlm_explorer.queries.null_bank import null_percentiles, null_scores_of, null_vectors

__all__ = ["NO_CALL", "ClassifyAnswer", "ClassifyRequest", "against_nulls", "classify"]

DEFAULT_TEMPLATES = {"single": "raw", "multi": "chexzero"}


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """Labels to choose among (`single`) or to find, each by itself (`multi`).

    Attributes:
        labels: words, or labels with prompts of their own.
        templates: name of a template set; empty: the default of the task.
        temperature: divides the model's logits; 1 leaves them as they are.
        margin: cosines; below it there is no call.
        calibrations: what was fitted for these labels; the one of this encoder and these sentences
            counts instead of `temperature`.
    """

    labels: tuple[Label | str, ...]
    templates: str = ""
    task: str = "single"
    temperature: float = 1.0
    margin: float = 0.0
    calibrations: tuple[Calibration, ...] = ()

    @classmethod
    def of(
        cls,
        chosen: LabelSet,
        *,
        templates: str = "",
        task: str = "",
        temperature: float | None = None,
        margin: float = 0.0,
    ) -> ClassifyRequest:
        """Return the request for a label set; what is given counts instead of what it says.

        With a temperature, its calibrations do not count.
        """
        return cls(
            chosen.labels,
            templates or chosen.templates,
            task or chosen.task,
            1.0 if temperature is None else temperature,
            margin,
            chosen.calibrations if temperature is None else (),
        )


def label_vectors(encoder: Encoder, sentences: Sequence[tuple[str, ...]]) -> Floats:
    """Return float32 (L, D): for each label the ensemble of its sentences, unit rows."""
    texts = list(dict.fromkeys(text for each in sentences for text in each))
    encoded, place = encoder.encode_texts(texts), {text: row for row, text in enumerate(texts)}
    return ensemble([encoded[[place[text] for text in each]] for each in sentences])


def classify(collection: Collection, encoder: Encoder, request: ClassifyRequest) -> ClassifyAnswer:
    """Score every image of a collection against labels.

    Raises:
        UsageError: no labels, one twice, an unknown task or template set, or nothing that denies a
            label of which several may apply.
        ModelNotFound: the collection holds no vectors of this encoder.
    """
    labels = as_labels(request.labels)
    check_labels(labels, request.task)
    chosen = template_set(request.templates or DEFAULT_TEMPLATES[request.task])
    rows = collection.vector_rows(encoder.id)
    yes = [label.sentences(chosen) for label in labels]
    no = [label.denials(chosen) if request.task == "multi" else () for label in labels]
    bare = next((label for label, each in zip(labels, no, strict=True) if not each), None)
    if request.task == "multi" and bare is not None and encoder.logit_bias is None:
        raise UsageError(
            f"Nothing says that the label “{bare.name}” is absent.",
            "Choose a template set with negatives, or write negative prompts.",
        )
    vectors = label_vectors(encoder, yes)
    prompts = prompts_digest(request.task, list(zip(yes, no, strict=True)))
    cosine = rows.spread(scores(rows.halves, vectors))
    answer = ClassifyAnswer(
        model=encoder.id,
        task=request.task,
        templates=chosen.name,
        labels=tuple(label.name for label in labels),
        image_ids=tuple(collection.images["image_id"].to_pylist()),
        cosine=cosine,
        probability=cosine,
        vectors=vectors,
        negative=rows.spread(_denied(encoder, no, rows.halves))
        if any(no)
        else np.empty((0, 0), np.float32),
        least_margin=request.margin,
        scale=encoder.logit_scale,
        bias=encoder.logit_bias,
        fitted=_fitting(request.calibrations, encoder, prompts),
        prompts=prompts,
    )
    return answer.weighed(request.temperature, answer.fitted)


def against_nulls(
    collection: Collection,
    encoder: Encoder,
    answer: ClassifyAnswer,
    *,
    context: JobContext | None = None,
) -> ClassifyAnswer:
    """Return an answer with its z and percentiles against the bank of unrelated prompts.

    They stay unknown where the bank says nothing: of fewer than two images, or of more than are
    searched exactly.

    Raises:
        ModelNotFound: the collection holds no vectors of this encoder any more.
    """
    nulls = null_scores_of(collection, encoder, context=context)
    if nulls is None:
        return answer
    stored = collection.vector_rows(encoder.id)
    z = stored.spread(nulls.z_of_images(answer.cosine[stored.rows]))
    percentile = null_percentiles(collection, encoder, answer.cosine, context=context)
    return replace(answer, z=z, percentile=percentile)


def rows_against_nulls(
    collection: Collection,
    encoder: Encoder,
    answer: ClassifyAnswer,
    rows: NDArray[np.int64],
    *,
    context: JobContext | None = None,
) -> tuple[Floats, Floats] | None:
    """Return z and percentile of some images, as `against_nulls` gives them of all.

    Args:
        rows: (n,) rows of images that have a vector.

    Returns:
        z and percentile, float32 (n, L); None where the bank says nothing.

    Raises:
        ModelNotFound: the collection holds no vectors of this encoder any more.
    """
    nulls = null_scores_of(collection, encoder, context=context)
    if nulls is None:
        return None
    stored = collection.vector_rows(encoder.id)
    rows = rows[np.isin(rows, stored.rows)]
    places, cosine = np.searchsorted(stored.rows, rows), answer.cosine[rows]
    mean, sd = nulls.image_mean[places, None], nulls.image_sd[places, None]
    bank = null_vectors(collection, encoder, context=context)
    share = percentiles(stored.halves[places], bank, cosine, context=context)
    return np.asarray((cosine - mean) / sd, np.float32), share


def _fitting(
    calibrations: Sequence[Calibration], encoder: Encoder, prompts: str
) -> Calibration | None:
    """Return what was fitted for this encoder with these sentences, if anything was."""
    wanted = encoder.fingerprint, prompts
    return next((c for c in calibrations if (c.fingerprint, c.prompts) == wanted), None)


def _denied(
    encoder: Encoder, no: Sequence[tuple[str, ...]], vectors: NDArray[np.float16]
) -> Floats:
    """Return the cosines to what denies each label, NaN where nothing does."""
    found = np.full((len(vectors), len(no)), np.nan, np.float32)
    held = [place for place, each in enumerate(no) if each]
    found[:, held] = scores(vectors, label_vectors(encoder, [no[place] for place in held]))
    return found
