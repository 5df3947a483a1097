"""What the methods are called, and what their maps show: one list for all that speaks of them."""

from __future__ import annotations

from typing import NamedTuple

CAVEAT = "Shows what moved this model's score, not where disease is."
NO_PROMPT = "Image only: does not depend on the prompt."
IMAGE_ONLY = ("attention", "rollout")  # methods that know no prompt


class MethodWords(NamedTuple):
    """What a method is called, and what it shows, in a line."""

    title: str
    hint: str


WORDS = {
    "attention": MethodWords("Attention", "Where one layer looks; knows no prompt"),
    "rollout": MethodWords(
        "Attention rollout", "Attention followed through all layers; knows no prompt"
    ),
    "legrad": MethodWords("LeGrad", "What each layer's attention could add to the score"),
    "gradattn": MethodWords("Gradient × attention", "Attention that raised the prompt's score"),
    "decomp": MethodWords("Direct contribution", "The parts that sum to the score, by patch"),
    "patchsim": MethodWords("Patch-text similarity", "How well each patch alone fits the prompt"),
    "occlusion": MethodWords("Occlusion", "What the score loses when a part is hidden"),
    "gradcam": MethodWords("Grad-CAM", "Features that raised the score, in the last layer"),
}


def title_of(method: str) -> str:
    """Return what a method is called; its name where that is not known."""
    return WORDS[method].title if method in WORDS else method


def hint_of(method: str) -> str:
    """Return what a method shows, in a line; "" where that is not known."""
    return WORDS[method].hint if method in WORDS else ""
