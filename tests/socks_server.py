"""A small SOCKS5 proxy on this machine (RFC 1928, RFC 1929), with refusals on demand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer

NO_NAME, NAME_AND_PASSWORD, NOTHING_SUITS = 0, 2, 255
ADDRESS_4, DOMAIN = 1, 3


@dataclass
class SocksServer:
    """What the proxy does, and what it was asked for.

    Attributes:
        known: name and password that it wants; None lets everybody in.
        reply: what it answers instead of connecting; 0 connects.
        places: where it connects to for a host and port; others are taken as they are.
        talk: what it says instead of speaking SOCKS.
        asked: (host, port) of each connection, and whether the host came as a name.
    """

    port: int = 0
    known: tuple[str, str] | None = None
    reply: int = 0
    talk: bytes = b""
    places: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    asked: list[tuple[str, int, bool]] = field(default_factory=list)


@contextmanager
def socks_server() -> Iterator[SocksServer]:
    settings = SocksServer()

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError, EOFError):
                _serve(self.request, settings)

    class Server(ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        settings.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield settings
        server.shutdown()


def _serve(client: socket.socket, settings: SocksServer) -> None:
    if settings.talk:
        client.sendall(settings.talk)
        return
    version, count = _read(client, 2)
    assert version == 5
    offered = _read(client, count)
    wanted = NO_NAME if settings.known is None else NAME_AND_PASSWORD
    if wanted not in offered:
        client.sendall(bytes([5, NOTHING_SUITS]))
        return
    client.sendall(bytes([5, wanted]))
    if wanted == NAME_AND_PASSWORD:
        _, length = _read(client, 2)
        name = _read(client, length).decode()
        password = _read(client, _read(client, 1)[0]).decode()
        right = (name, password) == settings.known
        client.sendall(bytes([1, 0 if right else 1]))
        if not right:
            return
    _, _, _, kind = _read(client, 4)
    raw = _read(client, 4 if kind == ADDRESS_4 else _read(client, 1)[0])
    host = socket.inet_ntoa(raw) if kind == ADDRESS_4 else raw.decode()
    port = int.from_bytes(_read(client, 2), "big")
    settings.asked.append((host, port, kind == DOMAIN))
    client.sendall(bytes([5, settings.reply, 0, ADDRESS_4, 0, 0, 0, 0, 0, 0]))
    if settings.reply:
        return
    with socket.create_connection(settings.places.get((host, port), (host, port))) as far:
        back = threading.Thread(target=_pour, args=(far, client), daemon=True)
        back.start()
        _pour(client, far)
        back.join()


def _read(client: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        chunk = client.recv(count - len(content))
        if not chunk:
            raise EOFError
        content += chunk
    return content


def _pour(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
