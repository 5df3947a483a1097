"""The checks of a map as lines: what each asks, what it found, and whether it can be run. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import isnan
from typing import Any, NamedTuple

from vlm_explorer.saliency.check_words import doubts, finding

NO_PROMPT = "It watches the score of a prompt, and this map knows none."


class Verdict(StrEnum):
    """What is known of a check; in the order of an icon's urgency."""

    NOT_CHECKED = "not checked"
    WAITING = "waiting"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    SAYS_NOTHING = "says nothing"


class CheckWords(NamedTuple):
    """What a check is called, and what it asks, in a line."""

    title: str
    asks: str


WORDS: dict[str, CheckWords] = {
    "prompt_sensitivity": CheckWords(
        "Prompt", "Would an unrelated prompt and a nonsense one give the same map?"
    ),
    "position_prior": CheckWords("Position", "Is this what any image gets?"),
    "insertion_deletion": CheckWords(
        "Insertion, deletion", "Does hiding what is marked move the score more than chance?"
    ),
    "weight_randomisation": CheckWords(
        "Randomisation", "Does the map change when what the encoder learned becomes noise?"
    ),
}


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """A check that cannot be made, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A line of the page.

    Attributes:
        name: of the check, one of `WORDS`.
        title: what it is called.
        asks: what it asks.
        verdict: what is known.
        says: what it found, with numbers, or why nothing is known.
        whole: all of it, for the tool tip.
        can_run: whether the user may have it run.
    """

    name: str
    title: str
    asks: str
    verdict: Verdict
    says: str
    whole: str
    can_run: bool


def row_of(name: str, found: Mapping[str, Any], running: str, waiting: tuple[str, ...]) -> CheckRow:
    """Return the line of a check.

    Args:
        name: of the check.
        found: by check what it found, a `NotApplicable`, or an error's words.
        running: the check that runs.
        waiting: those that come after it.
    """
    title, asks = WORDS[name]
    one = found.get(name)
    if name == running or name in waiting:
        verdict = Verdict.RUNNING if name == running else Verdict.WAITING
        says = "Checking." if name == running else "Waits for the one before."
        return CheckRow(name, title, asks, verdict, says, says, False)
    if one is None:
        return CheckRow(name, title, asks, Verdict.NOT_CHECKED, "Not checked", asks, True)
    if isinstance(one, NotApplicable | str):
        says = one if isinstance(one, str) else one.reason
        again = isinstance(one, str)
        return CheckRow(name, title, asks, Verdict.SAYS_NOTHING, says, says, again)
    against, numbers = doubts(one), finding(one)
    verdict = Verdict.FAILED if against else Verdict.PASSED
    if _says_nothing(one):
        verdict = Verdict.SAYS_NOTHING
    says = " ".join([*against, numbers])
    whole = "\n".join([asks, *against, numbers])
    return CheckRow(name, title, asks, verdict, says, whole, False)


def all_doubts(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the checks hold against a map, a sentence each."""
    return tuple(words for name in WORDS for words in doubts(found.get(name)))


def _says_nothing(check: Any) -> bool:
    """Return whether a check was made and has nothing to say, such as of a flat map."""
    if getattr(check, "image_only", False):
        return True
    rho = getattr(check, "rho", 0.0)
    return bool(isnan(rho))
