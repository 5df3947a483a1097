"""Ready-made label sets, as the window offers them."""

from __future__ import annotations

from vlm_explorer.queries.label_set import LabelSet
from vlm_explorer.queries.label_shelf import find_label_set, ready_made

__all__ = ["LabelSet", "label_set", "load_label_sets"]

load_label_sets = ready_made
label_set = find_label_set
