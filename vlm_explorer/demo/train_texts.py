"""Short texts for training: labels and prompts as a user types them, true and false ones."""

from __future__ import annotations

import numpy as np

from vlm_explorer.demo.train_statements import FINDING_PAIRS, Facts, Pair, Statement

MODALITY_WORDS: dict[str, tuple[str, ...]] = {
    "XR": ("x-ray", "radiograph", "x ray", "plain film", "xr", "radiography"),
    "CT": ("CT", "CT scan", "computed tomography", "CT slice", "CT image"),
    "MR": ("MRI", "MR image", "magnetic resonance imaging", "MRI scan", "MR", "MRI slice"),
    "MG": ("mammogram", "mammography", "mammographic image"),
    "US": ("ultrasound", "sonogram", "ultrasound image", "sonography", "ultrasound scan"),
}
REGION_WORDS: dict[str, tuple[str, ...]] = {
    "chest": ("chest", "thorax", "thoracic"),
    "head": ("head", "brain", "cranial"),
    "abdomen": ("abdomen", "abdominal"),
    "breast": ("breast",),
}
FINDING_WORDS: dict[str, tuple[str, ...]] = {
    "pleural effusion": (
        "pleural effusion",
        "effusion",
        "pleural fluid",
        "fluid in the pleural space",
    ),
    "pneumothorax": ("pneumothorax", "collapsed lung", "air in the pleural space"),
    "consolidation": (
        "consolidation",
        "pneumonia",
        "airspace opacity",
        "lung opacity",
        "infiltrate",
    ),
    "nodule": ("nodule", "lung nodule", "pulmonary nodule", "lung mass"),
    "cardiomegaly": (
        "cardiomegaly",
        "enlarged heart",
        "large heart",
        "enlarged cardiac silhouette",
    ),
    "haemorrhage": (
        "haemorrhage",
        "hemorrhage",
        "intracranial haemorrhage",
        "brain bleed",
        "bleeding",
    ),
    "brain tumour": ("brain tumour", "brain tumor", "tumour", "tumor", "intracranial mass"),
    "liver lesion": ("liver lesion", "hepatic lesion", "liver metastasis", "liver mass"),
    "kidney cyst": ("kidney cyst", "renal cyst", "cyst of the kidney"),
    "breast mass": ("breast mass", "mass in the breast", "breast tumour", "breast cancer"),
    "cystic lesion": ("cystic lesion", "cyst", "anechoic lesion", "fluid-filled lesion"),
    "solid lesion": ("solid lesion", "solid mass", "hypoechoic mass", "solid nodule"),
}
FRAMES = ("{}",) * 8 + (
    "{}.", "this is a photo of {}", "a picture of {}", "an image of {}", "{} is seen",
    "there is {}", "evidence of {}", "findings of {}", "image showing {}", "{} is present",
    "this is an image of {}",
)  # fmt: skip
PAIRS: frozenset[Pair] = frozenset().union(*FINDING_PAIRS.values())
NORMAL_WORDS = (
    "normal {}",
    "unremarkable {}",
    "{}, no abnormality",
    "healthy {}",
    "{} without findings",
)


def pick(rng: np.random.Generator, words: tuple[str, ...] | list[str]) -> str:
    """Return one of the words; the first ones, being the commonest, more often."""
    return words[int(len(words) * rng.random() ** 1.5)]


def image_words(rng: np.random.Generator, pair: Pair, aspects: frozenset[str] = frozenset()) -> str:
    """Return a name for images of that modality and region: "chest x-ray", "CT of the head"."""
    modality = pick(rng, MODALITY_WORDS[pair[0]])
    region = pick(rng, REGION_WORDS[pair[1]])
    aspect = " ".join(sorted(aspects))
    if pair[0] == "US" and aspects:
        return f"{aspect} {modality}"
    if pair[0] == "MG":
        return f"{aspect} {modality}".strip()
    if rng.random() < 0.3 and region not in ("abdominal", "cranial", "thoracic"):
        return f"{aspect} {modality} of the {region}".strip()
    return f"{aspect} {region} {modality}".strip()


def finding_words(rng: np.random.Generator, name: str, side: str) -> str:
    """Return a name for a finding with its side: "left pleural effusion", "nodule on the right"."""
    words = pick(rng, FINDING_WORDS[name])
    if not side:
        return words
    if side == "bilateral":
        return f"bilateral {words}"
    draw = rng.random()
    if draw < 0.2:
        return f"{words} on the {side}"
    if draw < 0.3:
        return f"{side} sided {words}"
    return f"{side} {words}"


def _framed(rng: np.random.Generator, words: str) -> str:
    return pick(rng, FRAMES).format(words)


