"""A small grammar of radiologists' English: many captions for one picture, all of them true.

A negation always runs to the end of its sentence, and what a sentence asserts stands before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vlm_explorer.demo.findings import FINDINGS
from vlm_explorer.demo.image import DemoImage
from vlm_explorer.demo.phrases import (
    CALM,
    CLEAR,
    CT,
    MG,
    MG_VIEWS,
    MR,
    NOUNS,
    RADIOGRAPH,
    SEQUENCES,
    SITES,
    SIZED,
    US,
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A finding as it is to be told: sides joined, size and place in words."""

    name: str
    side: str
    size: str
    zone: str


def paraphrases(image: DemoImage, rng: np.random.Generator, n: int) -> list[str]:
    """`n` captions of the picture, drawn anew each; they may repeat for terse ones.

    Args:
        image: the picture; only what is known about it is read, not its pixels.
        rng: the source of chance.
        n: how many.
    """
    seen = _seen(image)
    return [_caption(image, seen, rng) for _ in range(n)]


def absent(image: DemoImage) -> list[str]:
    """Findings that could occur in this kind of picture, and do not."""
    present = {f.name for f in image.findings}
    place = (image.modality_group, image.region)
    return [name for name, where in FINDINGS.items() if place in where and name not in present]


def _seen(image: DemoImage) -> list[_Seen]:
    rows, cols = image.stored.shape
    out = []
    for name in sorted({f.name for f in image.findings}):
        group = [f for f in image.findings if f.name == name]
        sides = {f.side for f in group}
        side = "bilateral" if {"left", "right"} <= sides else group[0].side
        x0, y0, x1, y1 = group[0].box
        share = (x1 - x0) * (y1 - y0) / (rows * cols)
        size = "small" if share < 0.015 else "large" if share > 0.05 else ""
        zone = ""
        if name in ("nodule", "consolidation") and image.view == "PA" and len(group) == 1:
            zone = ("upper", "mid", "lower")[min(2, int((y0 + y1) / 2 / rows * 3.9 - 0.55))]
        out.append(_Seen(name, side, size if name in SIZED else "", zone))
    return out


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _with_article(phrase: str) -> str:
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def _phrase(seen: _Seen, rng: np.random.Generator, article: bool) -> str:
    noun = _pick(rng, NOUNS[seen.name])
    countable, noun = noun.startswith("*"), noun.lstrip("*")
    before, after = [], ""
    if seen.size and rng.random() < 0.4:
        before.append(seen.size)
    if seen.side == "bilateral":
        before.append("bilateral")
        if countable and noun.split()[-1] in ("effusion", "nodule", "opacity"):
            noun = noun[:-1] + "ies" if noun.endswith("y") else noun + "s"
        countable = False
    elif seen.zone and rng.random() < 0.35:
        where = _pick(rng, ("in the {} {} zone", "in the {} {} lung"))
        where = where.replace("mid lung", "mid zone")
        after = " " + where.format(seen.side, seen.zone)
    elif seen.side and rng.random() < 0.8:
        prefix = noun.split()[0] not in ("air", "fluid", "acute", "pneumonia")
        if prefix and rng.random() < 0.6:
            before.append(_pick(rng, (seen.side, seen.side, f"{seen.side}-sided")))
        else:
            after = " " + _pick(rng, SITES[seen.name]).format(side=seen.side)
    phrase = " ".join([*before, noun]) + after
    return _with_article(phrase) if article and countable else phrase


def _joined(parts: list[str], rng: np.random.Generator) -> str:
    if len(parts) == 1:
        return parts[0]
    last = _pick(rng, (" and ", " and ", " with ", " together with "))
    return ", ".join(parts[:-1]) + last + parts[-1]


