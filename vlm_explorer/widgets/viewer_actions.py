"""What can be done in the viewing pane, with its keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from vlm_explorer.viewmodels.saliency_model import SaliencyModel
from vlm_explorer.viewmodels.viewer_layers import Layer
from vlm_explorer.viewmodels.viewer_measuring import Tool
from vlm_explorer.viewmodels.viewer_model import ViewerModel
from vlm_explorer.viewmodels.viewer_orientation import Orientation
from vlm_explorer.widgets.actions import ActionRow
from vlm_explorer.widgets.overlay_keys import EDGE_STEP
from vlm_explorer.widgets.viewer_pane import ViewerPane

_ZOOM = 1.2
_LAST = 1 << 30  # beyond any series

# What the bar of tools shows, with the names of the icons.
TOOLS = {
    "viewer.invert": "ph.circle-half",
    "viewer.turn_right": "ph.arrow-clockwise",
    "viewer.flip_horizontally": "ph.arrows-left-right",
    "viewer.fit": "ph.corners-out",
    "viewer.tool_length": "ph.ruler",
    "viewer.cine": "ph.play",
    "viewer.squares": "ph.grid-four",
    "viewer.encoder_view": "ph.robot",
}

# What the menu of the overlay's looks lists.
LOOKS = ("viewer.fade", "viewer.contours", "viewer.squares", "viewer.swipe", "viewer.mute")

_WINDOWS = (
    "Window: of the file",
    "Window: soft tissue",
    "Window: lung",
    "Window: bone",
    "Window: brain",
    "Window: the modality's first",
    "Window: the modality's second",
    "Window: the modality's third",
    "Window: the modality's fourth",
    "Window: auto",
)


def series_rows(model: ViewerModel, pane: ViewerPane) -> list[ActionRow]:
    """Return what the keys of places and Space do while the scan itself has the focus."""
    series = model.series
    return [
        ActionRow("viewer.next", "Next image", "Down Right", partial(series.step, 1)),
        ActionRow("viewer.previous", "Previous image", "Up Left", partial(series.step, -1)),
        ActionRow("viewer.next_series", "Next series", "PgDown", partial(series.step_series, 1)),
        ActionRow(
            "viewer.previous_series", "Previous series", "PgUp", partial(series.step_series, -1)
        ),
        ActionRow("viewer.first", "First image", "Home", partial(series.go_to, 0)),
        ActionRow("viewer.last", "Last image", "End", partial(series.go_to, _LAST)),
        ActionRow("viewer.reset", "Reset window, zoom and turns", "Space", pane.reset),
    ]


def picture_rows(model: ViewerModel, saliency: SaliencyModel, pane: ViewerPane) -> list[ActionRow]:
    """Return what can be done to the picture while the focus is anywhere in the viewer."""

    def turn(
        name: str, title: str, key: str, how: Callable[[Orientation], Orientation]
    ) -> ActionRow:
        return ActionRow(f"viewer.{name}", title, key, partial(model.turn, how))

    return [
        ActionRow("viewer.invert", "Invert", "I", model.invert),
        turn("turn_right", "Turn right", "R", Orientation.turned_right),
        turn("turn_left", "Turn left", "L", Orientation.turned_left),
        turn("flip_horizontally", "Swap left and right", "H", Orientation.flipped_horizontally),
        turn("flip_vertically", "Swap top and bottom", "V", Orientation.flipped_vertically),
        ActionRow("viewer.fit", "Fit", "F", pane.fit),
        ActionRow("viewer.one_to_one", "Pixel on pixel", "Shift+F", pane.show_one_to_one),
        ActionRow("viewer.zoom_in", "Zoom in", "+ =", partial(pane.zoom_by, _ZOOM)),
        ActionRow("viewer.zoom_out", "Zoom out", "-", partial(pane.zoom_by, 1 / _ZOOM)),
        ActionRow(
            "viewer.squares", "Pixels as squares", "S", saliency.show_squares, checkable=True
        ),
        ActionRow(
            "viewer.encoder_view",
            "What the encoder sees",
            "E",
            model.show_encoder_view,
            checkable=True,
        ),
        ActionRow("viewer.colours", "Read colours as RGB, YBR, the file", "Y", model.read_colours),
        ActionRow("viewer.like", "Find more like this", "Ctrl+M", model.search_like),
        ActionRow(
            "viewer.like_region",
            "Search for the marked region",
            "Shift+R",
            lambda: model.search_region(pane.measuring.region),
        ),
        ActionRow(
            "viewer.export_map",
            "Export the saliency map",
            "Shift+S",
            saliency.export_wanted.emit,
        ),
        *(
            ActionRow(
                f"viewer.window_{digit}",
                title,
                str(digit),
                partial(model.windows.choose_digit, digit),
            )
            for digit, title in enumerate(_WINDOWS)
        ),
    ]


def tool_rows(pane: ViewerPane) -> list[ActionRow]:
    """Return what the left button can do, measuring included, and cine."""

    def tool(which: Tool, title: str, key: str) -> ActionRow:
        use = partial(pane.measuring.switch, which)
        return ActionRow(f"viewer.tool_{which}", title, key, use, checkable=True)

    return [
        tool(Tool.WINDOW, "Drag the window", "W"),
        tool(Tool.PAN, "Drag the image", "T"),
        tool(Tool.ZOOM, "Drag the zoom", "Z"),
        tool(Tool.LENGTH, "Measure a length", "M"),
        tool(Tool.ANGLE, "Measure an angle", "A"),
        tool(Tool.ELLIPSE, "Measure in an ellipse", "G"),
        tool(Tool.RECTANGLE, "Measure in a rectangle", "Shift+G"),
        tool(Tool.HIDE, "Hide a part from the encoder", "Shift+H"),
        ActionRow(
            "viewer.remove_measurements",
            "Remove all measurements",
            "Shift+Del",
            pane.measuring.remove_all,
        ),
        ActionRow("viewer.cine", "Cine", "C", pane.run_cine, checkable=True),
    ]


def switches(model: ViewerModel, saliency: SaliencyModel, pane: ViewerPane) -> dict[str, bool]:
    """Return which of the checkable actions are on."""
    return {
        "viewer.encoder_view": model.encoder_view,
        "viewer.squares": saliency.choice.squares,
        "viewer.overlay": saliency.choice.method != "off",
        "viewer.fade": saliency.choice.fade,
        "viewer.contours": saliency.choice.contours,
        "viewer.swipe": saliency.choice.edge is not None,
        "viewer.mute": saliency.choice.mute,
        "viewer.column": saliency.choice.column,
        "viewer.cine": pane.cine.running,
        **{f"viewer.tool_{tool}": pane.measuring.tool is tool for tool in Tool},
        **{f"viewer.layer_{layer}": pane.layers.shows(layer) for layer in Layer},
    }


def layer_rows(pane: ViewerPane) -> list[ActionRow]:
    """Return the switches of what lies over a scan."""

    def layer(which: Layer, title: str, key: str) -> ActionRow:
        return ActionRow(
            f"viewer.layer_{which}",
            title,
            key,
            partial(pane.layers.switch, which),
            checkable=True,
        )

    return [
        layer(Layer.GRAPHICS, "Graphics of the file", "Shift+O"),
        layer(Layer.CROP, "What the encoder never sees", "Shift+E"),
        layer(Layer.WORDS, "Words in the corners", "Shift+T"),
        layer(Layer.LETTERS, "Letters of the sides", "Shift+L"),
    ]


def look_rows(saliency: SaliencyModel) -> list[ActionRow]:
    """Return the switches of the overlay and of its looks."""

    def switch(name: str, title: str, key: str, slot: Callable[..., None]) -> ActionRow:
        return ActionRow(f"viewer.{name}", title, key, slot, checkable=True)

    return [
        switch("overlay", "Overlay", "P", saliency.switch),
        switch("fade", "Fade low values of the overlay", "K", saliency.set_fade),
        switch("contours", "Contours in the place of colours", "Q", saliency.show_contours),
        switch("swipe", "Overlay on one side of an edge", "U", saliency.swipe),
        switch("mute", "Mute outlier tokens", "Shift+M", saliency.mute_outliers),
        switch("column", "Who attends to the chosen patch", "J", saliency.show_column),
    ]


def overlay_rows(saliency: SaliencyModel, pane: ViewerPane) -> list[ActionRow]:
    """Return the keys that the scan itself hears, for the help sheet."""
    hide, back = "Hide the overlay while held", "Let go of measurement or patch"
    remove = "Remove the chosen measurement"
    edge, patch = "Move the overlay's edge, where it has one", "Look from the next patch"
    return [
        ActionRow("viewer.hide_overlay", hide, "O", saliency.set_hidden),
        ActionRow("viewer.whole_image", back, "Esc", saliency.look_from_image),
        ActionRow("viewer.remove_measurement", remove, "Del", pane.measuring.remove),
        ActionRow(
            "viewer.edge", edge, "Shift+Left Shift+Right", partial(saliency.step_edge, EDGE_STEP)
        ),
        ActionRow(
            "viewer.patch",
            patch,
            "Ctrl+Left Ctrl+Right Ctrl+Up Ctrl+Down",
            partial(saliency.step_patch, 0, 1),
        ),
    ]