def true_prompt(rng: np.random.Generator, facts: Facts) -> Statement:
    """Return a short text that is true of the image."""
    draw = rng.random()
    if draw < 0.15:
        return _modality_prompt(rng, facts)
    if draw < 0.35 or (not facts.findings and draw < 0.65):
        if facts.findings:
            return _absent_prompt(rng, facts)
        return _normal_prompt(rng, facts.pair) if draw < 0.45 else _absent_prompt(rng, facts)
    if not facts.findings:
        return _normal_prompt(rng, facts.pair)
    return _present_prompt(rng, facts)


def false_prompt(rng: np.random.Generator, facts: Facts) -> Statement:
    """Return a short text about such an image that is not true of it.

    The side is turned, the finding replaced, a present one denied, or the image called normal.
    """
    draw = rng.random()
    sided = [(name, side) for name, side in sorted(facts.findings) if side in ("left", "right")]
    if sided and draw < 0.45:
        name, side = sided[rng.integers(len(sided))]
        other = "left" if side == "right" else "right"
        if not facts.shows(name, other):
            return _presence(rng, facts.pair, ((name, other),))
    if facts.findings and draw < 0.6:
        name = sorted(facts.findings)[rng.integers(len(facts.findings))][0]
        return _absence(rng, facts.pair, name)
    if facts.findings and draw < 0.7:
        return _normal_prompt(rng, facts.pair)
    others = [
        name
        for name, pairs in FINDING_PAIRS.items()
        if facts.pair in pairs and not facts.shows(name)
    ]
    if not others:
        return _normal_prompt(rng, facts.pair)
    name = others[rng.integers(len(others))]
    side = "" if rng.random() < 0.6 or name == "cardiomegaly" else pick(rng, ("left", "right"))
    return _presence(rng, facts.pair, ((name, side),))


def _modality_prompt(rng: np.random.Generator, facts: Facts) -> Statement:
    draw = rng.random()
    group, region = facts.pair
    if draw < 0.4:
        words = pick(rng, MODALITY_WORDS[group])
        return Statement(_framed(rng, words), frozenset(p for p in PAIRS if p[0] == group))
    if draw < 0.5:
        words = pick(rng, REGION_WORDS[region])
        return Statement(_framed(rng, words), frozenset(p for p in PAIRS if p[1] == region))
    aspects = facts.aspects if draw < 0.75 else frozenset[str]()
    words = image_words(rng, facts.pair, aspects)
    return Statement(_framed(rng, words), frozenset([facts.pair]), aspects)


def _normal_prompt(rng: np.random.Generator, pair: Pair) -> Statement:
    if rng.random() < 0.15:
        words = pick(rng, ("normal", "no abnormality", "no finding", "healthy"))
        return Statement(words, PAIRS, exactly=frozenset())
    words = pick(rng, NORMAL_WORDS).format(image_words(rng, pair))
    return Statement(_framed(rng, words), frozenset([pair]), exactly=frozenset())


def _absent_prompt(rng: np.random.Generator, facts: Facts) -> Statement:
    names = [
        name
        for name, pairs in FINDING_PAIRS.items()
        if facts.pair in pairs and not facts.shows(name)
    ]
    if not names:
        return _modality_prompt(rng, facts)
    return _absence(rng, facts.pair, names[rng.integers(len(names))])


def _absence(rng: np.random.Generator, pair: Pair, name: str) -> Statement:
    words = pick(rng, FINDING_WORDS[name])
    draw = rng.random()
    if draw < 0.6:
        text = pick(rng, ("no {}", "no {}", "without {}", "no evidence of {}", "{} is absent"))
        return Statement(text.format(words), FINDING_PAIRS[name], absent=((name, ""),))
    joint = pick(rng, ("{} without {}", "{} with no {}", "{}, no {}"))
    text = joint.format(image_words(rng, pair), words)
    return Statement(text, frozenset([pair]), absent=((name, ""),))


def _present_prompt(rng: np.random.Generator, facts: Facts) -> Statement:
    findings = sorted(facts.findings)
    wanted = min(len(findings), 2 if rng.random() < 0.3 else 1)
    chosen = rng.permutation(len(findings))[:wanted]
    kept = tuple(
        (findings[k][0], findings[k][1] if rng.random() < 0.5 else "") for k in sorted(chosen)
    )
    return _presence(rng, facts.pair, kept)


def _presence(
    rng: np.random.Generator, pair: Pair, findings: tuple[tuple[str, str], ...]
) -> Statement:
    words = " and ".join(finding_words(rng, *finding) for finding in findings)
    if rng.random() < 0.6:
        pairs = frozenset.intersection(*(FINDING_PAIRS[name] for name, _ in findings))
        return Statement(_framed(rng, words), pairs, present=findings)
    joint = pick(rng, ("{} with {}", "{} showing {}", "{}: {}", "{} {}"))
    text = joint.format(image_words(rng, pair), words)
    return Statement(text, frozenset([pair]), present=findings)
