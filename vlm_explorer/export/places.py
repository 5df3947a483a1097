"""Files and folders that appear whole or not at all; what prevents it, in words."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vlm_explorer.errors import StorageProblem, UsageError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def check_place(*files: str | Path | None) -> None:
    """Refuse places that no file can be written to, before there is work done for it.

    Args:
        files: None and "" stand for nothing to be written.

    Raises:
        StorageProblem: one of them is a folder, or in none, or must not be written.
    """
    for path in (Path(file).expanduser() for file in files if file):
        if path.is_dir():
            raise in_words(OSError(errno.EISDIR, ""), path)
        if not path.parent.is_dir():
            raise in_words(OSError(errno.ENOENT, ""), path)
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise in_words(OSError(errno.EACCES, ""), path)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a file beside `path` to write to, which takes its place at the end.

    Raises:
        StorageProblem: it cannot be written; what was at `path` before is still there.
    """
    partial = path.with_name(f".{uuid.uuid4().hex}.partial{path.suffix}")
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder", str(path))
        yield partial
        partial.replace(path)
    except OSError as error:
        raise in_words(error, path) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder beside `path` to write into, which takes its place at the end.

    Raises:
        UsageError: there is something at `path` already; nothing is ever overwritten.
        StorageProblem: it cannot be written.
    """
    partial = path.with_name(f".{uuid.uuid4().hex}.partial")
    try:
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise UsageError(
                f"There is something at {path} already; it is left as it is.",
                "Choose a new folder, or an empty one.",
            )
        partial.mkdir()
        yield partial
        if path.is_dir():
            path.rmdir()
        partial.replace(path)
    except OSError as error:
        raise in_words(error, path) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def in_words(error: OSError, path: Path) -> StorageProblem:
    """Return what keeps a file from being written, and what to do."""
    if error.errno in _FULL:
        return StorageProblem(
            f"There is no room left on the disk for {path}.",
            "Free some space, or choose another place. Nothing was left behind.",
        )
    if error.errno in _FORBIDDEN:
        return StorageProblem(
            f"There is no permission to write {path}.", "Choose another place for it."
        )
    if error.errno == errno.EISDIR:
        return StorageProblem(f"{path} is a folder.", "Give the name of a file.")
    if not path.parent.is_dir():
        return StorageProblem(
            f"There is no folder {path.parent}.", "Make it first, or choose another place."
        )
    reason = error.strerror or type(error).__name__
    return StorageProblem(f"{path} cannot be written: {reason}.", "Choose another place for it.")
