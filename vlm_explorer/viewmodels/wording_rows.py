"""How the wording of a prompt is told: rows of words, small distributions and figures. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from vlm_explorer.analysis.zero_shot import template_set
from vlm_explorer.viewmodels import numbers

if TYPE_CHECKING:
    from vlm_explorer.analysis.resampling import Estimate
    from vlm_explorer.queries.sensitivity_answer import Negation, SensitivityAnswer, Variant

_PERCENTILES = (5, 25, 50, 75, 95)
_KINDS = {
    "typed": "as typed",
    "paraphrase": "paraphrase",
    "order": "other order",
    "ensemble": "ensemble",
}


_TOLD = {True: "told apart", False: "not told apart", None: "not known"}


class View(StrEnum):
    """Which question is answered."""

    WORDINGS = "wordings"
    WORDS = "words"
    DENIALS = "denials"


# Of each view: its title and hint, the titles of its columns with what they hold. The second
# column is the distribution over the images.
VIEWS: dict[View, tuple[str, str]] = {
    View.WORDINGS: ("Other wordings", "Templates, paraphrases, other orders, and their ensembles"),
    View.WORDS: ("Single words", "The prompt without each of its words"),
    View.DENIALS: ("Denied", "“No X” against “X”"),
}
_RANK = ("Rank", "Spearman's correlation with the prompt as typed, over the images; 1: same order")
_AUROC = ("AUROC", "How well it tells labelled images, with the 95 % interval over patients")
COLUMNS: dict[View, tuple[tuple[str, str], ...]] = {
    View.WORDINGS: (
        ("Wording", "What the encoder reads (Enter searches for it)"),
        ("Cosine", "5th to 95th percentile over the images, the box from the 25th to the 75th"),
        ("Mean", "The mean cosine"),
        ("z", "The mean z against unrelated prompts on the same images"),
        _RANK,
        _AUROC,
    ),
    View.WORDS: (
        ("Without", "The word that is left out (Enter searches for the rest)"),
        ("Cosine drop", "The cosine of the whole prompt less that without the word, by image"),
        ("Mean drop", "By how much the mean cosine is lower without the word"),
        ("z", "The mean z of the rest against unrelated prompts"),
        _RANK,
        _AUROC,
    ),
    View.DENIALS: (
        ("Denied", "What the encoder reads (Enter searches for it)"),
        ("Margin", "The cosine of the prompt less that of its denial, by image"),
        ("Texts", "The cosine of the two texts"),
        ("Higher on", "Share of images on which the denial scores higher"),
        _RANK,
        ("AUROC", "How well the margin tells labelled images, with the 95 % interval"),
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Percentiles (5, 25, 50, 75, 95) over the images, those labelled so apart from the others.

    Attributes:
        groups: float64 (5,) each; one, or two of which the first is labelled so.
        low, high: the axis, the same for all rows.
        zero: whether zero is marked.
    """

    groups: tuple[np.ndarray, ...]
    low: float
    high: float
    zero: bool

    @property
    def words(self) -> str:
        """The medians in words."""
        middles = [numbers.cosine(float(group[2])) for group in self.groups]
        if len(middles) == 1:
            return f"Median {middles[0]}"
        return f"Median {middles[0]} of images labelled so, {middles[1]} of others"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A line: words, a distribution, figures.

    Attributes:
        name: what stands first.
        note: where it is from.
        text: what Enter searches for; "" for an ensemble.
        cells: the figures, in words.
        strong: whether it is the prompt as typed, or the ensemble of all.
        doubtful: whether it is not told apart from what it denies.
    """

    name: str
    note: str
    text: str
    spread: Spread
    cells: tuple[str, ...]
    strong: bool = False
    doubtful: bool = False


def rows_of(answer: SensitivityAnswer, view: View) -> tuple[Row, ...]:
    """Return the lines of a view."""
    if view is View.WORDINGS:
        variants = (answer.variants[0], *answer.ensembles, *answer.variants[1:])
        spreads = _spreads(answer, [each.cosine for each in variants], zero=False)
        return tuple(map(_wording, variants, spreads, range(len(variants))))
    if view is View.WORDS:
        drops = [answer.typed.cosine - word.rest.cosine for word in answer.words]
        return tuple(
            Row(
                f"“{word.word}”",
                word.rest.wording.text,
                word.rest.wording.text,
                spread,
                (numbers.cosine(answer.change(word)), *_figures(word.rest)[1:]),
            )
            for word, spread in zip(answer.words, _spreads(answer, drops, zero=True), strict=True)
        )
    margins = [each.margin for each in answer.negations]
    return tuple(map(_denial, answer.negations, _spreads(answer, margins, zero=True)))


def headline(answer: SensitivityAnswer, view: View) -> str:
    """Return what the rows come to, in a line."""
    count, true = len(answer.image_ids), int(answer.true.sum())
    images = f"{count:,} images" if count != 1 else "1 image"
    if answer.typed.auroc is not None:
        images += f", {true:,} of {int(answer.labelled.sum()):,} labelled so"
    if view is View.WORDINGS and answer.aurocs is not None:
        least, most = answer.aurocs
        pooled = answer.ensembles[0].auroc
        together = "" if pooled is None else f", together {pooled.value:.2f}"
        return f"AUROC {least:.2f} to {most:.2f} by wording{together} · {images}"
    if view is View.WORDINGS:
        ranks = [each.rank for each in answer.variants if not np.isnan(each.rank)]
        lowest = f"Rank correlation {min(ranks):.2f} at least by wording · " if ranks else ""
        return f"{lowest}{images}, none of them labelled so"
    if view is View.WORDS and answer.words:
        most_moved = max(answer.words, key=lambda word: abs(answer.change(word)))
        return f"“{most_moved.word}” moves the mean cosine most · {images}"
    if view is View.WORDS:
        return f"A single word: there is none to leave out · {images}"
    return f"{_verdict(answer.negations[0])} · {images}"


def _wording(variant: Variant, spread: Spread, place: int) -> Row:
    wording = variant.wording
    pooled = wording.kind == "ensemble"
    name = wording.text
    if pooled:
        title = template_set(wording.source).title if wording.source else "All together"
        name = f"{title}: {wording.text}"
    note = wording.source or _KINDS[wording.kind]
    text = "" if pooled else wording.text
    return Row(name, note, text, spread, _figures(variant), strong=place < 2)


def _denial(each: Negation, spread: Spread) -> Row:
    figures = (
        numbers.cosine(each.text_cosine),
        numbers.percent(each.higher),
        _number(each.rank),
        _interval(each.auroc),
    )
    told = each.told_apart
    return Row(each.text, _TOLD[told], each.text, spread, figures, doubtful=told is False)


def _verdict(first: Negation) -> str:
    if first.told_apart is None:
        return f"Nothing says whether “{first.text}” is told apart"
    told = f"is {_TOLD[first.told_apart]}"
    if first.auroc is not None:
        return f"“{first.text}” {told}: AUROC of the margin {_interval(first.auroc)}"
    return f"“{first.text}” {told}: rank correlation {_number(first.rank)}"


def _figures(variant: Variant) -> tuple[str, ...]:
    z = "–" if variant.z is None else f"{variant.z:.1f}".replace("-", "−")
    return numbers.cosine(variant.mean), z, _number(variant.rank), _interval(variant.auroc)


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}".replace("-", "−")


def _interval(figure: Estimate | None) -> str:
    if figure is None:
        return "–"
    if np.isnan(figure.low):
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"


def _spreads(
    answer: SensitivityAnswer, values: list[np.ndarray], *, zero: bool
) -> tuple[Spread, ...]:
    """Return the distributions of values over the images, on one axis."""
    apart = answer.typed.auroc is not None
    masks = [answer.true, answer.labelled & ~answer.true] if apart else [slice(None)]
    groups = [tuple(np.percentile(each[mask], _PERCENTILES) for mask in masks) for each in values]
    ends = [float(end) for group in groups for part in group for end in (part[0], part[-1])]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    return tuple(Spread(group, low, high, zero) for group in groups)
