"""Where label sets lie: those of the program, and the user's own with all their versions."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from functools import cache
from pathlib import Path

from vlm_explorer import paths
from vlm_explorer.encoders.whole_file import write_whole
from vlm_explorer.errors import StorageProblem, UsageError
from vlm_explorer.queries.label_set import Calibration, LabelSet
from vlm_explorer.queries.label_set_file import (
    SUFFIX,
    read_label_set,
    read_record,
    write_label_set,
)

MOST_VERSIONS = 100  # that a file keeps besides the present one
_FIRST = ("modality", "demo-findings")  # what the list begins with; the rest follows by title


@cache
def ready_made() -> tuple[LabelSet, ...]:
    """Return the sets that come with the program, in the order in which they are offered."""
    files = (paths.resources() / "label_sets").glob(f"*{SUFFIX}")
    sets = [read_label_set(file)[0] for file in files]
    places = {name: place for place, name in enumerate(_FIRST)}
    return tuple(sorted(sets, key=lambda each: (places.get(each.name, len(_FIRST)), each.title)))


def own_folder() -> Path:
    """Return the folder of the user's sets, a file each."""
    return paths.data_folder() / "label_sets"


def own_sets() -> tuple[tuple[LabelSet, ...], tuple[UsageError, ...]]:
    """Return the user's sets by title, and what is wrong with files that are none."""
    sets, problems = [], []
    for file in sorted(own_folder().glob(f"*{SUFFIX}")):
        try:
            sets.append(replace(read_label_set(file)[0], name=file.stem))
        except UsageError as problem:
            problems.append(problem)
    return tuple(sorted(sets, key=lambda each: each.title.casefold())), tuple(problems)


def find_label_set(name: str) -> LabelSet:
    """Return a set by its name, or by the path of its file.

    Raises:
        UsageError: there is none, or its file is damaged.
    """
    given = Path(name).expanduser()
    if given.suffix.lower() in (SUFFIX, ".yml"):
        return read_label_set(given)[0]
    if given.suffix.lower() == ".json":
        return read_record(given)
    shipped = {each.name: each for each in ready_made()}
    if name in shipped:
        return shipped[name]
    if is_own(name):
        return versions(name)[-1]
    own, _ = own_sets()
    names = ", ".join([*shipped, *(each.name for each in own)])
    raise UsageError(f"There is no label set “{name}”.", f"There are: {names}. Or name a file.")


def versions(name: str) -> tuple[LabelSet, ...]:
    """Return all versions of one of the user's sets, the oldest first, the present one last.

    Raises:
        UsageError: there is none, or its file is damaged.
    """
    found, before = read_label_set(own_folder() / f"{name}{SUFFIX}")
    return tuple(replace(each, name=name) for each in (*before, found))


def is_own(name: str) -> bool:
    """Return whether the user has a set of that name."""
    return bool(name) and name == Path(name).name and (own_folder() / f"{name}{SUFFIX}").is_file()


def save(wanted: LabelSet) -> LabelSet:
    """Save a set as the next version of the user's one of its name, or as a new one.

    Returns:
        The set as it was saved: with its name and version. Nothing is written where it is equal to
        the version that is there.

    Raises:
        StorageProblem: it cannot be written.
        UsageError: the file of that name is damaged.
    """
    if not is_own(wanted.name):
        wanted = replace(wanted, name=free_name(wanted.title), version=1)
        return _write(wanted, ())
    found, before = read_label_set(own_folder() / f"{wanted.name}{SUFFIX}")
    now = replace(wanted, version=found.version)
    if now == replace(found, name=wanted.name):
        return now
    if replace(now, calibrations=()) == replace(found, name=wanted.name, calibrations=()):
        return _write(now, before)  # fitted anew: no other labels
    last = max(each.version for each in (*before, found))
    return _write(replace(wanted, version=last + 1), (*before, found)[-MOST_VERSIONS:])


