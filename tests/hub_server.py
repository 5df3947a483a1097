"""A server on this machine that speaks the hub's HTTP interface, with faults on demand.

It answers as huggingface.co does: the list of files with sizes, Git's digests and SHA-256; files
by `resolve`, large ones as a redirect to another server (another port: another machine); byte
ranges; error codes in headers. What was asked, and with which token, is kept for the tests.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = hashlib.sha1(b"the newest").hexdigest()


@dataclass
class Repository:
    """A repository of files, and what goes wrong with it."""

    files: dict[str, bytes | Path]
    revision: str = COMMIT
    license: str = "mit"
    gated: bool = False
    allowed_token: str = ""
    without_checksums: bool = False
    renamed_to: str = ""

    def bytes_of(self, name: str) -> bytes:
        content = self.files[name]
        return content.read_bytes() if isinstance(content, Path) else content

    def listed(self, name: str) -> dict:
        content = self.bytes_of(name)
        entry: dict = {"rfilename": name, "size": len(content)}
        if self.without_checksums:
            return entry
        entry["blobId"] = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
        if is_large(name):
            entry["lfs"] = {
                "sha256": hashlib.sha256(content).hexdigest(),
                "size": len(content),
                "pointerSize": 134,
            }
        return entry


def is_large(name: str) -> bool:
    return name.endswith((".bin", ".safetensors"))


@dataclass
class Faults:
    """What goes wrong, by the name of the file it happens to; "" in `status` is the list.

    Attributes:
        status: answers with this status, as often as the number says; further headers.
        drop_after: the connection breaks off after so many bytes, as often as the number says.
        altered: other bytes are sent than are listed.
        pause: seconds between two pieces of 4 kB.
        ignore_range: sends whole files whatever part was asked for.
        plain_page: a page in HTML instead of the list of files.
        redirect: where the list is redirected to.
        silent: no answer at all.
        tunnel: as a proxy, refuses tunnels with this status.
    """

    status: dict[str, tuple[int, dict[str, str], int]] = field(default_factory=dict)
    drop_after: dict[str, tuple[int, int]] = field(default_factory=dict)
    altered: set[str] = field(default_factory=set)
    pause: float = 0.0
    ignore_range: bool = False
    plain_page: bool = False
    redirect: str = ""
    silent: bool = False
    tunnel: int = 0


@dataclass
class Request:
    """What was asked."""

    server: str
    path: str
    range: str
    token: str


class LocalHub:
    """The hub and the server of its large files."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.repositories: dict[str, Repository] = {}
        self.faults = Faults()
        self.requests: list[Request] = []
        self.released = threading.Event()
        self._servers = [_Server(self, name) for name in ("hub", "store")]
        hub, store = self._servers
        self.store_url = f"http://127.0.0.1:{store.server_port}"
        self.url = f"http://localhost:{hub.server_port}"
        if tls is not None:
            hub.socket = tls.wrap_socket(hub.socket, server_side=True)
            self.url = f"https://localhost:{hub.server_port}"
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self.released.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def asked_for(self, name: str) -> list[Request]:
        return [request for request in self.requests if request.path.endswith(name)]


@contextmanager
def local_hub(tls: ssl.SSLContext | None = None) -> Iterator[LocalHub]:
    hub = LocalHub(tls)
    try:
        yield hub
    finally:
        hub.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, hub: LocalHub, name: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub
        self.name = name

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        asked = Request(self.server.name, unquote(parts.path), self.headers.get("Range", ""), token)
        self.server.hub.requests.append(asked)
        if self.server.hub.faults.silent:
            self.server.hub.released.wait(60)
            return
        pieces = unquote(parts.path).strip("/").split("/")
        if pieces[:2] == ["api", "models"]:
            self._list("/".join(pieces[2:4]), pieces[5], token, parse_qs(parts.query))
        else:
            self._file("/".join(pieces[:2]), pieces[3], "/".join(pieces[4:]), token)

    def do_CONNECT(self) -> None:
        self._answer(self.server.hub.faults.tunnel, {})

    def _list(self, name: str, revision: str, token: str, query: dict) -> None:
        hub = self.server.hub
        if hub.faults.redirect:
            self._answer(307, {"Location": hub.faults.redirect})
            return
        if hub.faults.plain_page:
            self._answer(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")
            return
        if self._fault("") or not (repository := self._repository(name, revision)):
            return
        if repository.renamed_to:
            place = f"/api/models/{repository.renamed_to}/revision/{revision}?blobs=true"
            self._answer(307, {"Location": place})
            return
        assert query == {"blobs": ["true"]}
        body = {
            "id": name,
            "sha": repository.revision,
            "gated": "auto" if repository.gated else False,
            "cardData": {"license": repository.license} if repository.license else None,
            "siblings": [repository.listed(file) for file in sorted(repository.files)],
        }
        self._answer(200, {"Content-Type": "application/json"}, json.dumps(body).encode())

    def _repository(self, name: str, revision: str) -> Repository | None:
        repository = self.server.hub.repositories.get(name)
        if repository is None:
            self._answer(401, {"X-Error-Code": "RepoNotFound"})
            return None
        if revision not in ("main", repository.revision):
            self._answer(404, {"X-Error-Code": "RevisionNotFound"})
            return None
        return repository

    def _file(self, name: str, revision: str, file: str, token: str) -> None:
        if self._fault(file) or not (repository := self._repository(name, revision)):
            return
        by_way_of_us = self.path.startswith(self.server.hub.store_url)  # we are the proxy
        on_hub = self.server.name == "hub" and not by_way_of_us
        if repository.gated and on_hub and token != repository.allowed_token:
            self._answer(403 if token else 401, {"X-Error-Code": "GatedRepo"})
        elif file not in repository.files:
            self._answer(404, {"X-Error-Code": "EntryNotFound"})
        elif is_large(file) and on_hub:
            place = f"{self.server.hub.store_url}/{name}/resolve/{repository.revision}/{file}"
            self._answer(302, {"Location": place, "X-Repo-Commit": repository.revision})
        else:
            self._send(repository.bytes_of(file), file)

    def _send(self, content: bytes, name: str) -> None:
        faults = self.server.hub.faults
        if name in faults.altered:
            content = bytes([content[0] ^ 1]) + content[1:]
        start = 0
        if (wanted := self.headers.get("Range")) and not faults.ignore_range:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
        if start and start >= len(content):
            self._answer(416, {"Content-Range": f"bytes */{len(content)}"})
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.end_headers()
        self._pour(content[start:], name)

    def _pour(self, content: bytes, name: str) -> None:
        faults, hub = self.server.hub.faults, self.server.hub
        limit, times = faults.drop_after.get(name, (0, 0))
        if times:
            faults.drop_after[name] = (limit, times - 1)
            content = content[:limit]
        size = 4096 if faults.pause else 1 << 20
        for start in range(0, len(content), size):
            self.wfile.write(content[start : start + size])
            if faults.pause and hub.released.wait(faults.pause):
                break
        if times:
            self.close_connection = True

    def _fault(self, name: str) -> bool:
        faults = self.server.hub.faults
        status, headers, times = faults.status.get(name, (0, {}, 0))
        if not times:
            return False
        faults.status[name] = (status, headers, times - 1)
        self._answer(status, headers)
        return True

    def _answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def repository_of(folder: Path, **settings: object) -> Repository:
    """A repository of the files in a folder."""
    files = {file.name: file for file in folder.iterdir() if file.is_file()}
    return Repository(dict(files), **settings)  # type: ignore[arg-type]
