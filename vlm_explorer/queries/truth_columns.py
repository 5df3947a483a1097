"""What columns say is true of images: lists of findings, or a column of 0 and 1 a finding."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.queries.truth_source import TruthSource

LABEL = "label"
FINDINGS = "0/1"  # in place of a column's name: a column of its own for each finding
YES, NO, UNCERTAIN, BLANK = 1, 0, -1, -2
NORMAL = ("normal", "no finding", "no findings")
# What stands in a column where nothing is known of the image.
_NOTHING = ("", "unlabelled", "unlabeled", "unknown", "not labelled", "n/a", "na", "nan", "none")
_STATES = {
    **dict.fromkeys(("1", "1.0", "true", "yes"), YES),
    **dict.fromkeys(("0", "0.0", "false", "no"), NO),
    **dict.fromkeys(("-1", "-1.0", "uncertain"), UNCERTAIN),
}
_MOST_STATES = 50  # different cells of a column of 0 and 1, such as "1; 0; -1" of three readers
# The words by which labels are found to be modalities, and DICOM's codes of them (CID 29).
_CODES = (
    (("x-ray", "xray", "radiograph"), ("xr", "cr", "dx", "rf", "xa")),
    (("ct", "computed"), ("ct",)),
    (("mri", "mr", "magnetic"), ("mr", "mri")),
    (("ultrasound", "sonogram", "ultrasonography"), ("us",)),
    (("mammogram", "mammography"), ("mg",)),
    (("pet", "positron"), ("pt",)),
)
# Names of one finding in the tables of CheXpert, MIMIC-CXR, NIH ChestX-ray14 and VinDr-CXR.
_SAME = (
    NORMAL,
    ("pleural effusion", "effusion"),
    ("pulmonary edema", "edema", "lung edema"),
    ("lung nodule", "pulmonary nodule", "nodule"),
    ("lung mass", "pulmonary mass", "mass"),
    ("lung opacity", "airspace opacity"),
    ("infiltration", "infiltrate", "pulmonary infiltrate"),
    ("fibrosis", "pulmonary fibrosis", "lung fibrosis"),
    ("support devices", "support device"),
    ("enlarged cardiomediastinum", "enlarged mediastinum"),
)
_SPELLING = (("oedema", "edema"), ("haem", "hem"), ("tumour", "tumor"), ("ischaem", "ischem"))
# Columns that tell where an image is from or how it is kept, not what it shows.
_NO_TRUTH = frozenset(
    {"image_id", "file", "content_hash", "source", "patient", "study", "series", "stack", "caption",
     "split", "note", "frame_of_reference", "sop_instance", "removed"}
)  # fmt: skip


def may_tell(name: str) -> bool:
    """Return whether a column of that name could say what an image shows."""
    return name not in _NO_TRUTH


def truth_columns(source: TruthSource) -> tuple[str, ...]:
    """Return the columns that could say what is true of images, those with few values first.

    Only columns of text with two values or more; `FINDINGS` where there are columns of 0 and 1,
    which are not listed one by one.
    """
    flags = set(finding_columns(source))
    counts = {}
    for name in source.names:
        if not may_tell(name) or name in flags:
            continue
        values = [value for value in source.distinct(name) if is_known(value)]
        if len(values) > 1 or (name == LABEL and values):
            counts[name] = len(values)
    lists = sorted(counts, key=lambda name: (name != LABEL, counts[name], name))
    if not flags:
        return tuple(lists)
    return (LABEL, FINDINGS, *lists[1:]) if lists[:1] == [LABEL] else (FINDINGS, *lists)


def finding_columns(source: TruthSource) -> tuple[str, ...]:
    """Return the columns of 0 and 1, one a finding: with both of them, or 1 and -1 or blanks."""
    found = []
    for name in source.names:
        if not may_tell(name) or name == LABEL:
            continue
        values = source.distinct(name)
        said = {state_of(value) for value in values} if len(values) <= _MOST_STATES else {None}
        if None not in said and YES in said and len(said) > 1:
            found.append(name)
    return tuple(found)


def state_of(cell: str) -> int | None:
    """Return what a cell of a column of 0 and 1 says; None where it is no such cell.

    Readers who disagree, joined by "; ", are uncertain.
    """
    found = set()
    for part in cell.split(";"):
        text = part.strip().casefold()
        state = BLANK if text in _NOTHING else _STATES.get(text)
        if state is None:
            return None
        found.add(state)
    said = found - {BLANK}
    return BLANK if not said else said.pop() if len(said) == 1 else UNCERTAIN


def states(cells: Iterable[str]) -> NDArray[np.int8]:
    """Return what each cell of a column of 0 and 1 says, int8 (N,): YES, NO, UNCERTAIN, BLANK."""
    seen: dict[str, int] = {}
    found = []
    for cell in cells:
        if cell not in seen:
            state = state_of(cell)
            seen[cell] = BLANK if state is None else state
        found.append(seen[cell])
    return np.array(found, np.int8)


def parts(cell: str) -> frozenset[str]:
    """Return the findings that a cell names, parted by ";" or "|"; none where nothing is known."""
    if not is_known(cell):
        return frozenset()
    return frozenset(filter(None, (plain(part) for part in re.split(r"[;|]", cell))))


def is_known(cell: str) -> bool:
    """Return whether a cell says anything."""
    return plain(cell) not in _NOTHING


def plain(text: str) -> str:
    """Return a name without regard to case and underscores."""
    return " ".join(text.casefold().replace("_", " ").split())


def match(
    names: Mapping[str, Sequence[str]], there: Iterable[str], column: str = FINDINGS
) -> dict[str, tuple[str, ...]]:
    """Return for each label which values of a column, or which columns, stand for it.

    Those that are called as the label, one of its names or one of `NORMAL`; else those that are
    known by another name in public tables, or are spelt otherwise.

    Args:
        names: of each label, what else it is called.
        there: the values, or the columns of 0 and 1.
        column: which one it is; of `modality`, words stand for DICOM's codes.
    """
    known = [(value, plain(value)) for value in there]
    found = {}
    for label, others in names.items():
        own = _names_of(label, others, column)
        exact = tuple(value for value, name in known if name in own)
        wide = {_spelt(same) for name in own for same in _same_as(name)}
        found[label] = exact or tuple(value for value, name in known if _spelt(name) in wide)
    return found


def _names_of(label: str, others: Sequence[str], column: str) -> frozenset[str]:
    own = {plain(label), *(plain(other) for other in others)}
    if column == "modality":
        words = set(plain(label).split())
        own |= {code for names, codes in _CODES if words & set(names) for code in codes}
    if own & set(NORMAL):
        own |= set(NORMAL)
    return frozenset(own)


def _same_as(name: str) -> tuple[str, ...]:
    spelt = _spelt(name)
    return next((same for same in _SAME if spelt in map(_spelt, same)), (name,))


def _spelt(name: str) -> str:
    """Return a plain name in American spelling, with spaces alone, in the singular."""
    text = re.sub(r"[-/ ]+", " ", name)
    for british, american in _SPELLING:
        text = text.replace(british, american)
    plural = text.endswith("s") and not text.endswith(("ss", "is", "us"))
    return text[:-1] if plural else text


def others(cells: Sequence[frozenset[str]], known: frozenset[str]) -> dict[str, int]:
    """Return how often other findings are listed than those known, the commonest first."""
    known = known.union(NORMAL)
    return dict(Counter(part for cell in cells for part in sorted(cell - known)).most_common())
