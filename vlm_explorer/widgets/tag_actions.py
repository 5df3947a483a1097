"""The keys that give images tags and notes, the same in the grid and on the map."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.tags import NUMBERS
from vlm_explorer.widgets.actions import ActionRow
from vlm_explorer.widgets.tag_list import NoteEditor, TagList


def tag_rows(session: Session, pane: QWidget, prefix: str, list_key: str) -> list[ActionRow]:
    """Return the keys of a pane about tags and notes of the chosen images.

    Args:
        prefix: of the actions' ids, such as "results".
        list_key: what opens the list of tags.
    """
    tags = session.tags

    def show_list() -> None:
        TagList(session, pane).open(above=True)

    def write_note() -> None:
        image_id = session.selection.current or next(iter(session.selection.ids), None)
        if image_id is not None:
            NoteEditor(session, image_id, pane).open(above=True)

    return [
        *(
            ActionRow(
                f"{prefix}.tag_{number}", f"Tag {number}", str(number), partial(tags.toggle, number)
            )
            for number in NUMBERS
        ),
        ActionRow(f"{prefix}.no_tags", "No tags", "0", tags.clear),
        ActionRow(f"{prefix}.tags", "List of tags", list_key, show_list),
        ActionRow(f"{prefix}.note", "Write a note", "N", write_note),
    ]
