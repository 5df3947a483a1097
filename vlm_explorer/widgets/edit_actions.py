"""The menu Edit: undo, redo, and what is done to the selection and by the filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vlm_explorer.widgets.actions import ActionRow

if TYPE_CHECKING:
    from vlm_explorer.viewmodels.map_model import MapModel
    from vlm_explorer.widgets.main_window import MainWindow


def edit_rows(window: MainWindow) -> list[ActionRow]:
    """Return the rows; the map is looked up only when something is done with it."""
    history, pins = window.session.history, window.session.pins

    def open_saved() -> None:
        window.workspace.prompt.open_saved()

    def open_texts() -> None:
        panes = window.workspace
        panes.prompt.open_texts(panes.viewer.model.image_id)

    def open_ranking() -> None:
        window.workspace.strip.open_options()

    def on_map(name: str, title: str, key: str, do: Callable[[MapModel], None]) -> ActionRow:
        return ActionRow(f"edit.{name}", title, key, lambda: do(window.workspace.map.model), "Edit")

    return [
        ActionRow("edit.undo", "Undo", "Ctrl+Z", history.undo, "Edit"),
        ActionRow("edit.redo", "Redo", "Ctrl+Shift+Z Ctrl+Y", history.redo, "Edit"),
        on_map("all", "Select all shown", "", lambda model: model.choose_all()),
        on_map("invert", "Invert the selection", "Ctrl+I", lambda model: model.invert()),
        on_map("grow", "Grow by the nearest images", "Ctrl+G", lambda model: model.grow()),
        on_map("none", "Clear the selection", "Ctrl+Shift+A", lambda model: model.choose_none()),
        on_map(
            "only", "Show only the selection", "Ctrl+Shift+S",
            lambda model: model.show_only_selected(),
        ),
        on_map("hide", "Hide the selection", "Ctrl+Shift+H", lambda model: model.hide_selected()),
        on_map(
            "unfilter", "Clear all filters", "Ctrl+Shift+F", lambda model: model.show_everything()
        ),
        ActionRow(
            "edit.like", "Search like the selection", "Ctrl+L",
            window.session.terms.add_selection, "Edit",
        ),
        ActionRow(
            "edit.saved", "Saved queries", "Ctrl+Shift+D",
            open_saved, "Edit",
        ),
        ActionRow(
            "edit.ranking", "How results are ranked", "Ctrl+R",
            open_ranking, "Edit",
        ),
        ActionRow(
            "edit.texts", "Texts that describe this scan", "Ctrl+T", open_texts, "Edit",
        ),
        ActionRow("edit.pin", "Pin the prompt to the map", "Ctrl+P", pins.pin_prompt, "Edit"),
    ]  # fmt: skip
