"""The panel to filter by a column: a range for numbers, a list to tick for categories."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from vlm_explorer.viewmodels.columns import Column
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.category_panel import CategoryPanel
from vlm_explorer.widgets.flyout import Flyout
from vlm_explorer.widgets.range_panel import RangePanel


def filter_panel(owner: QWidget, session: Session, column: Column) -> Flyout:
    """Return the panel for a column; `open` shows it at its owner."""
    kind = RangePanel if column.is_number else CategoryPanel
    return kind(owner, session, column)
