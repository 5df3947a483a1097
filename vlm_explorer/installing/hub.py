"""What the hub says of a repository, and where its files are; the hub's HTTP interface.

`GET /api/models/REPOSITORY/revision/REVISION?blobs=true` lists the files with size, Git's digest
and, for large ones, SHA-256; `GET /REPOSITORY/resolve/REVISION/FILE` redirects to the file. Both
are spoken plainly instead of through huggingface_hub, which fixes at its import whether there is a
network, and cannot be stopped within a second. Xet and telemetry are no part of it.
"""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import quote
from urllib.request import OpenerDirector

from vlm_explorer.errors import AccessNeeded, FetchProblem
from vlm_explorer.installing.fetch_errors import Subject, no_connection, refusal
from vlm_explorer.installing.hub_token import check_token
from vlm_explorer.installing.network import Network, host_of, make_opener, make_request
from vlm_explorer.installing.stream import Answer, ConnectionLost, Stream
from vlm_explorer.jobs import JobContext

COMMIT = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")
LARGEST_LIST = 1 << 24  # bytes of a list of files
ATTEMPTS = 4
PAUSE = 1.0  # seconds before the second attempt; doubled before each further one
PASSING = (500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class ListedFile:
    """A file as the hub lists it; `git_sha1` is Git's digest of a file that is kept in Git."""

    name: str
    bytes: int | None
    sha256: str
    git_sha1: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository at one commit."""

    repository: str
    revision: str
    files: tuple[ListedFile, ...]
    license: str
    gated: bool


class Hub:
    """Asks the hub, by one way through the network, and with a token if there is one."""

    def __init__(self, network: Network, token: str | None, context: JobContext) -> None:
        if token is not None:
            check_token(token)
        if token and not network.is_private:
            raise AccessNeeded(
                f"The token is not sent to {network.host}, because the way there is not encrypted.",
                "Name a hub or mirror whose address begins with https in HF_ENDPOINT.",
            )
        self.network = network
        self._opener: OpenerDirector = make_opener(network)
        self._token = token
        self._context = context

    def list_files(self, subject: Subject) -> Listing:
        """Return what a repository holds at a revision; "" is the newest.

        Raises:
            FetchProblem: the hub cannot be reached, or refuses, or does not answer as the hub does.
        """
        revision = quote(subject.revision or "main", safe="")
        url = f"{self.network.endpoint}/api/models/{subject.repository}/revision/{revision}"
        stream, answer = self._open(f"{url}?blobs=true", subject, {})
        body = bytearray()
        try:
            for chunk in stream.chunks():
                body += chunk
                if len(body) > LARGEST_LIST:
                    raise _not_the_hub(answer)
            return _listing(subject.repository, json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _not_the_hub(answer) from error
        except ConnectionLost as lost:
            cause = lost.__cause__ or lost
            raise no_connection(cause, host_of(answer.url), self.network) from lost
        finally:
            stream.close()

    def open_file(self, subject: Subject, start: int) -> tuple[Stream, Answer]:
        """Ask for a file from its byte `start` on; the answer may begin earlier.

        Raises:
            FetchProblem: the hub cannot be reached, or refuses.
        """
        path = quote(subject.file)
        revision = quote(subject.revision, safe="")
        url = f"{self.network.endpoint}/{subject.repository}/resolve/{revision}/{path}"
        return self._open(url, subject, {"Range": f"bytes={start}-"} if start else {})

    def pause(self, attempt: int) -> None:
        """Wait before attempt number `attempt`, counted from 1, unless the user wants to stop."""
        end = time.monotonic() + PAUSE * 2 ** (attempt - 1)
        while time.monotonic() < end:
            self._context.check()
            time.sleep(0.05)

    def _open(self, url: str, subject: Subject, headers: dict[str, str]) -> tuple[Stream, Answer]:
        """Ask, and ask again where the trouble may pass."""
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            stream = Stream(self._opener, make_request(url, self._token, headers), self._context)
            try:
                answer = stream.open()
            except (OSError, HTTPException) as error:
                stream.close()
                passing = isinstance(error, ConnectionError | HTTPException)
                if last or not passing:
                    raise no_connection(error, self.network.host, self.network) from error
            except BaseException:
                stream.close()
                raise
            else:
                if answer.status in (200, 206, 416):
                    return stream, answer
                stream.close()
                if last or answer.status not in PASSING:
                    raise refusal(subject, answer, self.network)
            self.pause(attempt)
        raise AssertionError("the last attempt returns or raises")


def _listing(repository: str, body: dict[str, Any]) -> Listing:
    revision = str(body["sha"])
    if not COMMIT.fullmatch(revision):
        raise ValueError("no commit")
    card = body.get("cardData") or {}
    license_ = card.get("license_name") or card.get("license") or ""
    return Listing(
        repository,
        revision,
        tuple(_listed(file) for file in body["siblings"]),
        _license_name(license_),
        bool(body.get("gated")),
    )


def _license_name(identifier: object) -> str:
    """Return a licence as people write it; the hub has its identifiers in small letters."""
    if not isinstance(identifier, str) or identifier in ("other", "unknown"):
        return ""
    if identifier.startswith(("cc", "mit", "bsd", "gpl", "agpl", "lgpl")):
        return identifier.upper()
    return identifier[:1].upper() + identifier[1:]


def _listed(file: dict[str, Any]) -> ListedFile:
    lfs = file.get("lfs") or {}
    sha256 = str(lfs.get("sha256") or "").lower()
    size = lfs.get("size", file.get("size"))
    return ListedFile(
        str(file["rfilename"]),
        int(size) if size is not None else None,
        sha256 if SHA256.fullmatch(sha256) else "",
        "" if lfs else str(file.get("blobId") or ""),
    )


def _not_the_hub(answer: Answer) -> FetchProblem:
    return FetchProblem(
        f"What answers at {host_of(answer.url)} is not the hub.",
        "The network may want you to log in first: open any page in a browser. Otherwise check "
        "HF_ENDPOINT or hub_endpoint in settings.toml.",
    )
