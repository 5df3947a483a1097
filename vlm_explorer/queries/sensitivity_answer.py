"""What is asked about the wording of a prompt, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from vlm_explorer.analysis.resampling import Estimate
from vlm_explorer.queries.prompt_variants import Wording
from vlm_explorer.queries.truth_counting import Counting

SAME = 0.9  # rank correlation above which a negation orders images as the prompt itself does


@dataclass(frozen=True, slots=True)
class SensitivityRequest:
    """A prompt, and the images that it is asked about.

    Attributes:
        prompt: a label, or any other text.
        image_ids: None for all images that have a vector.
        truth: the finding of the labels that the prompt stands for; empty: the prompt.
        column, table: where these labels are, as of `EvaluateRequest`.
        stands: exactly which values of the column, or which columns, say so; empty: those that are
            called as `truth`.
        labelled_only: whether images of which it is not known are left out.
        counting: what -1 and blanks count as, as of `EvaluateRequest`.
    """

    prompt: str
    image_ids: tuple[str, ...] | None = None
    truth: str = ""
    column: str = ""
    table: str = ""
    stands: tuple[str, ...] = ()
    labelled_only: bool = False
    counting: Counting = Counting()


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """A wording, and what it scores.

    Attributes:
        wording: what was read; of an ensemble `text` is what it is made of.
        cosine: float32 (N,), in the order of `SensitivityAnswer.image_ids`.
        z: the mean over the images of the z against unrelated prompts; None where not known.
        rank: Spearman's correlation with the prompt as typed, over the images.
        auroc: how well it tells labelled images; None without images of both kinds.
    """

    wording: Wording
    cosine: np.ndarray
    z: float | None
    rank: float
    auroc: Estimate | None

    @property
    def mean(self) -> float:
        """The mean cosine."""
        return float(self.cosine.mean())


@dataclass(frozen=True, slots=True, eq=False)
class WithoutWord:
    """The prompt without one of its words.

    Attributes:
        word: the one that is left out, as typed.
        rest: what the others score.
    """

    word: str
    rest: Variant


@dataclass(frozen=True, slots=True, eq=False)
class Negation:
    """A denial of the prompt.

    Attributes:
        text: what was read.
        text_cosine: of the two texts.
        rank: Spearman's correlation of their cosines over the images.
        higher: share of images on which the denial scores higher.
        margin: float32 (N,), the cosine of the prompt less that of its denial.
        auroc: how well the margin tells labelled images; None without images of both kinds.
    """

    text: str
    text_cosine: float
    rank: float
    higher: float
    margin: np.ndarray
    auroc: Estimate | None

    @property
    def told_apart(self) -> bool | None:
        """Whether the encoder can tell the denial from the prompt; None where nothing says so.

        With labels: whether the margin tells them better than chance, by the 95 % interval of its
        AUROC. Without: whether the two order the images differently, by a correlation of at most
        `SAME`; of a single image there is none.
        """
        if self.auroc is not None:
            least = self.auroc.value if np.isnan(self.auroc.low) else self.auroc.low
            return bool(least > 0.5)
        return None if np.isnan(self.rank) else self.rank <= SAME


@dataclass(frozen=True, slots=True, eq=False)
class SensitivityAnswer:
    """What hangs on the wording of a prompt.

    Attributes:
        request: what was asked.
        model: id of the encoder.
        image_ids: the N images that have a vector.
        without_vector: how many of those asked about have none.
        true: bool (N,), which images are labelled so.
        labelled: bool (N,), which images have a label at all; AUROCs are of these.
        unsure: of the finding in columns of 0 and 1, see `evaluate_truth.Cases`.
        variants: the prompt as typed first, then the other wordings.
        ensembles: of all wordings but those of another order first, then of the template sets.
        words: the prompt without each of its words; empty for a single one.
        negations: the usual one first.
    """

    request: SensitivityRequest
    model: str
    image_ids: tuple[str, ...]
    without_vector: int
    true: np.ndarray
    labelled: np.ndarray
    variants: tuple[Variant, ...]
    ensembles: tuple[Variant, ...]
    words: tuple[WithoutWord, ...]
    negations: tuple[Negation, ...]
    unsure: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def typed(self) -> Variant:
        """The prompt as typed."""
        return self.variants[0]

    def change(self, word: WithoutWord) -> float:
        """Return by how much the mean cosine is lower without a word."""
        return self.typed.mean - word.rest.mean

    @property
    def aurocs(self) -> tuple[float, float] | None:
        """The least and the greatest AUROC of a single wording; None without labels."""
        known = [each.auroc.value for each in self.variants if each.auroc is not None]
        return (min(known), max(known)) if known else None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user must know before relying on the prompt, and on what is called true."""
        told = self.request.counting.told(self.unsure)
        first = self.negations[0]
        if first.told_apart is not False:
            return told
        if first.auroc is not None:
            why = (
                f"the margin between them tells labelled images with an AUROC of "
                f"{first.auroc.value:.2f}, no better than chance"
            )
        else:
            why = f"they put the images in the same order (rank correlation {first.rank:.2f})"
        both = f"“{first.text}” from “{self.typed.wording.text}”"
        return (f"The encoder cannot tell {both}: {why}.", *told)
