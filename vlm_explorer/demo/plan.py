"""Who has what: deals kinds of study and findings to cases so that any run of cases is balanced."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Wanted = tuple[tuple[str, str], ...]

# Cases of a block of about a hundred images; the series' mean length is 3.55 slices.
BLOCK: dict[str, int] = {
    "radiograph": 29,
    "ct chest": 3,
    "ct abdomen": 2,
    "ct head": 2,
    "mr head": 6,
    "mammogram": 7,
    "ultrasound": 10,
}
_NORMAL: tuple[str, ...] = ()
_CHEST = ("pleural effusion", "pneumothorax", "consolidation", "nodule", "cardiomegaly")
_SINGLE = tuple((name,) for name in _CHEST)
DECKS: dict[str, tuple[tuple[str, ...], ...]] = {
    "radiograph": (
        *(_NORMAL,) * 8,
        *_SINGLE * 2,
        ("pleural effusion", "cardiomegaly"),
        ("consolidation", "pleural effusion"),
        ("nodule", "pneumothorax"),
        ("cardiomegaly", "consolidation"),
    ),
    "ct chest": (
        *(_NORMAL,) * 4,
        *_SINGLE * 2,
        ("pleural effusion", "nodule"),
        ("cardiomegaly", "consolidation"),
    ),
    "ct abdomen": (
        *(_NORMAL,) * 2,
        *(("liver lesion",), ("kidney cyst",)) * 2,
        ("kidney cyst", "liver lesion"),
    ),
    "ct head": (_NORMAL, ("haemorrhage",), ("brain tumour",)),
    "mr head": (_NORMAL, _NORMAL, ("brain tumour",), ("brain tumour",), ("brain tumour",)),
    "mammogram": (_NORMAL, ("breast mass",)),
    "ultrasound": (_NORMAL, ("cystic lesion",), ("solid lesion",)),
}
_NO_SIDE = frozenset({"cardiomegaly", "cystic lesion", "solid lesion", "liver lesion"})


@dataclass(frozen=True, slots=True)
class CasePlan:
    """What one patient's study will be.

    Attributes:
        kind: a key of `BLOCK`.
        wanted: (finding, side) pairs; side is left, right, bilateral or empty.
        images: how many images the study has.
        turn: how many studies of this kind came before.
    """

    kind: str
    wanted: Wanted
    images: int
    turn: int


def plan_case(seed: int, index: int) -> CasePlan:
    """The plan of case `index`; a pure function of its arguments."""
    kinds = [kind for kind, count in BLOCK.items() for _ in range(count)]
    block, place = divmod(index, len(kinds))
    order = np.random.default_rng([seed, 1, block]).permutation(len(kinds))
    shuffled = [kinds[i] for i in order]
    kind = shuffled[place]
    turn = block * BLOCK[kind] + shuffled[:place].count(kind)
    deck = DECKS[kind]
    round_, card = divmod(turn, len(deck))
    number = list(BLOCK).index(kind)
    dealt = np.random.default_rng([seed, 2, number, round_]).permutation(len(deck))
    names = deck[int(dealt[card])]
    rng = np.random.default_rng([seed, 3, index])
    return CasePlan(kind, _sided(names, rng), _count(kind, names, rng), turn)


def _sided(names: tuple[str, ...], rng: np.random.Generator) -> Wanted:
    out = []
    shared = str(rng.choice(("left", "right")))
    for name in names:
        side = "" if name in _NO_SIDE else shared
        if name == "nodule" and len(names) > 1:
            side = "left" if shared == "right" else "right"
        if name == "pleural effusion" and "consolidation" not in names and rng.random() < 0.25:
            side = "bilateral"
        if name == "liver lesion":
            side = "right"
        out.append((name, side))
    return tuple(out)


def _count(kind: str, names: tuple[str, ...], rng: np.random.Generator) -> int:
    chance = rng.random()
    if kind == "radiograph":
        return 2 if chance < 0.25 and "pneumothorax" not in names else 1
    if kind == "mammogram":
        return 1 if chance < 0.5 else 2
    if kind == "ultrasound":
        return 1
    return 3 if chance < 0.6 else 4 if chance < 0.85 else 5


@dataclass(frozen=True, slots=True)
class Patient:
    """Synthetic id, sex and age."""

    id: str
    sex: str
    age: int