def _told(seen: list[_Seen], rng: np.random.Generator, article: bool) -> str:
    order = [seen[i] for i in rng.permutation(len(seen))]
    return _joined([_phrase(s, rng, article) for s in order], rng)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def _negation(names: list[str], rng: np.random.Generator) -> str:
    chosen = [names[i] for i in rng.permutation(len(names))[: int(rng.integers(1, 4))]]
    nouns = [_pick(rng, NOUNS[name]).lstrip("*") for name in chosen]
    listed = nouns[0] if len(nouns) == 1 else ", ".join(nouns[:-1]) + " or " + nouns[-1]
    start = _pick(
        rng,
        (
            "No",
            "No",
            "No",
            "No evidence of",
            "There is no",
            "Negative for",
            "No sign of",
            "Without",
        ),
    )
    return f"{start} {listed}."


def _quiet(image: DemoImage, rng: np.random.Generator) -> str:
    """A sentence about what is as it should be, or nothing."""
    missing = set(absent(image))
    choices = [
        sentence
        for name, sentences in CALM[image.modality_group, image.region]
        if name in missing and image.view in ("PA", "axial")
        for sentence in sentences
    ]
    return _pick(rng, choices) + "." if choices else ""


def _caption(image: DemoImage, seen: list[_Seen], rng: np.random.Generator) -> str:
    study = _study(image, rng)
    sentences = [_positive(seen, study, rng) if seen else _normal(image, study, rng)]
    missing = absent(image)
    if missing and rng.random() < (0.35 if seen else 0.45):
        sentences.append(_negation(missing, rng))
    if rng.random() < 0.22:
        quiet = _quiet(image, rng)
        if quiet:
            sentences.append(quiet)
    text = " ".join(sentences)
    style = rng.random()
    if style < 0.25:
        return text.rstrip(".")
    return text.lower() if style > 0.9 else text


def _positive(seen: list[_Seen], study: str, rng: np.random.Generator) -> str:
    forms = (
        ("{study} showing {a}.", True),
        ("{study} with {a}.", True),
        ("{study} demonstrates {a}.", True),
        ("{study} shows {a}.", True),
        ("{study}: {b}.", False),
        ("{study}. {b}.", False),
        ("{study}. There is {a}.", True),
        ("{b} on {study_}.", False),
        ("{b} is seen on {study_}.", False),
        ("Findings: {b}. Technique: {study_}.", False),
        ("There is {a} on this {study_}.", True),
        ("{b}.", False),
        ("Impression: {b}.", False),
        ("{study} of a patient with {a}.", True),
    )
    form, article = forms[int(rng.integers(len(forms)))]
    told = _told(seen, rng, article)
    if "There is {a}" in form and any(s.side == "bilateral" for s in seen):
        form = form.replace("There is {a}", "{b}")
    if "is seen" in form and len(seen) > 1:
        form = form.replace("is seen", "are seen")
    return form.format(study=_capital(study), study_=study, a=told, b=_capital(told))


def _normal(image: DemoImage, study: str, rng: np.random.Generator) -> str:
    clear = _pick(rng, CLEAR[image.modality_group, image.region])
    forms = (
        "Normal {study_}.",
        "Normal {study_}.",
        "{study}, normal.",
        "{study}: normal.",
        "{study} within normal limits.",
        "Unremarkable {study_}.",
        "{study} without abnormality.",
        "{study} with no abnormal finding.",
        "{study}. No acute abnormality.",
        "{study}. {clear}.",
        "{clear} on {study_}.",
        "{study}: healthy appearance.",
        "{study} of a healthy patient.",
        "Impression: normal {study_}.",
    )
    form = _pick(rng, forms)
    return form.format(study=_capital(study), study_=study, clear=clear)


def _study(image: DemoImage, rng: np.random.Generator) -> str:
    """What kind of picture it is, in words."""
    group = image.modality_group
    if group == "XR":
        return _pick(rng, RADIOGRAPH[image.view])
    if group == "CT":
        text = _pick(rng, CT[image.region])
        if image.region == "chest" and rng.random() < 0.3:
            text += ", lung window" if image.window[0] < -300 else ", mediastinal window"
        return text
    if group == "MR":
        return _pick(rng, MR).format(_pick(rng, SEQUENCES[image.sequence]))
    if group == "MG":
        side = {"L": "left", "R": "right"}[image.geometry.laterality]
        return _pick(rng, MG).format(side=side, view=_pick(rng, MG_VIEWS[image.view]))
    return _pick(rng, US[image.view])
