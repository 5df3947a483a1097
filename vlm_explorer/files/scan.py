"""Finds every file under the given paths, once, and says what each is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vlm_explorer.errors import UsageError
from vlm_explorer.files.folder_walk import COLLECTION, Entry, FolderWalk, holds_collection
from vlm_explorer.files.signatures import HEAD, FileKind, sniff_head
from vlm_explorer.files.tables import looks_like_captions
from vlm_explorer.jobs import JobContext

__all__ = ["CLOSED_FOLDER", "FileKind", "FoundFile", "scan"]

CLOSED_FOLDER = "folder that cannot be opened"  # the reason for which what is in it is unknown
_GONE = "went away before it could be read"
_UNREADABLE_NAME = "its name is not in UTF-8; rename it to have it read"
_REPORT_EVERY = 64


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file that the scan met.

    Attributes:
        path: absolute, as met (a link keeps its own name).
        root: the PATH it was found under.
        kind: what the program does with it.
        reason: why it gives no image, without a full stop; only for OTHER and CLOSED.
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

    Each file is yielded as soon as it is met: its folder was listed by then, no more. The content
    decides, never the extension. A file that several paths or links lead to is met once. What
    cannot be opened, and a link that leads nowhere, is met as CLOSED with the reason.

    Args:
        paths: files and folders.
        captions: a table of captions that is no image whatever its name is.
        context: told how many files have been met; checked for cancellation.

    Raises:
        UsageError: at once, when one of `paths` does not exist, or has a name that is not in UTF-8.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise UsageError(
                f"There is no file or folder {_shown(path)}.", "Check the spelling of the path."
            )
        if not _is_text(str(path)):
            raise UsageError(f"The name of {_shown(path)} is not in UTF-8.", "Rename it.")
        # exists(): False, and no error, where it may not be looked at
        if holds_collection({name for name in COLLECTION if os.path.exists(path / name)}):  # noqa: PTH110
            raise UsageError(
                f"{path} is a collection, not a folder of images.",
                "Give the folders that it was made of; `vlm-explorer info` names them.",
            )
    return _found(paths, captions, context)


def _found(
    paths: Sequence[Path], captions: Path | None, context: JobContext
) -> Iterator[FoundFile]:
    walk, named = FolderWalk(), _identity(captions)
    count = 0
    for root in paths:
        top = os.path.abspath(root)  # noqa: PTH100  resolve() would follow links
        for path, entry in walk.walk(top):
            count += 1
            if count % _REPORT_EVERY == 1:
                context.report(count, None, f"{count:,} files found")
            yield _examine(Path(path), root, entry, named)
    context.report(count, count, f"{count:,} files found")


def _is_text(path: str) -> bool:
    """Whether a path can be written down: on Linux names are bytes, in whatever encoding."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: Path) -> Path:
    r"""Return a path that can be written down, with \xff for the byte 255 of a name."""
    return Path(os.fsencode(path).decode(errors="backslashreplace"))


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Return what tells a file from all others, by whatever path it is reached."""
    try:
        status = None if path is None else path.stat()
    except OSError:
        return None
    return None if status is None else (status.st_dev, status.st_ino)


_WORDS = {
    Entry.MISSING: "link to a file that is not there",
    Entry.GONE: _GONE,
    Entry.CLOSED: CLOSED_FOLDER,
    Entry.COLLECTION: "collection of VLM Explorer",
    Entry.SPECIAL: "special file (pipe, socket or device)",
}


def _examine(path: Path, root: Path, entry: Entry, captions: tuple[int, int] | None) -> FoundFile:
    if not _is_text(str(path)):
        return FoundFile(_shown(path), root, FileKind.CLOSED, _UNREADABLE_NAME, 0, 0)
    if entry in _WORDS:
        closed = entry in (Entry.GONE, Entry.CLOSED)
        kind = FileKind.CLOSED if closed else FileKind.OTHER
        return FoundFile(path, root, kind, _WORDS[entry], 0, 0)
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            status, head = os.fstat(handle), os.read(handle, HEAD)
        finally:
            os.close(handle)
    except OSError as error:
        return FoundFile(path, root, FileKind.CLOSED, _why_closed(error), *_size_and_time(path))
    if captions == (status.st_dev, status.st_ino):
        kind, reason = FileKind.CAPTIONS, ""
    else:
        kind, reason = sniff_head(head, path)
        if kind is FileKind.OTHER and looks_like_captions(path):
            kind, reason = FileKind.CAPTIONS, ""
    return FoundFile(path, root, kind, reason, status.st_size, status.st_mtime_ns)


def _why_closed(error: OSError) -> str:
    match error:
        case PermissionError():
            return "no permission to read the file"
        case FileNotFoundError():
            return _GONE
    return f"cannot be opened ({error.strerror or 'read error'})"


def _size_and_time(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns
