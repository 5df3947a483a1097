"""All checks of a map: what they are called, in what order they run, and what they found."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.jobs import JobContext
from vlm_explorer.saliency.check_again import Repeatability, repeatability
from vlm_explorer.saliency.check_deletion import DeletionCurves, insertion_deletion
from vlm_explorer.saliency.check_position import KeptMaps, PositionPrior, position_prior
from vlm_explorer.saliency.check_prompts import PromptSensitivity, prompt_sensitivity
from vlm_explorer.saliency.check_randomise import Randomisation, randomisation
from vlm_explorer.saliency.check_ranks import without_padding
from vlm_explorer.saliency.check_words import doubts, finding
from vlm_explorer.saliency.explanation import Explanation

# By what they cost, the cheap ones first.
CHECKS = (
    "prompt_sensitivity",
    "position_prior",
    "repeatability",
    "insertion_deletion",
    "weight_randomisation",
)


@dataclass(frozen=True, slots=True)
class Checks:
    """What the checks found of one map; None where one was not asked for, or does not apply.

    Attributes:
        reasons: by check why it does not apply.
    """

    prompt_sensitivity: PromptSensitivity | None = None
    position_prior: PositionPrior | None = None
    repeatability: Repeatability | None = None
    insertion_deletion: DeletionCurves | None = None
    weight_randomisation: Randomisation | None = None
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def doubts(self) -> list[str]:
        """What is held against the map, a sentence each; empty where every check passed."""
        return [words for name in CHECKS for words in doubts(getattr(self, name))]


def check(
    encoder: Encoder,
    pixels: NDArray[np.uint8],
    explanation: Explanation,
    row: int = 0,
    *,
    which: Sequence[str] = CHECKS,
    collection: str = "",
    image: str = "",
    source: str = "",
    context: JobContext | None = None,
) -> Checks:
    """Check one of an explanation's maps.

    The map is kept for the position prior of later ones.

    Args:
        encoder: that was explained.
        pixels: the image as rendered, as given to `explain`.
        explanation: of it.
        row: which of its maps.
        which: of `CHECKS`.
        collection: folder of the collection whose images make the position prior.
        image: the image's key in it; a digest of `pixels` where left out.
        source: key of what the image is part of, such as its series, whose other images make no
            prior for it; see `check_position.KeptMaps`.
        context: told the progress and asked for cancellation.

    Raises:
        UsageError: no such check.
    """
    if unknown := [name for name in which if name not in CHECKS]:
        raise UsageError(f"There is no check {unknown[0]!r}.", f"There are: {', '.join(CHECKS)}.")
    asked = encoder, pixels, explanation, row
    runs: dict[str, Callable[[], Any]] = {
        "prompt_sensitivity": lambda: prompt_sensitivity(*asked, context=context),
        "position_prior": lambda: _position(
            explanation, row, KeptMaps.of(explanation, collection), image or _key(pixels), source
        ),
        "repeatability": lambda: repeatability(*asked, context=context),
        "insertion_deletion": lambda: insertion_deletion(*asked, context=context),
        "weight_randomisation": lambda: randomisation(*asked, context=context),
    }
    found: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for name in which:
        if context is not None:
            context.report(0, None, "Checking the map")
        try:
            found[name] = runs[name]()
        except NotSupported as error:
            reasons[name] = error.text
    return Checks(**found, reasons=reasons)


def _position(
    explanation: Explanation, row: int, kept: KeptMaps, image: str, source: str
) -> PositionPrior:
    kept.keep(image, explanation.grid[row], source)
    own = without_padding(explanation.grid[row], explanation.geometry)
    return position_prior(own, kept.others(image, source))


def _key(pixels: NDArray[np.uint8]) -> str:
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def facts(checks: Checks) -> dict[str, Any]:
    """Return what the checks of a map found, as it goes into JSON; None for numbers not known."""
    found = {name: _facts_of(getattr(checks, name)) for name in CHECKS}
    for name, one in found.items():
        if one is None:
            found[name] = {"reason": checks.reasons.get(name, "not checked")}
    return {**found, "doubts": checks.doubts}


def _facts_of(check: Any) -> dict[str, Any] | None:
    if check is None:
        return None
    return {**_numbers(check), "failed": bool(doubts(check)), "says": finding(check)}


def _numbers(check: Any) -> dict[str, Any]:
    match check:
        case PromptSensitivity():
            return {
                "unrelated": {"prompt": check.unrelated, "rho": _known(check.rho_unrelated)},
                "nonsense": {"prompt": check.nonsense, "rho": _known(check.rho_nonsense)},
                "rho": _known(check.rho),
                "by_construction": check.image_only,
            }
        case PositionPrior():
            return {"images": check.images, "rho": _known(check.rho)}
        case Repeatability():
            return {"rho": _known(check.rho), "largest_difference": check.largest_difference}
        case DeletionCurves():
            return _numbers_of_deletion(check)
        case Randomisation():
            return {
                "stages": list(check.stages),
                "rho": [_known(rho) for rho in check.rhos],
                "rho_after": _known(check.rho),
                "blocks_judged": check.deep,
                "seed": check.seed,
            }
    raise TypeError(type(check).__name__)


def _numbers_of_deletion(check: DeletionCurves) -> dict[str, Any]:
    mean, spread = check.random_auc
    random_aopc, aopc_spread = check.random_aopc
    return {
        "baseline": check.baseline,
        "steps": len(check.fractions) - 1,
        "seed": check.seed,
        "score": check.score,
        "score_hidden": check.score_hidden,
        "deletion": _areas(check, check.deletion_auc, check.deletion_gain),
        "insertion": _areas(check, check.insertion_auc, check.insertion_gain),
        "random": {"orders": len(check.random), "auc": mean, "sd": spread},
        "aopc": check.aopc,
        "random_aopc": {"mean": random_aopc, "sd": aopc_spread},
        "curves": {
            "fraction": check.fractions.tolist(),
            "deletion": check.deletion.tolist(),
            "insertion": check.insertion.tolist(),
            "random_mean": check.random.mean(axis=0).tolist(),
            "random_sd": check.random.std(axis=0, ddof=1).tolist(),
        },
    }


def _areas(check: DeletionCurves, area: float, gain: float) -> dict[str, float | None]:
    return {"auc": area, "normalised": check.normalised(area), "gain": gain}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
