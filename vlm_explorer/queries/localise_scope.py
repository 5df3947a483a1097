"""Which images are marked: where a file of truth and a collection meet."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.files.truth import TrueFinding, Truth, find_truth, read_truth


@dataclass(frozen=True, slots=True)
class NotScored:
    """A finding that could not be scored, and why."""

    file: str
    frame: int
    finding: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Which findings are asked about, by image, and what is known of these images.

    Attributes:
        by_image: marked findings by file and frame.
        ids: image ids by real path and frame; empty without a collection.
        patients: by file and frame, numbers that tell only which images belong together.
        outside: findings of images that the collection does not hold.
        without_finding: images that the truth says have none.
        without_truth: images that the truth does not speak of.
    """

    by_image: dict[tuple[Path, int], list[TrueFinding]]
    ids: dict[tuple[str, int], str]
    patients: dict[tuple[Path, int], int]
    outside: list[NotScored]
    without_finding: int
    without_truth: int


def find_collection_truth(collection: Collection) -> Path | None:
    """Return the file that marks findings in one of a collection's source folders, or None."""
    for source in collection.manifest.sources:
        folder = Path(source)
        found = find_truth(folder if folder.is_dir() else folder.parent)
        if found is not None:
            return found
    return None


def collection_truth(collection: Collection) -> Truth:
    """Read the file that marks findings beside a collection's images.

    Raises:
        UsageError: there is none, or it cannot be read.
    """
    found = find_collection_truth(collection)
    if found is None:
        raise UsageError(
            "No finding is marked: there is no truth.json beside the images.",
            f"Put it into {' or '.join(collection.manifest.sources)}, or name it with --truth.",
        )
    return read_truth(found)


def scope_of(
    truth: Truth,
    collection: Collection | None = None,
    *,
    findings: tuple[str, ...] = (),
    image_ids: tuple[str, ...] | None = None,
) -> Scope:
    """Return which marked findings lie in a collection's images, or in files alone.

    Args:
        truth: where findings lie.
        collection: None: whatever files the truth names.
        findings: only these, by name; empty: all.
        image_ids: only these images of the collection; None: all.
    """
    wanted = [each for each in truth.findings if not findings or each.name in findings]
    chosen = None if image_ids is None else set(image_ids)
    ids: dict[tuple[str, int], str] = {}
    groups: dict[tuple[str, int], str] = {}
    known = {os.path.realpath(file) for file in truth.files}
    asked: set[tuple[str, int]] = set()
    outside: list[NotScored] = []
    if collection is not None:
        columns = ("image_id", "file", "frame", "patient")
        for image, file, frame, patient in zip(
            *(collection.images[name].to_pylist() for name in columns), strict=True
        ):
            key = os.path.realpath(file), frame
            ids[key], groups[key] = image, patient
            if chosen is None or image in chosen:
                asked.add(key)
    by_image: dict[tuple[Path, int], list[TrueFinding]] = {}
    for finding in wanted:
        key = os.path.realpath(finding.file), finding.frame
        if collection is None or key in asked:
            by_image.setdefault((finding.file, finding.frame), []).append(finding)
        elif key not in ids:
            reason = "The collection does not hold this image."
            outside.append(NotScored(str(finding.file), finding.frame, finding.name, reason))
    marked = {(os.path.realpath(each.file), each.frame) for each in truth.findings}
    spoken_of = asked if collection is not None else {(file, 0) for file in known}
    with_entry = {key for key in spoken_of if key[0] in known}
    return Scope(
        by_image,
        ids,
        _patients(by_image, truth, groups),
        outside,
        len(with_entry - marked),
        len(spoken_of - with_entry),
    )


def _patients(
    images: dict[tuple[Path, int], list[TrueFinding]],
    truth: Truth,
    groups: dict[tuple[str, int], str],
) -> dict[tuple[Path, int], int]:
    """Number the patients, in the order in which they come; an image of nobody is its own."""
    numbers: dict[object, int] = {}
    found = {}
    for file, frame in images:
        key = os.path.realpath(file), frame
        name = groups.get(key) or truth.patients.get(file) or key
        found[file, frame] = numbers.setdefault(name, len(numbers))
    return found


def why_nothing(not_scored: list[NotScored]) -> str:
    """Return in words why no map could be scored."""
    if not_scored:
        first = not_scored[0]
        return (
            f"No finding could be scored; of {len(not_scored)} the first is {first.finding} in "
            f"{Path(first.file).name}: {first.reason}"
        )
    return "There is no marked finding to score among these images."