def rename(name: str, title: str) -> LabelSet:
    """Give one of the user's sets another title, and its file the name that follows from it.

    Raises:
        UsageError, StorageProblem: it is not there, damaged, or cannot be written.
    """
    *before, found = versions(name)
    new = name if slug(title) == name else free_name(title)
    renamed = _write(replace(found, name=new, title=title), tuple(before))
    if new != name:
        _move(name, None)
    return renamed


def delete(name: str) -> str:
    """Take one of the user's sets off the list; its file is kept in the folder `deleted`.

    Returns:
        The name under which it is kept there: no other deleted set is overwritten.

    Raises:
        StorageProblem: it cannot be moved.
    """
    kept, number = name, 2
    while _deleted(kept).exists():
        kept, number = f"{name}-{number}", number + 1
    _move(name, _deleted(kept))
    return kept


def deleted() -> tuple[LabelSet, ...]:
    """Return the sets that were deleted, the last first, by the names under which they are kept."""
    files = [file for file in (own_folder() / "deleted").glob(f"*{SUFFIX}") if file.is_file()]
    sets = []
    for file in sorted(files, key=lambda file: file.stat().st_ctime_ns, reverse=True):
        try:
            sets.append(replace(read_label_set(file)[0], name=file.stem))
        except UsageError:
            continue  # what cannot be read cannot be restored; the file stays
    return tuple(sets)


def restore(kept: str) -> LabelSet:
    """Put back a set that was deleted, with its versions.

    Args:
        kept: the name under which `delete` kept it.

    Raises:
        UsageError, StorageProblem: it is not there any more, or cannot be written.
    """
    file = _deleted(kept)
    found, before = read_label_set(file)
    back = _write(replace(found, name=free_name(found.name or kept)), before)
    file.unlink(missing_ok=True)
    return back


def _deleted(kept: str) -> Path:
    return own_folder() / "deleted" / f"{kept}{SUFFIX}"


def import_set(file: Path) -> LabelSet:
    """Copy a set from a file to the user's, under a name that is free.

    Raises:
        UsageError, StorageProblem: it is no label set, or cannot be written.
    """
    found, before = read_label_set(file)
    return _write(replace(found, name=free_name(found.title)), before)


def export_set(wanted: LabelSet, file: Path) -> None:
    """Write a set to a file, for others; without its versions before.

    Raises:
        StorageProblem: it cannot be written.
    """
    try:
        write_whole(file, write_label_set(wanted))
    except OSError as error:
        raise StorageProblem(
            f"The label set cannot be written to {file}.", "Choose another place."
        ) from error


def with_calibration(found: LabelSet, fitted: Calibration) -> LabelSet:
    """Return a set with what was fitted, in the place of what was for the same encoder."""
    others = [
        each
        for each in found.calibrations
        if (each.fingerprint, each.prompts) != (fitted.fingerprint, fitted.prompts)
    ]
    return replace(found, calibrations=(*others, fitted))


def free_name(title: str) -> str:
    """Return the name of a file for a title, that no set has."""
    base = slug(title)
    taken = {each.name for each in ready_made()}
    name, number = base, 2
    while name in taken or is_own(name):
        name, number = f"{base}-{number}", number + 1
    return name


def slug(title: str) -> str:
    """Return a title as the name of a file: lower case, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60] or "label-set"


def _write(found: LabelSet, before: tuple[LabelSet, ...]) -> LabelSet:
    folder = own_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / f"{found.name}{SUFFIX}", write_label_set(found, before))
    except OSError as error:
        raise StorageProblem(
            f"The label set “{found.title}” cannot be saved.", f"Is there room in {folder}?"
        ) from error
    return found


def _move(name: str, to: Path | None) -> None:
    file = own_folder() / f"{name}{SUFFIX}"
    try:
        if to is None:
            file.unlink()
        else:
            to.parent.mkdir(parents=True, exist_ok=True)
            file.replace(to)
    except OSError as error:
        raise StorageProblem(
            f"The label set “{name}” cannot be removed.", f"Look into {file.parent}."
        ) from error
