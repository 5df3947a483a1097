"""Finds every file under the given paths, once, and says what each is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vlm_explorer.errors import UsageError
from vlm_explorer.files.natural_order import natural_key
from vlm_explorer.files.signatures import FileKind, sniff
from vlm_explorer.files.tables import looks_like_captions
from vlm_explorer.jobs import JobContext

__all__ = ["FileKind", "FoundFile", "scan"]

_REPORT_EVERY = 64


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file that the scan met.

    Attributes:
        path: absolute, as met (a link keeps its own name).
        root: the PATH it was found under.
        kind: what the program does with it.
        reason: why it is no image; only for OTHER.
        size: bytes.
        mtime_ns: time of the last change, nanoseconds since 1970.
    """

    path: Path
    root: Path
    kind: FileKind
    reason: str
    size: int
    mtime_ns: int


def scan(
    paths: Sequence[Path], *, captions: Path | None = None, context: JobContext
) -> Iterator[FoundFile]:
    """Yield every file under `paths`, folders read recursively in natural order.

    The content decides, never the extension. A file that several paths or links lead to is met
    once. What cannot be opened, and a link that leads nowhere, is met as OTHER with the reason.

    Args:
        paths: files and folders.
        captions: a table of captions that is no image whatever its name is.
        context: told how many files have been met; checked for cancellation.

    Raises:
        UsageError: at once, when one of `paths` does not exist.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(
                f"There is no file or folder {path}.", "Check the spelling of the path."
            )
    return _found(paths, captions.resolve() if captions else None, context)


def _found(
    paths: Sequence[Path], captions: Path | None, context: JobContext
) -> Iterator[FoundFile]:
    seen: set[str] = set()
    count = 0
    for root in paths:
        for path in _walk(Path(os.path.abspath(root)), set()):  # noqa: PTH100  keeps links
            real = os.path.realpath(path)
            if real in seen:
                continue
            seen.add(real)
            count += 1
            if count % _REPORT_EVERY == 1:
                context.report(count, None, f"{count:,} files found")
            yield _examine(path, root, captions)
    context.report(count, count, f"{count:,} files found")


def _walk(path: Path, folders: set[str]) -> Iterator[Path]:
    """Yield the files under `path` (itself, if it is one), each folder entered once."""
    if not path.is_dir():
        yield path
        return
    real = os.path.realpath(path)
    if real in folders:
        return
    folders.add(real)
    try:
        names = sorted(os.listdir(path), key=natural_key)  # noqa: PTH208  names, not paths
    except OSError:
        yield path
        return
    for name in names:
        yield from _walk(path / name, folders)


def _examine(path: Path, root: Path, captions: Path | None) -> FoundFile:
    try:
        status = path.stat()
    except OSError:
        return FoundFile(path, root, FileKind.OTHER, "link to a file that is not there", 0, 0)
    if path.is_dir():
        reason = "folder that cannot be opened"
        return FoundFile(path, root, FileKind.OTHER, reason, 0, status.st_mtime_ns)
    if not path.is_file():
        kind, reason = FileKind.OTHER, "special file (pipe, socket or device)"
    elif captions is not None and path.resolve() == captions:
        kind, reason = FileKind.CAPTIONS, ""
    else:
        kind, reason = _sniff_or_reason(path)
    return FoundFile(path, root, kind, reason, status.st_size, status.st_mtime_ns)


def _sniff_or_reason(path: Path) -> tuple[FileKind, str]:
    try:
        kind, reason = sniff(path)
        if kind is FileKind.OTHER and looks_like_captions(path):
            return FileKind.CAPTIONS, ""
    except PermissionError:
        return FileKind.OTHER, "no permission to read the file"
    except OSError as error:
        return FileKind.OTHER, f"cannot be opened ({error.strerror or 'read error'})"
    return kind, reason
