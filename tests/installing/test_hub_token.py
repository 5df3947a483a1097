from __future__ import annotations

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from vlm_explorer import paths
from vlm_explorer.errors import StorageProblem, UsageError
from vlm_explorer.installing import hub_token


class InMemory(KeyringBackend):
    priority = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service, username):
        if self.locked:
            raise KeyringLocked("locked")
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        if self.locked:
            raise KeyringLocked(f"could not keep {password}")
        self.kept[service, username] = password

    def delete_password(self, service, username):
        if self.locked:
            raise KeyringLocked("locked")
        if (service, username) not in self.kept:
            raise PasswordDeleteError("none")
        del self.kept[service, username]


@pytest.fixture
def ring(monkeypatch, tmp_path):
    for name in hub_token.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "nothing"))
    before, mine = keyring.get_keyring(), InMemory()
    keyring.set_keyring(mine)
    yield mine
    keyring.set_keyring(before)


def test_that_a_token_is_kept_in_the_keyring_and_nowhere_else(ring):
    assert hub_token.token_source() == ""
    hub_token.keep_token(" hf_secret\n")
    assert (hub_token.find_token(), hub_token.token_source()) == ("hf_secret", "keyring")
    assert list(ring.kept.values()) == ["hf_secret"]
    assert not list(paths.data_folder().parent.rglob("*"))


def test_that_the_environment_comes_before_the_keyring(ring, monkeypatch):
    hub_token.keep_token("hf_kept")
    monkeypatch.setenv("HF_TOKEN", "hf_given")
    assert (hub_token.find_token(), hub_token.token_source()) == ("hf_given", "environment")


def test_that_a_token_is_forgotten_once_and_again(ring):
    hub_token.keep_token("hf_secret")
    hub_token.forget_token()
    hub_token.forget_token()
    assert hub_token.find_token() is None


def test_that_a_locked_keyring_is_said_without_the_token(ring):
    ring.locked = True
    with pytest.raises(StorageProblem, match="no keyring that can be opened") as caught:
        hub_token.keep_token("hf_secret")
    assert "hf_secret" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert "hf auth login" in caught.value.hint
    with pytest.raises(StorageProblem, match="could not be deleted"):
        hub_token.forget_token()
    assert hub_token.find_token() is None


@pytest.mark.parametrize("token", ["", "  ", "hf_with blank", "hf_ü", "hf_\x00"])
def test_that_what_cannot_be_a_token_is_refused(ring, token):
    with pytest.raises(UsageError) as caught:
        hub_token.keep_token(token)
    assert "hf_with" not in str(caught.value)
    assert not ring.kept
