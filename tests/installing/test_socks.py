from __future__ import annotations

import socket
import ssl
import sys
from urllib.parse import urlsplit

import pytest
from hub_fixtures import installed
from hub_server import LocalHub, Repository, local_hub
from socks_server import SocksServer, socks_server

from vlm_explorer.errors import FetchProblem
from vlm_explorer.installing.fetching import fetch_model
from vlm_explorer.installing.socks import SocksProxy, read_socks_proxy
from vlm_explorer.settings import Settings, save_settings


@pytest.fixture
def proxy(hub, monkeypatch):
    """A SOCKS proxy that alone knows where hub.example is."""
    with socks_server() as server:
        server.places["hub.example", 80] = ("127.0.0.1", urlsplit(hub.url).port)
        monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
        yield server


def use(monkeypatch, proxy: SocksServer, scheme: str = "socks5h", who: str = "") -> None:
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://{who}127.0.0.1:{proxy.port}")


@pytest.mark.parametrize("scheme", ["socks5h", "socks"])
def test_that_an_encoder_is_fetched_through_a_proxy_that_looks_names_up(
    hub, proxy, monkeypatch, scheme
):
    use(monkeypatch, proxy, scheme)
    fetch_model("clip")
    assert installed() == ["clip"]
    assert ("hub.example", 80, True) in proxy.asked
    store = urlsplit(hub.store_url)
    assert (store.hostname, store.port, False) in proxy.asked  # the redirect goes by it too


def test_that_a_proxy_in_the_settings_is_used(hub, proxy):
    save_settings(Settings(hub_proxy=f"socks5h://127.0.0.1:{proxy.port}"))
    fetch_model("clip")
    assert proxy.asked


def test_that_socks5_looks_names_up_on_this_machine(hub, proxy, monkeypatch):
    use(monkeypatch, proxy, "socks5")
    with pytest.raises(FetchProblem, match=r"hub\.example was not found by way of the proxy"):
        fetch_model("clip")
    assert proxy.asked == []
    monkeypatch.setenv("HF_ENDPOINT", hub.url)  # localhost
    fetch_model("clip")
    assert not any(is_name for _, _, is_name in proxy.asked)


def test_that_name_and_password_are_given_and_wrong_ones_said(hub, proxy, monkeypatch):
    proxy.known = ("radiology", "p@ss word")
    for who in ("", "radiology:wrong@"):
        use(monkeypatch, proxy, who=who)
        with pytest.raises(FetchProblem, match="proxy asks for a name and a password") as caught:
            fetch_model("clip")
        assert "wrong" not in caught.value.text + caught.value.hint
    use(monkeypatch, proxy, who="radiology:p%40ss%20word@")
    fetch_model("clip")
    assert installed() == ["clip"]


def test_that_encryption_goes_through_the_proxy(folders, resources, monkeypatch, certificate):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*certificate)
    with local_hub(tls) as hub, socks_server() as proxy:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        use(monkeypatch, proxy)
        hub.repositories["timm/clip"] = Repository(
            {"open_clip_config.json": b"{}"}, without_checksums=True
        )
        with pytest.raises(FetchProblem, match="holds no weights"):  # the list was read
            fetch_model("clip")
        assert ("localhost", urlsplit(hub.url).port, True) in proxy.asked
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(FetchProblem, match="certificate of localhost is not trusted"):
            fetch_model("clip")


def test_that_no_proxy_is_heeded(hub: LocalHub, proxy, monkeypatch):
    use(monkeypatch, proxy)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    fetch_model("clip")
    assert proxy.asked == []


def test_that_a_connection_that_drops_is_gone_on_from_through_the_proxy(hub, proxy, monkeypatch):
    use(monkeypatch, proxy)
    hub.faults.drop_after["open_clip_model.safetensors"] = (5000, 1)
    fetch_model("clip")
    assert "bytes=5000-" in [request.range for request in hub.requests]


@pytest.mark.parametrize("reply", [1, 2, 4, 5])
def test_that_a_proxy_that_does_not_reach_the_hub_is_said(hub, proxy, monkeypatch, reply):
    proxy.reply = reply
    use(monkeypatch, proxy)
    with pytest.raises(FetchProblem, match=r"does not reach hub\.example: ") as caught:
        fetch_model("clip")
    assert str(proxy.port) in caught.value.text
    assert "ALL_PROXY" in caught.value.hint


def test_that_another_server_is_not_taken_for_a_socks_proxy(hub, proxy, monkeypatch):
    proxy.talk = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    use(monkeypatch, proxy)
    with pytest.raises(FetchProblem, match="is not a SOCKS proxy"):
        fetch_model("clip")


def test_that_a_proxy_that_is_not_there_is_said(hub, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setenv("all_proxy", f"socks5h://127.0.0.1:{port}")
    with pytest.raises(FetchProblem, match=f"SOCKS proxy 127.0.0.1:{port} cannot be reached"):
        fetch_model("clip")


@pytest.mark.parametrize("url", ["socks6://proxy:1080", "socks5h://", "socks5://proxy:many"])
def test_that_a_senseless_address_of_a_proxy_is_said(hub, monkeypatch, url):
    monkeypatch.setenv("ALL_PROXY", url)
    with pytest.raises(FetchProblem, match="address of the SOCKS proxy makes no sense"):
        fetch_model("clip")
    assert hub.requests == []


def test_that_a_missing_package_is_named(hub, monkeypatch):
    monkeypatch.setitem(sys.modules, "python_socks", None)
    monkeypatch.setenv("ALL_PROXY", "socks5h://localhost")
    with pytest.raises(FetchProblem, match="package python-socks is missing") as caught:
        fetch_model("clip")
    assert "pip install python-socks" in caught.value.hint


def test_that_the_port_and_the_kind_follow_from_the_address():
    assert read_socks_proxy("http://proxy:3128") is None
    assert read_socks_proxy("socks5://proxy") == SocksProxy(5, False, "proxy", 1080)
    assert read_socks_proxy("socks4a://proxy:9") == SocksProxy(4, True, "proxy", 9)
    assert "secret" not in repr(read_socks_proxy("socks5h://me:secret@proxy"))
