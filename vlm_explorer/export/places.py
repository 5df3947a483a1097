"""Files and folders that appear whole or not at all; what prevents it, in words."""

from __future__ import annotations

import errno
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vlm_explorer.errors import StorageProblem, UsageError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


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
        raise _in_words(error, path) from error
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
        raise _in_words(error, path) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _in_words(error: OSError, path: Path) -> StorageProblem:
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
