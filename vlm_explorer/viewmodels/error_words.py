"""Errors in the window's words. No Qt.

The core's hints name the command that helps, as they are read in a shell, too. Where the window has
a control for the same, that one is named instead.
"""

from __future__ import annotations

import re

from vlm_explorer.errors import ExplorerError

PLACE = "under File, Encoders"
# A command within a sentence, and what stands there in the window. What has no control stays.
_INSTEAD = (
    (r"(?: DIR)? and run `vlm-explorer models import [^`]*`", f" and choose Import {PLACE}"),
    (r"`vlm-explorer models import [^`]*`", f"Import {PLACE}"),
    (r"with `vlm-explorer models fetch [^` ]*`", PLACE),
    (r"`vlm-explorer models login` takes", f"Its page {PLACE} takes"),
    (r": `vlm-explorer models remove [^`]*`", f", {PLACE}"),
    (r"`vlm-explorer models` lists", f"The list {PLACE} shows"),
)


def error_words(error: BaseException, otherwise: str) -> tuple[str, str]:
    """Return what went wrong and what to do; `otherwise` is said of an error nobody expected."""
    if isinstance(error, ExplorerError):
        return error.text, hint_for_window(error.hint)
    return otherwise, "The details are in the log."


def hint_for_window(hint: str) -> str:
    """Return a hint of the core with the window's controls in place of commands."""
    for command, control in _INSTEAD:
        hint = re.sub(command, control, hint)
    return hint
