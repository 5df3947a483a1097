"""Files that gave no image, tried again because the user asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlm_explorer.viewmodels import indexing_work
from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.problems import HARMLESS

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.session import Session


def can_try_again(session: Session) -> bool:
    """Return whether what is open was made from files, which can be indexed again."""
    return session.content is not None and not session.demo and bool(session.content.model)


def try_again(session: Session) -> None:
    """Index the sources of the open collection again, files that gave no image included."""
    content = session.content
    if content is None or not can_try_again(session):
        return

    def take(fresh: Opened) -> None:
        if session.collection is content.collection:  # nothing else was opened meanwhile
            session.take_update(fresh)
            session.messages.show_information(_words(content, fresh))

    session.runner.start(
        indexing_work.encode_again,
        content.collection.folder,
        content.model,
        None,
        retry=True,
        title="Trying unreadable files again",
        key="update",
        lane="process",
        on_success=take,
        on_failure=session.messages.show_error,
    )


def _words(before: Opened, after: Opened) -> str:
    lost, left = _losses(before), _losses(after)
    if read := len(lost - left):
        return f"Unreadable files were tried again: {read:,} of {len(lost):,} can be read now."
    return "Unreadable files were tried again: none of them can be read now either."


def _losses(content: Opened) -> set[str]:
    return {file for file, kind, _ in content.problems if kind not in HARMLESS}
