"""The user's token for the hub: in the system's keyring, the hub's own login, or the environment.

It is never written to settings or logs, and stands in no error and no `repr`.
"""

from __future__ import annotations

import os
from pathlib import Path

from vlm_explorer.errors import StorageProblem, UsageError

SERVICE = "vlm-explorer"
ACCOUNT = "huggingface.co"
VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
ELSEWHERE = "Log in with the hub's own command, `hf auth login`, or set HF_TOKEN."


def find_token() -> str | None:
    """Return the token to use: the environment's, else the keyring's, else the hub login's."""
    return _from_environment() or _from_keyring() or _from_login()


def token_source() -> str:
    """Return where the token is: "environment", "keyring", "hub login", or "" for nowhere."""
    if _from_environment():
        return "environment"
    if _from_keyring():
        return "keyring"
    return "hub login" if _from_login() else ""


def check_token(token: str) -> None:
    """Refuse what cannot be a token; sent as it is, it would be quoted in an error of the library.

    Raises:
        UsageError: it is empty, or holds what no token does.
    """
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            "That is no token of the hub.",
            "Copy the whole line that begins with hf_ from https://huggingface.co/settings/tokens.",
        )


def keep_token(token: str) -> None:
    """Keep a token in the system's keyring.

    Raises:
        UsageError: it cannot be a token.
        StorageProblem: there is no keyring, or it is locked.
    """
    import keyring
    from keyring.errors import KeyringError

    token = token.strip()
    check_token(token)
    try:
        keyring.set_password(SERVICE, ACCOUNT, token)
    except KeyringError:
        # its own text may hold what was to be kept
        raise StorageProblem(
            "The token was not kept: this machine has no keyring that can be opened.", ELSEWHERE
        ) from None


def forget_token() -> None:
    """Delete the token from the keyring; the hub's own login and the environment stay.

    Raises:
        StorageProblem: the keyring cannot be opened.
    """
    import keyring
    from keyring.errors import KeyringError, PasswordDeleteError

    try:
        keyring.delete_password(SERVICE, ACCOUNT)
    except PasswordDeleteError:
        return  # none was kept
    except KeyringError:
        raise StorageProblem(
            "The token could not be deleted: this machine has no keyring that can be opened.",
            "Open the system's keyring and delete the entry vlm-explorer there.",
        ) from None


def _from_environment() -> str | None:
    found = (os.environ.get(name, "").strip() for name in VARIABLES)
    return next((token for token in found if token), None)


def _from_keyring() -> str | None:
    import keyring
    from keyring.errors import KeyringError

    try:
        return keyring.get_password(SERVICE, ACCOUNT) or None
    except KeyringError:
        return None


def _from_login() -> str | None:
    """Return the token that `hf auth login` left, from where the hub's tools look for it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    home = Path(os.environ.get("HF_HOME") or cache / "huggingface")
    file = Path(os.environ.get("HF_TOKEN_PATH") or home / "token").expanduser()
    try:
        return file.read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        return None
