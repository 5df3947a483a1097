"""How this machine reaches the hub: its address or a mirror's, proxy, certificates.

The environment is asked first, by the names that the hub's own tools know, then the settings, then
the system.
"""

from __future__ import annotations

import os
import ssl
import urllib.request
from dataclasses import dataclass
from http.client import HTTPMessage
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urljoin, urlsplit

from vlm_explorer import __version__
from vlm_explorer.errors import FetchProblem
from vlm_explorer.installing.socks import SocksHttpHandler, SocksHttpsHandler, read_socks_proxy
from vlm_explorer.settings import load_settings

HUB = "https://huggingface.co"
CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
LOCAL = ("localhost", "127.0.0.1", "::1")
TRUE = ("1", "ON", "YES", "TRUE")


@dataclass(frozen=True, slots=True)
class Network:
    """How the hub is reached.

    Attributes:
        endpoint: address of the hub or of a mirror, with no slash at its end.
        ca_bundle: file of the certificates to trust besides the system's; "" for none.
        proxies: proxy by scheme, as `urllib` has it; "all" for the schemes that are not named.
    """

    endpoint: str
    ca_bundle: str
    proxies: dict[str, str]

    @property
    def host(self) -> str:
        """Name of the hub's machine."""
        return host_of(self.endpoint)

    def way(self, scheme: str) -> str:
        """Return the address of the proxy for a scheme; "" for none."""
        return self.proxies.get(scheme) or self.proxies.get("all") or ""

    @property
    def is_private(self) -> bool:
        """Whether nobody on the way can read along: encrypted, or this machine."""
        return self.endpoint.startswith("https:") or self.host in LOCAL


def find_network() -> Network:
    """Return how the hub is reached.

    Raises:
        FetchProblem: the user asked for no network, or the address makes no sense.
    """
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in TRUE:
        raise FetchProblem(
            "Nothing is fetched, because HF_HUB_OFFLINE asks for no network.",
            "Unset HF_HUB_OFFLINE, or import a copy of the encoder: "
            "`vlm-explorer models import DIR`.",
        )
    settings = load_settings()
    endpoint = (os.environ.get("HF_ENDPOINT") or settings.hub_endpoint or HUB).rstrip("/")
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchProblem(
            f"The address of the hub makes no sense: {endpoint!r}.",
            f"Correct HF_ENDPOINT or hub_endpoint in settings.toml; the hub's own is {HUB}.",
        )
    given = next((os.environ[name] for name in CA_VARIABLES if os.environ.get(name)), "")
    ca_bundle = given or settings.hub_ca_bundle
    if ca_bundle and not Path(ca_bundle).expanduser().is_file():
        raise FetchProblem(
            f"There is no file of certificates {ca_bundle}.",
            "Correct SSL_CERT_FILE or hub_ca_bundle in settings.toml.",
        )
    proxies = urllib.request.getproxies()
    if settings.hub_proxy and not any(name in proxies for name in ("https", "all")):
        proxies = {**proxies, "http": settings.hub_proxy, "https": settings.hub_proxy}
    network = Network(endpoint, ca_bundle, proxies)
    read_socks_proxy(network.way(parts.scheme))  # what is wrong with it is said before anything
    return network


def host_of(url: str) -> str:
    """Return the name of a machine in an address, without user, password and path."""
    return urlsplit(url).hostname or ""


def make_opener(network: Network) -> urllib.request.OpenerDirector:
    """Return what opens addresses by way of the proxy and with the certificates of `network`."""
    ways = {scheme: network.way(scheme) for scheme in ("http", "https")}
    socks = {scheme: read_socks_proxy(way) for scheme, way in ways.items()}
    plain = {scheme: way for scheme, way in ways.items() if way and socks[scheme] is None}
    tls = _tls_context(network.ca_bundle)
    http, https = socks["http"], socks["https"]
    handlers = (
        urllib.request.ProxyHandler(plain),
        SocksHttpHandler(http) if http else urllib.request.HTTPHandler(),
        SocksHttpsHandler(https, tls) if https else urllib.request.HTTPSHandler(context=tls),
        _CarefulRedirects(),
    )
    return urllib.request.build_opener(*handlers)


def make_request(url: str, token: str | None, headers: dict[str, str]) -> urllib.request.Request:
    """Return a request; a token goes to the machine of `url` alone, never along a redirect."""
    request = urllib.request.Request(url, headers=headers)
    request.add_header("User-Agent", f"vlm-explorer/{__version__}")
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    return request


def _tls_context(ca_bundle: str) -> ssl.SSLContext:
    """Return a context that trusts what the operating system trusts, and `ca_bundle`."""
    import truststore

    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_bundle:
        try:
            context.load_verify_locations(cafile=str(Path(ca_bundle).expanduser()))
        except (OSError, ssl.SSLError) as error:
            raise FetchProblem(
                f"The file of certificates {ca_bundle} cannot be read.",
                "It has to hold certificates in PEM format (lines of BEGIN CERTIFICATE).",
            ) from error
    return context


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, (parts.hostname or "").lower(), port


class _CarefulRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, with the token only where the machine stays the same."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        target = urljoin(req.full_url, newurl)
        safe_to_open = ("https",) if req.type == "https" else ("http", "https")
        if urlsplit(target).scheme not in safe_to_open:
            raise HTTPError(target, code, "refused: the redirect gives up encryption", headers, fp)
        following = super().redirect_request(req, fp, code, msg, headers, target)
        token = req.unredirected_hdrs.get("Authorization")
        if following is not None and token and _origin(target) == _origin(req.full_url):
            following.add_unredirected_header("Authorization", token)
        return following
