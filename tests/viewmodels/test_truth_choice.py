from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

from shell_collection import build_collection

from vlm_explorer.collection.store import Collection
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.label_set import Label
from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.truth_choice import MOST_LISTED, look


def test_that_labels_are_matched_with_all_values_and_not_only_with_those_listed(
    tmp_path: Path, session: Session
) -> None:
    collection = Collection(build_collection(tmp_path / "small.vlmx", 6))
    files = collection.images["file"].to_pylist()
    many = [f"finding {number:04}" for number in range(MOST_LISTED)]
    table = tmp_path / "truth.csv"
    cells = ["; ".join(many), *["zoster"] * 5]
    lines = [f"{file},{cell}" for file, cell in zip(files, cells, strict=True)]
    table.write_text("\n".join(["file,seen", *lines]), encoding="utf-8")
    content = cast(Opened, SimpleNamespace(collection=collection))
    _, known = look(content, table, context=JobContext())
    choice = session.truth_choice
    choice.known, choice.column = known, "seen"
    assert len(choice.values) == MOST_LISTED + 1
    assert choice.listed == tuple(many)
    assert choice.stands((Label("Zoster"),)) == {"Zoster": ("zoster",)}
