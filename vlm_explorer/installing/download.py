"""One file from the hub to the disk: resumed, checked, never whole before it is right."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from vlm_explorer import paths
from vlm_explorer.encoders.registry import in_words
from vlm_explorer.errors import FetchProblem
from vlm_explorer.installing.fetch_errors import (
    Subject,
    broken_off,
    cannot_write,
    wrong_checksum,
)
from vlm_explorer.installing.fetch_progress import FetchProgress
from vlm_explorer.installing.hub import ATTEMPTS, Hub
from vlm_explorer.installing.stream import Answer, ConnectionLost, Stream

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that is needed, with what is known of its contents.

    Attributes:
        subject: which file of which repository at which commit.
        bytes: its size; None where it is not known.
        sha256: its digest; "" where it is not known.
        git_sha1: Git's digest, where the file is kept in Git itself; "" otherwise.
    """

    subject: Subject
    bytes: int | None
    sha256: str
    git_sha1: str

    @property
    def name(self) -> str:
        """Its name without folders."""
        return Path(self.subject.file).name


class Digests:
    """SHA-256 and, where it is wanted, Git's own digest of one file, byte after byte.

    Git's is the SHA-1 of "blob", the size and the contents.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._sha256 = hashlib.sha256()
        header = f"blob {wanted.bytes}\0".encode()
        self._git = hashlib.sha1(header, usedforsecurity=False) if wanted.git_sha1 else None
        self.bytes = 0

    def update(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._sha256.update(chunk)
        if self._git is not None:
            self._git.update(chunk)
        self.bytes += len(chunk)

    @property
    def sha256(self) -> str:
        """SHA-256 in hexadecimal digits."""
        return self._sha256.hexdigest()

    @property
    def are_right(self) -> bool:
        """Whether this is the file that was wanted, as far as its contents are known."""
        wanted = self._wanted
        return (
            wanted.bytes in (None, self.bytes)
            and wanted.sha256 in ("", self.sha256)
            and (self._git is None or wanted.git_sha1 == self._git.hexdigest())
        )


def download(hub: Hub, wanted: Wanted, folder: Path, progress: FetchProgress) -> str:
    """Fetch a file into `folder` unless it is there already, and return its SHA-256.

    What arrived before a connection broke off, or before the user stopped it, lies beside as
    `.partial` and is gone on from. The file gets its name only when its contents are right.

    Raises:
        FetchProblem: the hub refuses, the connection broke off, or the contents are wrong.
        StorageProblem: no room, or no permission to write.
    """
    target = folder / wanted.name
    partial = folder / f"{wanted.name}.partial"
    try:
        if target.is_file():
            target.replace(partial)  # from an earlier run: it has to prove itself again
        for _ in range(2):
            digests, resumed = _complete(hub, wanted, partial, progress)
            if digests.are_right:
                partial.touch()  # nothing arrives of an empty file
                partial.replace(target)
                return digests.sha256
            partial.unlink(missing_ok=True)
            progress.take_back(digests.bytes)
            if not resumed:
                break  # what was there before is not to blame
    except OSError as error:
        raise cannot_write(error, str(paths.models_folder())) from error
    raise wrong_checksum(wanted.name, hub.network.host)


def _complete(
    hub: Hub, wanted: Wanted, partial: Path, progress: FetchProgress
) -> tuple[Digests, bool]:
    """Fetch what is missing of a file; return its digests, and whether some was there before."""
    digests = _digest(partial, wanted, progress)
    resumed = digests.bytes > 0
    failures, furthest = 0, digests.bytes
    while wanted.bytes is None or digests.bytes < wanted.bytes:
        stream, answer = hub.open_file(wanted.subject, digests.bytes)
        try:
            if answer.status == 416 or not _goes_on(answer, digests.bytes):
                progress.take_back(digests.bytes)
                partial.unlink(missing_ok=True)
                digests = Digests(wanted)
                if answer.status == 416:
                    if failures == ATTEMPTS:
                        break
                    failures += 1
                    continue
            if _write(stream, answer, partial, digests, progress):
                break
        except ConnectionLost as error:
            broken: ConnectionLost | None = error
        else:
            broken = None
        finally:
            stream.close()
        # a server that begins anew each time gets further or it is given up
        failures = failures + 1 if digests.bytes <= furthest else 1
        furthest = max(furthest, digests.bytes)
        if failures == ATTEMPTS:
            raise _gave_up(wanted, digests.bytes) from broken
        hub.pause(failures)
    return digests, resumed


def _gave_up(wanted: Wanted, arrived: int) -> FetchProblem:
    total = in_words(wanted.bytes) if wanted.bytes else "an unknown size"
    return broken_off(wanted.name, in_words(arrived), total)


def _digest(partial: Path, wanted: Wanted, progress: FetchProgress) -> Digests:
    """Read what is there of a file; too much of it is none of it."""
    digests = Digests(wanted)
    if not partial.is_file():
        return digests
    if wanted.bytes is not None and partial.stat().st_size > wanted.bytes:
        partial.unlink()
        return digests
    with partial.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digests.update(chunk)
            progress.found(len(chunk))
    return digests


def _goes_on(answer: Answer, start: int) -> bool:
    """Return whether an answer begins at byte `start`."""
    if start == 0:
        return True
    return answer.status == 206 and answer.headers.get("Content-Range", "").startswith(
        f"bytes {start}-"
    )


def _write(
    stream: Stream, answer: Answer, partial: Path, digests: Digests, progress: FetchProgress
) -> bool:
    """Append what arrives; return whether all that was announced has arrived."""
    announced = answer.headers.get("Content-Length", "")
    arrived = 0
    with partial.open("ab") as file:
        for chunk in stream.chunks():
            file.write(chunk)
            digests.update(chunk)
            arrived += len(chunk)
            progress.arrived(len(chunk))
    return not announced.isdigit() or arrived >= int(announced)
