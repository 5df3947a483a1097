"""What labels score on images: cosines, probabilities with what they are of, and calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.analysis.zero_shot import logits, shares
from vlm_explorer.queries.label_set import Calibration

NO_CALL = "no call"

Floats = NDArray[np.float32]


def _none() -> Floats:
    return np.empty((0, 0), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ClassifyAnswer:
    """Scores of N images and L labels, in the order of the collection.

    Images without a vector of the encoder have NaN for scores.

    Attributes:
        cosine: float32 (N, L), to the ensembled sentence vectors of each label.
        probability: float32 (N, L); `single`: among these labels, rows sum to 1, but that a model
            with a bias gives each label a sigmoid of its own; `multi`: of each label present
            against absent. See `of_what`.
        vectors: float32 (L, D), the ensembled sentence vector of each label, unit rows.
        logit: float32 (N, L), what the probability is the softmax or the sigmoid of; unlike it,
            never rounded to 0 or 1.
        negative: float32 (N, L), cosines to what denies each label, NaN where nothing does; empty
            for `single`.
        margin: float32 (N, L), in cosines. `single`: how far a label lies above the best of the
            others, NaN of one alone; `multi`: how far its odds lie above even, below 0 where it is
            rather absent.
        least_margin: below it there is no call.
        temperature: what the logits were divided by.
        scale, bias: of the model.
        calibration: what made the probabilities fit labelled cases; None without.
        fitted: the calibration that could do so, whether it is in use or not; None without.
        prompts: `label_set.prompts_digest` of the sentences.
        z: float32 (N, L), how far cosines lie above those of unrelated prompts with the same
            image, in standard deviations; None until `against_nulls`, or where nothing is known.
        percentile: float32 (N, L), the share of unrelated prompts that score lower, 0 to 1.
    """

    model: str
    task: str
    templates: str
    labels: tuple[str, ...]
    image_ids: tuple[str, ...]
    cosine: Floats
    probability: Floats
    vectors: Floats = field(default_factory=_none)
    logit: Floats = field(default_factory=_none)
    negative: Floats = field(default_factory=_none)
    margin: Floats = field(default_factory=_none)
    least_margin: float = 0.0
    temperature: float = 1.0
    scale: float = 1.0
    bias: float | None = None
    calibration: Calibration | None = None
    fitted: Calibration | None = None
    prompts: str = ""
    z: Floats | None = None
    percentile: Floats | None = None

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which images have scores, bool (N,)."""
        return np.asarray(np.isfinite(self.probability[:, :1]).all(axis=1))

    @property
    def of_what(self) -> str:
        """What a probability is of, in words."""
        alone = self.bias is not None and self.calibration is None
        return what_probabilities_are_of(self.task, len(self.labels), alone=alone)

    @property
    def best(self) -> NDArray[np.object_]:
        """The label of the highest probability, object array of str (N,); "" without scores."""
        best: NDArray[np.object_] = np.array(self.labels, object)[self.logit.argmax(axis=1)]
        best[~self.known] = ""
        return best

    @property
    def calls(self) -> NDArray[np.int8]:
        """What is called, int8 (N, L): 1 the label or present, -1 not, 0 no call or no scores."""
        return self.calls_of(slice(None))

    def calls_of(self, rows: NDArray[np.int64] | slice) -> NDArray[np.int8]:
        """Return what is called on some images, as `calls` says of all."""
        shares = self.probability[rows]
        margin = self.margin[rows] if self.least_margin > 0 else None
        if self.task == "multi":
            calls = np.where(shares >= 0.5, 1, -1).astype(np.int8)
            if margin is not None:
                calls[np.abs(margin) < self.least_margin] = 0
        else:
            calls = np.full(shares.shape, -1, np.int8)
            every, first = np.arange(len(shares)), self.logit[rows].argmax(axis=1)
            calls[every, first] = 1
            if margin is not None:
                calls[margin[every, first] < self.least_margin] = 0
        calls[np.isnan(shares[:, 0])] = 0
        return calls

    def counts(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], int]:
        """Return how many images are called each label, int64 (L,), and how many have no call.

        Args:
            rows: (n,) of images with scores; that each label alone has no call is not counted.
        """
        least = self.least_margin
        if self.task == "multi":
            present = self.probability[rows] >= 0.5
            if least > 0:
                present &= np.abs(self.margin[rows]) >= least
            return np.count_nonzero(present, axis=0), 0
        first = self.logit[rows].argmax(axis=1)
        if least > 0:  # of a single label no margin is known, and it is called
            first = first[~(self.margin[rows, first] < least)]
        return np.bincount(first, minlength=len(self.labels)), len(rows) - len(first)

    @property
    def called(self) -> NDArray[np.object_]:
        """What is called in words, object array of str (N,); "" without scores.

        `single`: the label, or "no call". `multi`: the labels that are present, joined by "; ";
        else "none", or "no call" where not all of them are called absent.
        """
        calls, names = self.calls, np.array(self.labels, object)
        words: NDArray[np.object_]
        if self.task == "single":
            words = names[calls.argmax(axis=1)]
            words[~calls.any(axis=1)] = NO_CALL
        else:
            kinds, place = np.unique(calls, axis=0, return_inverse=True)
            said = [
                "; ".join(names[row == 1]) or (NO_CALL if 0 in row else "none") for row in kinds
            ]
            words = np.asarray(said, object)[place.ravel()]
        words[~self.known] = ""
        return words

    @property
    def no_calls(self) -> int:
        """How many images (`single`), or pairs of image and label (`multi`), have no call."""
        if self.least_margin <= 0:
            return 0
        if self.task == "multi":
            return int(np.count_nonzero(np.abs(self.margin) < self.least_margin))
        first = self.logit.argmax(axis=1)
        return int(np.count_nonzero(self.margin[np.arange(len(first)), first] < self.least_margin))

    def with_margin(self, least: float) -> ClassifyAnswer:
        """Return the same scores, called from another margin on."""
        return replace(self, least_margin=least)

    def weighed(self, temperature: float, calibration: Calibration | None) -> ClassifyAnswer:
        """Return the same cosines with other probabilities.

        Args:
            temperature: divides the logits, where there is no calibration.
            calibration: of this encoder and these sentences, or None.

        Raises:
            UsageError: the temperature is not above 0.
        """
        curved = calibration is not None and self.task == "multi"
        # a temperature is fitted to the softmax over the labels, also of a model with a bias
        shared = calibration is not None and self.task == "single"
        if calibration is not None:
            temperature = 1.0 if curved else calibration.temperature
        negative = self.negative if self.task == "multi" else None
        powers = logits(
            self.cosine,
            self.scale,
            self.bias,
            self.task,
            negative=negative,
            temperature=temperature,
        )
        if calibration is not None and curved:
            _bend(powers, self.labels, calibration)
        margin = powers * temperature / self.scale if self.task == "multi" else _lead(self.cosine)
        return replace(
            self,
            logit=powers.astype(np.float32),
            probability=shares(powers, None if shared else self.bias, self.task),
            margin=margin.astype(np.float32),
            temperature=temperature,
            calibration=calibration,
        )


def what_probabilities_are_of(task: str, labels: int, *, alone: bool = False) -> str:
    """Return in words what a probability is of.

    Args:
        labels: how many there are.
        alone: whether each label has a probability of its own though one is to be chosen.
    """
    if task == "multi":
        return "present against absent"
    return "each by itself" if alone else f"among these {labels} labels"


def _bend(powers: NDArray[np.float64], labels: Sequence[str], calibration: Calibration) -> None:
    """Put logits on the curves of their labels, in place; a label without one stays as it is."""
    curves = {name: (slope, offset) for name, slope, offset in calibration.curves}
    for place, label in enumerate(labels):
        slope, offset = curves.get(label, (1.0, 0.0))
        powers[:, place] = slope * powers[:, place] + offset


def _lead(cosine: Floats) -> Floats:
    """Return how far each label lies above the best of the others, float32 (N, L)."""
    if cosine.shape[1] < 2:
        return np.full_like(cosine, np.nan)
    ordered = np.sort(cosine, axis=1)
    first, second = ordered[:, -1:], ordered[:, -2:-1]
    return np.asarray(np.where(cosine == first, cosine - second, cosine - first), np.float32)
