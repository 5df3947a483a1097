"""How much hangs on the wording of a prompt: paraphrases, single words, and its negation.

Everything is asked of the vectors of many images, so that only texts are encoded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vlm_explorer.analysis.label_metrics import Samples, auroc
from vlm_explorer.analysis.null_scores import NullScores
from vlm_explorer.analysis.rank_agreement import spearman
from vlm_explorer.analysis.resampling import Estimate
from vlm_explorer.analysis.similarity import cosines
from vlm_explorer.analysis.zero_shot import ensemble, fill, load_template_sets
from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.case_groups import groups_of
from vlm_explorer.queries.evaluate_truth import column_of, find_cases
from vlm_explorer.queries.null_bank import null_scores_of
from vlm_explorer.queries.prompt_variants import Wording, negations, wordings
from vlm_explorer.queries.sensitivity_answer import (
    Negation,
    SensitivityAnswer,
    SensitivityRequest,
    Variant,
    WithoutWord,
)
from vlm_explorer.queries.text_memory import TextMemory
from vlm_explorer.queries.truth_source import truth_source
from vlm_explorer.saliency.left_out import read_for

_CERTAIN, _QUICK = 1000, 200  # bootstrap samples; the fewer where there are many images
_MANY = 5000
_UNLABELLED = "Of none of these images it is known whether they are labelled so."


def prompt_sensitivity(
    collection: Collection,
    memory: TextMemory,
    request: SensitivityRequest,
    *,
    context: JobContext | None = None,
) -> SensitivityAnswer:
    """Ask a prompt in other words, without each of its words, and denied.

    Raises:
        UsageError: no word in the prompt, or no image with a vector.
        ModelNotFound: the collection holds no vectors of this encoder.
    """
    context = context or JobContext()
    prompt = fill("{}", request.prompt)
    asked = wordings(prompt)
    parts = _left_out(memory, prompt)
    denials = tuple(fill(sentence, prompt) for sentence in negations())
    texts = [*(each.text for each in asked), *(text for _, text in parts), *denials]
    read = memory.vectors(texts, context=context)
    images = _images(collection, memory, request, context)
    pools = _ensembles(asked, read[: len(asked)])
    scored = _Scored(images, read[0], len(texts) + len(pools), context)
    variants = tuple(map(scored.variant, asked, read))
    rest = read[len(asked) : len(asked) + len(parts)]
    return SensitivityAnswer(
        request=request,
        model=memory.encoder.id,
        image_ids=images.ids,
        without_vector=images.without_vector,
        true=images.true,
        labelled=images.labelled,
        unsure=images.unsure,
        variants=variants,
        ensembles=tuple(scored.variant(wording, vector) for wording, vector in pools),
        words=tuple(
            WithoutWord(word, scored.variant(Wording(text, "left out"), vector))
            for (word, text), vector in zip(parts, rest, strict=True)
        ),
        negations=tuple(map(scored.negation, denials, read[len(asked) + len(parts) :])),
    )


def _left_out(memory: TextMemory, prompt: str) -> list[tuple[str, str]]:
    """Return each word of a prompt that is read, and the prompt without it; none of a single."""
    text = read_for(memory.encoder, prompt)
    if text.read < 2:
        return []
    return [
        (text.word(number), text.without(range(number, number + 1))) for number in range(text.read)
    ]


def _ensembles(asked: tuple[Wording, ...], read: np.ndarray) -> list[tuple[Wording, np.ndarray]]:
    """Return the mean vector of all wordings that keep the order, and of each set of several."""
    straight = [row for row, wording in enumerate(asked) if wording.kind != "order"]
    row_of = {wording.text: row for row, wording in enumerate(asked)}
    members = [(f"{len(straight)} wordings", "", straight)]
    for name, each in load_template_sets().items():
        rows = [row_of[fill(template, asked[0].text)] for template in each.templates]
        if len(rows) > 1:
            members.append((f"{len(rows)} templates", name, rows))
    vectors = ensemble([read[rows] for _, _, rows in members])
    return [
        (Wording(text, "ensemble", source), vector)
        for (text, source, _), vector in zip(members, vectors, strict=True)
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Images:
    """The N images that are asked about; see `SensitivityAnswer`.

    Attributes:
        vectors: float16 (N, D).
        samples: of the labelled ones, by patient; None where they are not of both kinds.
        null_mean, null_sd: float32 (N,), of unrelated prompts on each; None where not known.
    """

    ids: tuple[str, ...]
    vectors: np.ndarray
    without_vector: int
    true: np.ndarray
    labelled: np.ndarray
    unsure: dict[str, tuple[int, int]]
    samples: Samples | None
    null_mean: np.ndarray | None
    null_sd: np.ndarray | None


def _images(
    collection: Collection, memory: TextMemory, request: SensitivityRequest, context: JobContext
) -> _Images:
    """Read what is known of the images."""
    stored = collection.vector_rows(memory.encoder.id)
    wanted = np.arange(stored.wanted)
    if request.image_ids is not None:
        known = {collection.row_of[key] for key in request.image_ids if key in collection.row_of}
        wanted = np.array(sorted(known), np.intp)
    held = np.isin(wanted, stored.rows)
    rows = wanted[held]
    if not len(rows):
        raise UsageError(
            f"None of these images has a vector of {memory.encoder.id}.",
            f"Index their folders with --model {memory.encoder.id}.",
        )
    true, labelled, unsure = _truth(collection, request, rows)
    if request.labelled_only:
        if not labelled.any():
            raise UsageError(_UNLABELLED, "Ask about all images, or choose another truth.")
        rows, true, labelled = rows[labelled], true[labelled], labelled[labelled]
    several = true.any() and (labelled & ~true).any()
    replicates = _QUICK if labelled.sum() > _MANY else _CERTAIN
    groups = groups_of(collection, rows[labelled])[0]
    places = np.searchsorted(stored.rows, rows)
    nulls: NullScores | None = null_scores_of(collection, memory.encoder, context=context)
    return _Images(
        ids=tuple(collection.images["image_id"].take(rows).to_pylist()),
        vectors=stored.halves[places],
        without_vector=int((~held).sum()),
        true=true,
        labelled=labelled,
        unsure=unsure,
        samples=Samples.of(groups, replicates) if several else None,
        null_mean=None if nulls is None else nulls.image_mean[places],
        null_sd=None if nulls is None else nulls.image_sd[places],
    )


def _truth(
    collection: Collection, request: SensitivityRequest, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, dict[str, tuple[int, int]]]:
    """Return which of some images are labelled with a finding, and of which that is known.

    Returns:
        bool (n,) each, as `evaluate_truth.find_cases` reads them; all false where the labels do
        not name the finding, unless it was asked for by name. And `Cases.unsure`.

    Raises:
        UsageError: there is no such table, column or finding, or nothing to be counted so.
    """
    finding = (request.truth or request.prompt).strip()
    wanted = np.zeros(len(collection.images), np.bool_)
    wanted[rows] = True
    source = truth_source(collection, request.table)
    try:
        cases = find_cases(
            collection,
            [finding],
            "multi",
            column=request.column,
            stands={finding: request.stands} if request.stands else None,
            source=source,
            counting=request.counting,
            wanted=wanted,
        )
    except UsageError:
        if request.truth and (request.column or request.table):
            raise
        request.counting.check(column_of(source, request.column))
        return np.zeros(len(rows), np.bool_), np.zeros(len(rows), np.bool_), {}
    true = np.isin(rows, cases.rows[cases.truth[:, 0]])
    return true, np.isin(rows, cases.rows), cases.unsure


class _Scored:
    """Scores texts on the images, one after the other, and says how far it has come."""

    def __init__(self, images: _Images, typed: np.ndarray, total: int, context: JobContext) -> None:
        self._images, self._vector = images, typed
        self._typed = self._cosine(typed)
        self._done, self._total, self._context = 0, total, context

    def _cosine(self, vector: np.ndarray) -> np.ndarray:
        return cosines(self._images.vectors, vector)

    def _step(self) -> None:
        self._context.report(self._done, self._total, "Scoring other wordings")
        self._done += 1

    def variant(self, wording: Wording, vector: np.ndarray) -> Variant:
        """Return what a wording scores."""
        self._step()
        images, cosine = self._images, self._cosine(vector)
        z = None
        if images.null_mean is not None and images.null_sd is not None:
            z = float(((cosine - images.null_mean) / images.null_sd).mean())
        rank = spearman(cosine, self._typed)
        return Variant(wording, cosine, z, rank, self._auroc(cosine))

    def negation(self, text: str, vector: np.ndarray) -> Negation:
        """Return how a denial compares with the prompt."""
        self._step()
        cosine = self._cosine(vector)
        margin = self._typed - cosine
        return Negation(
            text=text,
            text_cosine=float(vector.astype(np.float64) @ self._vector),
            rank=spearman(cosine, self._typed),
            higher=float((margin < 0).mean()),
            margin=margin,
            auroc=self._auroc(margin),
        )

    def _auroc(self, scores: np.ndarray) -> Estimate | None:
        samples, rows = self._images.samples, self._images.labelled
        if samples is None:
            return None
        true, known = self._images.true[rows], scores[rows]
        return samples.estimate(lambda weights: auroc(true, known, weights))
