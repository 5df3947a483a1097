"""Fixtures for tests that fetch encoders: a hub on this machine, and a keyring in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from hub_server import COMMIT, LocalHub, local_hub, repository_of
from keyring.backend import KeyringBackend
from model_folders import build_clip_vit_folder

from vlm_explorer import paths
from vlm_explorer.encoders.registry import list_encoders

# One whose contents the catalogue leaves open: whatever the hub has is fetched.
SPEC = next(
    spec
    for spec, _ in list_encoders()
    if spec.loader == "open_clip" and spec.repository and not (spec.files or spec.companion)
)
CLIP = SPEC.id
GATED = "medsiglip-448"


class MemoryKeyring(KeyringBackend):
    """A keyring that lasts as long as a test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def memory_keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryKeyring]:
    """No test sees the keyring or the login of this machine; nor do child processes."""
    before, own = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(own)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_TOKEN_PATH", str(paths.config_folder() / "token"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    yield own
    keyring.set_keyring(before)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the hub has of an encoder."""
    return build_clip_vit_folder(tmp_path_factory.mktemp("hub") / "clip", weights="bin")


@pytest.fixture
def hub(
    published: Path, memory_keyring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalHub]:
    """A hub on this machine."""
    with local_hub() as hub:
        hub.repositories[SPEC.repository] = repository_of(
            published, revision=SPEC.revision or COMMIT
        )
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub
