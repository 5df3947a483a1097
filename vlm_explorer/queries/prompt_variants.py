"""Other wordings of a prompt: templates, paraphrases, orders of its words, and its negations."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Literal

from vlm_explorer import paths
from vlm_explorer.analysis.zero_shot import fill, load_template_sets

Kind = Literal["typed", "template", "paraphrase", "order", "ensemble", "left out"]


@dataclass(frozen=True, slots=True)
class Wording:
    """A way to put a prompt into words.

    Attributes:
        text: what the encoder reads.
        kind: where it is from.
        source: the name of the template set; "" for the others.
    """

    text: str
    kind: Kind
    source: str = ""


@cache
def paraphrases() -> tuple[str, ...]:
    """Return sentences that say the same in other words, with {} for the prompt."""
    return _lists()["paraphrases"]


@cache
def negations() -> tuple[str, ...]:
    """Return sentences that deny the prompt, with {} for it; the first is the usual one."""
    return _lists()["negations"]


def wordings(prompt: str) -> tuple[Wording, ...]:
    """Return all wordings of a prompt, as typed first; equal ones once, under the first name.

    Raises:
        UsageError: the prompt is blank.
    """
    typed = fill("{}", prompt)
    found = [Wording(typed, "typed")]
    for name, each in load_template_sets().items():
        found += [Wording(fill(template, typed), "template", name) for template in each.templates]
    found += [Wording(fill(sentence, typed), "paraphrase") for sentence in paraphrases()]
    found += [Wording(text, "order") for text in orders(typed)]
    first: dict[str, Wording] = {}
    for wording in found:
        first.setdefault(wording.text, wording)
    return tuple(first.values())


def orders(prompt: str) -> tuple[str, ...]:
    """Return the words of a prompt backwards, and its last word before the others.

    The second is how reports put it, "effusion, left pleural"; nothing for a single word.
    """
    words = prompt.split()
    if len(words) < 2:
        return ()
    ahead = f"{words[-1]}, {' '.join(words[:-1])}"
    return " ".join(reversed(words)), ahead


@cache
def _lists() -> dict[str, tuple[str, ...]]:
    with (paths.resources() / "paraphrases.toml").open("rb") as file:
        return {name: tuple(sentences) for name, sentences in tomllib.load(file).items()}
