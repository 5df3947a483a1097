"""What can be done with two scans and with the series of a study, with its keys."""

from __future__ import annotations

from collections.abc import Callable

from vlm_explorer.viewmodels.comparison import Comparison
from vlm_explorer.viewmodels.viewer_series import SeriesTracker
from vlm_explorer.widgets.actions import ActionRow

COMPARE = "Compare with another scan"

# What the bar of tools shows, with the names of the icons.
COMPARE_TOOLS = {"viewer.compare": "ph.columns"}


def compare_rows(
    comparison: Comparison,
    toggle_strip: Callable[[], object],
    show_bare_scan: Callable[[], object],
) -> list[ActionRow]:
    """Return what concerns both panes, from anywhere in the viewer."""
    other = comparison.activate_other
    return [
        ActionRow("viewer.compare", COMPARE, "X", comparison.toggle),
        ActionRow("viewer.bare_scan", "Beside the bare scan", "D", show_bare_scan),
        ActionRow("viewer.link", "Link scrolling of two scans", "Shift+X", comparison.toggle_link),
        ActionRow("viewer.other_pane", "Go to the other scan", "Ctrl+Tab", other),
        ActionRow("viewer.series_strip", "Series of the study", "N", toggle_strip),
    ]


def order_rows(series: SeriesTracker) -> list[ActionRow]:
    """Return what concerns the series of one pane."""
    return [ActionRow("viewer.reverse", "Reverse the order of the series", "B", series.reverse)]
