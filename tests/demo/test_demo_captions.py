import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from vlm_explorer.demo.captions import absent, paraphrases
from vlm_explorer.demo.findings import FINDINGS, Finding
from vlm_explorer.demo.image import DemoImage, Geometry, label_of
from vlm_explorer.demo.phrases import CALM, NOUNS
from vlm_explorer.demo.study import generate_case

PLACES = {
    ("XR", "chest"): ("PA", "lateral"),
    ("CT", "chest"): ("axial",),
    ("CT", "abdomen"): ("axial",),
    ("CT", "head"): ("axial",),
    ("MR", "head"): ("axial",),
    ("MG", "breast"): ("MLO", "CC"),
    ("US", "abdomen"): ("liver", "kidney"),
    ("US", "breast"): ("breast",),
}
SIDED = {
    "pleural effusion",
    "pneumothorax",
    "consolidation",
    "nodule",
    "haemorrhage",
    "brain tumour",
    "kidney cyst",
    "breast mass",
}
NEGATION = re.compile(r"\b(no|without|negative for)\b")


@st.composite
def images(draw):
    place = draw(st.sampled_from(sorted(PLACES)))
    names = [name for name, where in FINDINGS.items() if place in where]
    chosen = draw(st.lists(st.sampled_from(names), unique=True, max_size=2))
    findings = []
    for name in chosen:
        side = draw(st.sampled_from(("left", "right"))) if name in SIDED else ""
        x, y = draw(st.integers(0, 150)), draw(st.integers(0, 150))
        size = draw(st.integers(16, 50))
        findings.append(Finding(name, side, (x, y, x + size, y + size)))
        if name == "pleural effusion" and draw(st.booleans()):
            other = "left" if side == "right" else "right"
            findings.append(Finding(name, other, (x, y, x + size, y + size)))
    return DemoImage(
        stored=np.zeros((200, 200), np.uint8),
        photometric="MONOCHROME2",
        slope=1.0,
        intercept=0.0,
        window=(draw(st.sampled_from((-600.0, 40.0))), 400.0),
        modality=place[0],
        modality_group=place[0],
        region=place[1],
        view=draw(st.sampled_from(PLACES[place])),
        sequence=draw(st.sampled_from(("T1", "T2", "FLAIR"))) if place[0] == "MR" else "",
        findings=tuple(findings),
        caption="",
        label=label_of(tuple(findings)),
        geometry=Geometry("DEMO-0001", (1.0, 1.0), laterality="L" if place[0] == "MG" else ""),
    )


def named(text: str, image: DemoImage) -> set[str]:
    """The findings that a text names, among those that this kind of picture can show."""
    place = (image.modality_group, image.region)
    found = set()
    for name, nouns in NOUNS.items():
        if place not in FINDINGS[name]:
            continue
        for noun in nouns:
            stem = re.escape(noun.lstrip("*").lower()).rstrip("y")
            if re.search(rf"\b{stem}", text):
                found.add(name)
    return found


def claims(caption: str, image: DemoImage) -> tuple[set[str], set[str]]:
    asserted: set[str] = set()
    denied: set[str] = set()
    for sentence in caption.lower().split("."):
        parts = NEGATION.split(sentence, maxsplit=1)
        asserted |= named(parts[0], image)
        if len(parts) > 1:
            denied |= named(parts[-1], image)
    return asserted, denied


@settings(max_examples=300, deadline=None)
@given(images(), st.integers(0, 2**32))
def test_that_captions_assert_what_is_present_and_deny_only_what_is_absent(image, seed):
    present = {f.name for f in image.findings}
    for caption in paraphrases(image, np.random.default_rng(seed), 8):
        asserted, denied = claims(caption, image)
        assert asserted == present, caption
        assert denied <= set(absent(image)), caption
        assert not denied & present, caption


@settings(max_examples=200, deadline=None)
@given(images(), st.integers(0, 2**32))
def test_that_captions_never_name_the_wrong_side(image, seed):
    sides = {f.side for f in image.findings}
    if image.modality_group == "MG":
        sides.add("left")
    for caption in paraphrases(image, np.random.default_rng(seed), 8):
        for side in ("left", "right"):
            if re.search(rf"\b{side}\b", caption.lower()):
                assert side in sides, caption
        if "bilateral" in caption.lower():
            assert {"left", "right"} <= sides


@settings(max_examples=200, deadline=None)
@given(images(), st.integers(0, 2**32))
def test_that_calm_sentences_contradict_no_finding(image, seed):
    present = {f.name for f in image.findings}
    text = " ".join(paraphrases(image, np.random.default_rng(seed), 8)).lower()
    for name, sentences in CALM[image.modality_group, image.region]:
        if name in present:
            assert not any(sentence.lower() in text for sentence in sentences)
    if present:
        assert "normal limits" not in text
        assert "unremarkable" not in text or image.region == "abdomen"
        assert "clear" not in text


def test_that_paraphrases_are_many_and_reproducible():
    image = next(i for n in range(20) for i in generate_case(7, n) if i.findings)
    first = paraphrases(image, np.random.default_rng(1), 200)
    assert first == paraphrases(image, np.random.default_rng(1), 200)
    assert len(set(first)) > 120


def test_that_the_words_are_well_formed():
    for index in range(0, 60, 4):
        for image in generate_case(7, index):
            for caption in paraphrases(image, np.random.default_rng(index), 30):
                assert "{" not in caption
                assert "  " not in caption
                assert "*" not in caption
                assert not re.search(r"\ba [aeio]", caption.lower()), caption
                assert not re.search(r"\ban [^aeiou]", caption.lower()), caption
