"""What the checks of a map say, in words; the same in window, command and caption."""

from __future__ import annotations

import math
from typing import Any

from vlm_explorer.saliency.check_again import Repeatability
from vlm_explorer.saliency.check_deletion import DeletionCurves
from vlm_explorer.saliency.check_position import LEAST, PositionPrior
from vlm_explorer.saliency.check_prompts import PromptSensitivity
from vlm_explorer.saliency.check_randomise import LIKE_BEFORE, Randomisation

_REPEATS = 1e-4  # of the map's range: below it a difference is rounding
NO_SIGNAL = "The map is flat: there is no order of patches to compare."


def number(value: float) -> str:
    """Return a correlation or a score with two digits and a true minus sign."""
    return "unknown" if math.isnan(value) else f"{value:.2f}".replace("-", "−")


def doubts(check: Any) -> list[str]:
    """Return what a check holds against a map, a sentence each; empty where it passed."""
    if isinstance(check, PromptSensitivity):
        return ["This map hardly depends on the prompt."] if check.failed else []
    if isinstance(check, PositionPrior):
        words = f"Most of this map is explained by position (ρ {number(check.rho)})."
        return [words] if check.failed else []
    if isinstance(check, DeletionCurves):
        deleting = "Deleting what is marked changes the score no more than deleting at random."
        showing = "Showing what is marked brings the score back no faster than showing at random."
        return [deleting] * check.deletion_failed + [showing] * check.insertion_failed
    if isinstance(check, Randomisation):
        words = (
            "This map stays much the same when what the encoder learned in its last "
            f"{_blocks(check.deep)} is replaced by noise."
        )
        return [words] if check.failed else []
    if isinstance(check, Repeatability):
        repeats = check.largest_difference <= _REPEATS
        return [] if repeats else ["The same request gives another map each time."]
    return []


def finding(check: Any) -> str:
    """Return what a check found, with its numbers, in a line."""
    if isinstance(check, PromptSensitivity):
        return _of_prompts(check)
    if isinstance(check, PositionPrior):
        if check.prior is None:
            return f"Known once {LEAST} other images are explained this way; so far {check.images}."
        if math.isnan(check.rho):
            return NO_SIGNAL
        return f"ρ {number(check.rho)} with the mean map of {check.images} other images."
    if isinstance(check, DeletionCurves):
        return _of_deletion(check)
    if isinstance(check, Randomisation):
        return (
            f"ρ {number(check.rho)} after the head and {_blocks(check.deep)}; below "
            f"{LIKE_BEFORE} either way is as it should be."
        )
    if isinstance(check, Repeatability):
        if check.largest_difference == 0:
            return "Explained again, the map is the same to the bit."
        return f"Explained again, a patch differs by {check.largest_difference:.1g} of the range."
    return ""


def _of_prompts(check: PromptSensitivity) -> str:
    if check.image_only:
        return "ρ 1 by construction: this method knows no prompt."
    if math.isnan(check.rho):
        return NO_SIGNAL
    return (
        f"ρ {number(check.rho_unrelated)} with “{check.unrelated}”, "
        f"{number(check.rho_nonsense)} with “{check.nonsense}”."
    )


def _of_deletion(check: DeletionCurves) -> str:
    spread = check.random_auc[1]
    return (
        f"Deletion {_signed(check.deletion_gain)}, insertion {_signed(check.insertion_gain)} over "
        f"random ± {spread:.3f} (area of cosine)."
    )


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")


def _blocks(count: int) -> str:
    return f"{count} block" if count == 1 else f"{count} blocks"
