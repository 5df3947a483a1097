"""What is true of a collection's images: from a column of theirs to cases and labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError

LABEL = "label"
NORMAL = ("normal", "no finding", "no findings")
# What stands in a column where nothing is known of the image.
_NOTHING = ("", "unlabelled", "unlabeled", "unknown", "not labelled", "n/a", "na", "nan", "none")
_TUNING = ("val", "dev", "tun")  # what the names of a tuning part begin with
# The words by which labels are found to be modalities, and DICOM's codes of them (CID 29).
_CODES = (
    (("x-ray", "xray", "radiograph"), ("xr", "cr", "dx", "rf", "xa")),
    (("ct", "computed"), ("ct",)),
    (("mri", "mr", "magnetic"), ("mr", "mri")),
    (("ultrasound", "sonogram", "ultrasonography"), ("us",)),
    (("mammogram", "mammography"), ("mg",)),
    (("pet", "positron"), ("pt",)),
)
# Columns that tell where an image is from or how it is kept, not what it shows.
_NO_TRUTH = frozenset(
    {"image_id", "file", "content_hash", "source", "patient", "study", "series", "stack", "caption",
     "split", "note", "frame_of_reference", "sop_instance", "removed"}
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """The n images of which something is known, with what is true of them.

    Attributes:
        rows: intp (n,), in the collection.
        truth: bool (n, L).
        groups: intp (n,), the patient of each; an image of nobody is its own.
        by: "patient", "image", or "patient where known", for the intervals and the split.
        tuning: bool (n,), the half that thresholds and calibration are fitted on.
        split: how that half was chosen, in words.
        left_out: how many images take no part, by reason.
        other_values: values of the column that stand for none of the labels, the commonest first.
    """

    rows: np.ndarray
    truth: np.ndarray
    groups: np.ndarray
    by: str
    tuning: np.ndarray
    split: str
    left_out: dict[str, int]
    other_values: dict[str, int]

    @property
    def patients(self) -> int:
        """How many groups there are."""
        return len(np.unique(self.groups))


def truth_columns(collection: Collection) -> tuple[str, ...]:
    """Return the columns that could say what is true of images, those with few values first.

    Only columns of text with two values or more.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    counts = {}
    for name in collection.images.column_names:
        column = collection.images[name]
        if name in _NO_TRUTH or not pa.types.is_string(column.type):
            continue
        values = [value for value in pc.unique(column).to_pylist() if _known(value or "")]
        if len(values) > 1 or (name == LABEL and values):
            counts[name] = len(values)
    return tuple(sorted(counts, key=lambda name: (name != LABEL, counts[name], name)))


def find_cases(
    collection: Collection,
    labels: Sequence[str],
    task: str,
    *,
    column: str = LABEL,
    values: Mapping[str, Sequence[str]] | None = None,
    wanted: np.ndarray | None = None,
    split: str = "",
    seed: int = 0,
) -> Cases:
    """Return the images whose column says what is true of them.

    A cell holds findings joined by "; ". Labels are compared with them without regard to case.

    Args:
        labels: L labels.
        task: `single` takes only images of which exactly one label is true.
        values: for a label, further values of the column that stand for it.
        wanted: bool (N,), which images are asked about; None: all.
        split: a column that names the parts; empty: half of the patients, drawn by `seed`.

    Raises:
        UsageError: no such column, or no image is left.
    """
    names = collection.images.column_names
    for name in filter(None, (column, split)):
        if name not in names or (name != split and name in _NO_TRUTH):
            there = ", ".join(truth_columns(collection)) or "none"
            raise UsageError(
                f"No column “{name}” of “{collection.name}” says what is true of its images.",
                f"Columns that could: {there}. A captions.csv beside the images brings more.",
            )
    cells = [_parts(cell or "") for cell in collection.images[column].to_pylist()]
    own = [_values_of(label, column, values or {}) for label in labels]
    asked = np.ones(len(cells), bool) if wanted is None else wanted
    known = np.array([bool(cell) for cell in cells], bool) & asked
    truth = np.array([[bool(cell & mine) for mine in own] for cell in cells], bool)
    truth = truth.reshape(len(cells), len(labels))
    kept, left_out = known, {"not labelled": int((asked & ~known).sum())}
    if task == "single":
        count = truth.sum(axis=1)
        kept = known & (count == 1)
        left_out["of another label"] = int((known & (count == 0)).sum())
        left_out["of several labels"] = int((known & (count > 1)).sum())
    rows = np.flatnonzero(kept)
    if not len(rows):
        raise _nothing(collection, column, labels, bool(known.any()))
    groups, by = groups_of(collection, rows)
    return Cases(
        rows=rows,
        truth=truth[rows],
        groups=groups,
        by=by,
        tuning=_tuning(collection, rows, groups, split, seed),
        split=(
            f"the column {split}" if split else f"half of the {_whose(by)}, drawn by seed {seed}"
        ),
        left_out={reason: count for reason, count in left_out.items() if count},
        other_values=_others([cells[row] for row in np.flatnonzero(known)], own),
    )


def _nothing(collection: Collection, column: str, labels: Sequence[str], known: bool) -> UsageError:
    if known:
        return UsageError(
            f"No image has one of these labels in its column {column}: {', '.join(labels)}.",
            "Name the labels as they stand in the column, or say which values stand for them.",
        )
    return UsageError(
        f"No image of “{collection.name}” says in its column {column} what is true of it.",
        "Put a captions.csv with the columns file and label beside the images, and index again.",
    )


def _whose(by: str) -> str:
    return "images" if by == "image" else "patients"


def _normal(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())


def _known(cell: str) -> bool:
    return _normal(cell) not in _NOTHING


def _parts(cell: str) -> frozenset[str]:
    """Return the findings that a cell names; none where it says that nothing is known."""
    if not _known(cell):
        return frozenset()
    return frozenset(filter(None, (_normal(part) for part in cell.split(";"))))


def _values_of(label: str, column: str, values: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Return the values of a column that stand for a label."""
    own = {_normal(label), *(_normal(value) for value in values.get(label, ()))}
    if column == "modality":
        words = set(_normal(label).split())
        own |= {code for names, codes in _CODES if words & set(names) for code in codes}
    if own & set(NORMAL):
        own |= set(NORMAL)
    return frozenset(own)


def _others(cells: Sequence[frozenset[str]], own: Sequence[frozenset[str]]) -> dict[str, int]:
    known = frozenset(NORMAL).union(*own)
    return dict(Counter(part for cell in cells for part in sorted(cell - known)).most_common())


def groups_of(collection: Collection, rows: np.ndarray) -> tuple[np.ndarray, str]:
    """Return the number of each image's patient, intp (n,), and what that is: see `Cases.by`."""
    patients = collection.images["patient"].take(rows).to_pylist()
    numbers: dict[object, int] = {}
    groups = [
        numbers.setdefault(patient or (row,), len(numbers))
        for row, patient in zip(rows.tolist(), patients, strict=True)
    ]
    told = sum(bool(patient) for patient in patients)
    by = "patient" if told == len(rows) else "patient where known" if told else "image"
    return np.array(groups, np.intp), by


def _tuning(
    collection: Collection, rows: np.ndarray, groups: np.ndarray, split: str, seed: int
) -> np.ndarray:
    """Return which cases thresholds and calibration are fitted on, bool (n,)."""
    if split:
        parts = collection.images[split].take(rows).to_pylist()
        return np.array([_normal(str(part)).startswith(_TUNING) for part in parts], bool)
    count = int(groups.max()) + 1
    drawn = np.random.default_rng(seed).permutation(count)[: count // 2]
    return np.isin(groups, drawn)
