"""Connections by way of a SOCKS proxy, for `urllib`, which knows none.

As curl has it, the name of the hub's machine is looked up by the proxy for `socks5h` and `socks4a`,
and by this machine for `socks5` and `socks4`; `socks` is taken as `socks5h`.
"""

from __future__ import annotations

import ssl
import urllib.request
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from importlib.util import find_spec
from socket import socket
from typing import Any
from urllib.parse import unquote, urlsplit

from vlm_explorer.errors import FetchProblem

PACKAGE = "python-socks"
PORT = 1080  # IANA's for SOCKS
# Version and whether the proxy looks names up, by the scheme of its address.
KINDS = {
    "socks": (5, True),
    "socks5": (5, False),
    "socks5h": (5, True),
    "socks4": (4, False),
    "socks4a": (4, True),
}


class SocksRefusal(OSError):
    """The proxy cannot be reached, or does not do what it was asked for.

    Attributes:
        wants_name: it asks for a name and a password, or does not accept those that it got.
    """

    def __init__(self, words: str, *, wants_name: bool = False) -> None:
        super().__init__(words)
        self.wants_name = wants_name


@dataclass(frozen=True, slots=True)
class SocksProxy:
    """A SOCKS proxy; `remote_names`: it looks up the names of machines."""

    version: int
    remote_names: bool
    host: str
    port: int
    name: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    @property
    def place(self) -> str:
        """Where it is, without name and password."""
        return f"{self.host}:{self.port}"

    def connect(self, host: str, port: int, timeout: float | None) -> socket:
        """Return a connection to `host` through the proxy.

        Raises:
            SocksRefusal: the proxy cannot be reached, or refuses.
            OSError: as `socket`.
        """
        from python_socks import ProxyConnectionError, ProxyError, ProxyType
        from python_socks.sync import Proxy

        proxy = Proxy(
            ProxyType.SOCKS5 if self.version == 5 else ProxyType.SOCKS4,
            self.host,
            self.port,
            self.name or None,
            self.password or None,
            rdns=self.remote_names,
        )
        try:
            connection: socket = proxy.connect(host, port, timeout)
        except ProxyConnectionError as error:
            raise SocksRefusal(f"The SOCKS proxy {self.place} cannot be reached.") from error
        except ProxyError as error:
            raise self._refusal(host, error) from error
        connection.settimeout(timeout)
        return connection

    def _refusal(self, host: str, error: Any) -> SocksRefusal:
        words = str(error).rstrip(".")
        if getattr(error, "error_code", None) is not None:
            return SocksRefusal(f"The SOCKS proxy {self.place} does not reach {host}: {words}.")
        if "auth" in words.lower():
            return SocksRefusal(words, wants_name=True)
        return SocksRefusal(f"What answers at {self.place} is not a SOCKS proxy of this kind.")


def read_socks_proxy(url: str) -> SocksProxy | None:
    """Return the SOCKS proxy that an address names; None where it names another kind of proxy.

    Raises:
        FetchProblem: the address makes no sense, or the package for such proxies is missing.
    """
    if not url.startswith("socks"):
        return None
    parts = urlsplit(url)
    try:
        port = parts.port or PORT
        version, remote = KINDS[parts.scheme]
    except (KeyError, ValueError):
        version, remote, port = 0, False, 0
    if not version or not parts.hostname:
        raise FetchProblem(
            "The address of the SOCKS proxy makes no sense.",
            "Write socks5h://HOST:PORT, or socks5h://NAME:PASSWORD@HOST:PORT, in ALL_PROXY or "
            "hub_proxy in settings.toml.",
        )
    if find_spec("python_socks") is None:
        raise FetchProblem(
            f"The proxy that is named is a SOCKS proxy, and the package {PACKAGE} is missing.",
            f"Run `pip install {PACKAGE}`, or name an HTTP proxy by HTTPS_PROXY or hub_proxy in "
            "settings.toml.",
        )
    name, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SocksProxy(version, remote, parts.hostname, port, name, password)


class SocksHttpHandler(urllib.request.HTTPHandler):
    """Opens addresses of http through a SOCKS proxy."""

    def __init__(self, proxy: SocksProxy) -> None:
        super().__init__()
        self._proxy = proxy

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        """Open an address, without the proxy where NO_PROXY says so."""
        if urllib.request.proxy_bypass(req.host):
            return super().http_open(req)
        return self.do_open(_HttpConnection, req, proxy=self._proxy)  # type: ignore[arg-type]


class SocksHttpsHandler(urllib.request.HTTPSHandler):
    """Opens addresses of https through a SOCKS proxy, which sees nothing of what is said."""

    def __init__(self, proxy: SocksProxy, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self._proxy, self._tls = proxy, context

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        """Open an address, without the proxy where NO_PROXY says so."""
        if urllib.request.proxy_bypass(req.host):
            return super().https_open(req)
        return self.do_open(
            _HttpsConnection,  # type: ignore[arg-type]
            req,
            proxy=self._proxy,
            context=self._tls,
        )


class _HttpConnection(HTTPConnection):
    def __init__(self, host: str, *, proxy: SocksProxy, **settings: Any) -> None:
        super().__init__(host, **settings)
        self._proxy = proxy

    def connect(self) -> None:
        self.sock = self._proxy.connect(self.host, self.port, self.timeout)


class _HttpsConnection(HTTPSConnection):
    def __init__(
        self, host: str, *, proxy: SocksProxy, context: ssl.SSLContext, **settings: Any
    ) -> None:
        super().__init__(host, context=context, **settings)
        self._proxy, self._tls = proxy, context

    def connect(self) -> None:
        plain = self._proxy.connect(self.host, self.port, self.timeout)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise
