"""What can go wrong on the way to the hub, each in a sentence of its own with what to do.

The hub names the kind of a refusal in the header X-Error-Code, and sends status 401 for
repositories that do not exist as well as for those that need a token (huggingface_hub.utils._http).
"""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass
from email.message import Message

from vlm_explorer.encoders.spec import EncoderSpec
from vlm_explorer.errors import AccessNeeded, FetchProblem, StorageProblem
from vlm_explorer.installing.network import Network, host_of
from vlm_explorer.installing.socks import SocksRefusal
from vlm_explorer.installing.stream import STALL, Answer

TOKEN = "`vlm-explorer models login` takes the token and keeps it in the system's keyring."
BY_HAND = "Or copy its files from another machine and run `vlm-explorer models import DIR`."
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Subject:
    """What was asked for: one of an encoder's repositories, at a revision, and perhaps a file."""

    spec: EncoderSpec
    repository: str
    revision: str = ""
    file: str = ""
    token: bool = False


def refusal(subject: Subject, answer: Answer, network: Network) -> FetchProblem:
    """Return what to raise for an answer that is neither the file nor the list of files."""
    status, code = answer.status, answer.headers.get("X-Error-Code", "")
    message = answer.headers.get("X-Error-Message", "")
    from_hub = host_of(answer.url) == network.host
    if code == "GatedRepo":
        return _gated(subject, status)
    if message == "Access to this resource is disabled.":
        return FetchProblem(
            f"The hub has closed the repository {subject.repository}.",
            f"Its page says why: {network.endpoint}/{subject.repository}. Choose another encoder.",
        )
    if status == 401 and (message.startswith("Invalid credentials") or subject.token):
        return AccessNeeded(
            "The hub does not accept the token.",
            f"It may have been revoked, or not allow reading: make a new one at {network.endpoint}"
            f"/settings/tokens. {TOKEN}",
        )
    if code == "RevisionNotFound":
        return FetchProblem(
            f"The repository {subject.repository} has no version {subject.revision[:12]}.",
            "It was withdrawn, or the mirror does not hold it. To take the newest one instead: "
            f"`vlm-explorer models fetch {subject.spec.id} --revision main`.",
        )
    if code == "EntryNotFound":
        return FetchProblem(
            f"The repository {subject.repository} has no file {subject.file}.",
            "Its layout has changed. A later version of this program may know the new one.",
        )
    if code == "RepoNotFound" or (status in (401, 404) and from_hub):
        return FetchProblem(
            f"{network.host} knows no repository {subject.repository}, or keeps it private.",
            "It was renamed or withdrawn, or is not on this mirror; if it is private, give a token "
            "that may read it. " + TOKEN,
        )
    return _by_status(subject, status, answer.headers, host_of(answer.url))


def _gated(subject: Subject, status: int) -> AccessNeeded:
    spec = subject.spec
    if status == 401 and subject.token:
        return AccessNeeded(
            "The hub does not accept the token.",
            f"It may have been revoked, or not allow reading: make a new one. {TOKEN}",
        )
    if subject.token:
        return AccessNeeded(
            f"The account that this token belongs to may not read {spec.name} yet.",
            f"{spec.access or 'Ask for access on its page.'} Some terms are granted by hand, "
            "which takes days.",
        )
    return AccessNeeded(
        f"{spec.name} is given only to people who have accepted its terms.",
        f"{spec.access or 'Accept them on its page, and make a token.'} {TOKEN}",
    )


def _by_status(subject: Subject, status: int, headers: Message, host: str) -> FetchProblem:
    if status == 407:
        return proxy_refuses()
    if status == 429:
        wait = headers.get("Retry-After", "")
        when = f" in {wait} seconds" if wait.isdigit() else " in a few minutes"
        return FetchProblem(
            f"{host} was asked too often from this network and answers nobody for now.",
            f"Try again{when}; what arrived is kept. With a token it allows more.",
        )
    if status == 403:
        return FetchProblem(
            f"{host} refuses to give {subject.file or subject.repository} (status 403).",
            "A firewall or proxy may stand in between: ask your network's administrator to allow "
            f"{host}, or name a mirror by HF_ENDPOINT. {BY_HAND}",
        )
    if status >= 500:
        return FetchProblem(
            f"{host} is out of order (status {status}).",
            "Try again later; what arrived is kept.",
        )
    return FetchProblem(
        f"{host} answers {subject.file or subject.repository} with status {status}.",
        f"Try again later, or name a mirror by HF_ENDPOINT. {BY_HAND}",
    )


def proxy_refuses() -> FetchProblem:
    """Return what to raise where the proxy wants a name and a password."""
    return FetchProblem(
        "The proxy asks for a name and a password.",
        "Give them in HTTPS_PROXY, ALL_PROXY or hub_proxy in settings.toml: "
        "http://NAME:PASSWORD@HOST:PORT, or socks5h:// likewise.",
    )


def no_connection(error: BaseException, host: str, network: Network) -> FetchProblem:
    """Return what to raise where no answer came at all."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, SocksRefusal):
        return proxy_refuses() if reason.wants_name else _by_socks(reason)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return FetchProblem(
            f"The certificate of {host} is not trusted by this machine: {reason.verify_message}.",
            "Where a proxy opens encrypted connections, as in many hospitals, ask for its "
            "certificate and name the file by SSL_CERT_FILE or hub_ca_bundle in settings.toml.",
        )
    if isinstance(reason, ssl.SSLError):
        return FetchProblem(
            f"No encrypted connection to {host} could be made.",
            "A proxy or firewall may interfere; see HTTPS_PROXY and SSL_CERT_FILE.",
        )
    if "407" in str(reason):
        return proxy_refuses()
    if network.proxies.get("https") or network.proxies.get("http") or network.proxies.get("all"):
        way = " by way of the proxy"
    else:
        way = ""
    if isinstance(reason, socket.gaierror):
        return FetchProblem(
            f"{host} was not found{way}: this machine seems to have no network.",
            f"Connect it and try again. {BY_HAND}",
        )
    if isinstance(reason, TimeoutError):
        return FetchProblem(
            f"{host} has not answered{way} for {STALL:.0f} seconds.",
            "Try again later; where a proxy is needed, name it by HTTPS_PROXY.",
        )
    return FetchProblem(
        f"{host} cannot be reached{way}.",
        f"Check the network; where a proxy is needed, name it by HTTPS_PROXY. {BY_HAND}",
    )


def _by_socks(refusal: SocksRefusal) -> FetchProblem:
    return FetchProblem(
        str(refusal),
        "Check ALL_PROXY or hub_proxy in settings.toml: socks5h://HOST:PORT has the proxy look up "
        f"names, socks5:// this machine. {BY_HAND}",
    )


def broken_off(name: str, arrived: str, total: str) -> FetchProblem:
    """Return what to raise where the connection broke off again and again."""
    return FetchProblem(
        f"The connection broke off: {arrived} of {total} of {name} have arrived.",
        "They are kept; fetch again to go on from there.",
    )


def wrong_checksum(name: str, host: str) -> FetchProblem:
    """Return what to raise where a file is not the one that was published."""
    return FetchProblem(
        f"{name} arrived from {host} with other contents than were published, and was deleted.",
        "Fetch again. If it happens again, something on the way alters it: a proxy, or the mirror.",
    )


def no_room(needed: str, free: str, folder: str) -> StorageProblem:
    """Return what to raise before anything is written that would not fit."""
    return StorageProblem(
        f"{needed} are needed in {folder}, and {free} are free.",
        "Make room there, or set VLM_EXPLORER_HOME to a folder on another disk.",
    )


def cannot_write(error: OSError, folder: str) -> StorageProblem:
    """Return what to raise where writing failed."""
    if error.errno in FULL:
        return StorageProblem(
            f"The disk became full while fetching to {folder}.",
            "Make room and fetch again: what arrived is kept. `vlm-explorer models remove` with "
            "the encoder's id deletes it.",
        )
    return StorageProblem(
        f"The encoder cannot be written to {folder}: {error.strerror}.",
        "Set VLM_EXPLORER_HOME to a folder that you may write to.",
    )
