"""Fetching, importing and removing encoders off the GUI thread. No Qt here.

What takes long or imports torch runs in a child process: the window never waits for it, and it can
be ended at any time. What was fetched until then stays, and the next time goes on from there.
"""

from __future__ import annotations

from vlm_explorer.jobs import JobContext


def fetch(id_: str, *, context: JobContext) -> str:
    """Fetch an encoder from the hub; return its name.

    Raises:
        ExplorerError: whatever stops it.
    """
    from vlm_explorer.processes import run_in_process

    return run_in_process(fetch_here, id_, context=context)


def fetch_here(id_: str, *, context: JobContext) -> str:
    """Fetch an encoder (child process)."""
    from vlm_explorer.installing.fetching import fetch_model

    return fetch_model(id_, context=context).name


def remove(id_: str, *, context: JobContext) -> None:
    """Delete an encoder from this machine.

    Raises:
        ExplorerError: it cannot be deleted.
    """
    from vlm_explorer.installing.importing import remove_model

    context.check()
    remove_model(id_)


def look_for_token(*, context: JobContext) -> str:
    """Return where the token for gated encoders is: "environment", "keyring", "hub login", "".

    A system may ask its user to unlock the keyring.
    """
    from vlm_explorer.installing import hub_token

    context.check()
    return hub_token.token_source()


def keep_token(token: str, *, context: JobContext) -> None:
    """Keep the token for gated encoders in the system's keyring.

    Raises:
        ExplorerError: it is no token, or there is no keyring.
    """
    from vlm_explorer.installing import hub_token

    context.check()
    hub_token.keep_token(token)


def forget_token(*, context: JobContext) -> None:
    """Delete the token from the system's keyring.

    Raises:
        ExplorerError: the keyring cannot be opened.
    """
    from vlm_explorer.installing import hub_token

    context.check()
    hub_token.forget_token()
