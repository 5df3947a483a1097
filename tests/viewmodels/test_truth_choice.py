from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from shell_collection import build_collection

from vlm_explorer.collection.store import Collection
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.label_set import Label
from vlm_explorer.viewmodels.background import Opened
from vlm_explorer.viewmodels.evaluate_words import unmeasured
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.truth_choice import MOST_LISTED
from vlm_explorer.viewmodels.truth_look import look

Settle = Callable[[Session], None]


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


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return build_collection(tmp_path / "small.vlmx", 6)


def write(table: Path, place: Path, *, more: str = "") -> Path:
    """Write a table of 0 and 1 about the images of a collection."""
    files = Collection(place).images["file"].to_pylist()
    lines = [f"{file},{n % 2},{(n + 1) % 2}{more}" for n, file in enumerate(files)]
    head = "Path,Effusion,Lung Lesion" + more
    table.write_text("\n".join([head, *lines]), encoding="utf-8")
    return table


def choose(session: Session, place: Path, table: Path, settle: Settle) -> None:
    """Open a collection, and say what is true of it."""
    session.open(place)
    settle(session)
    choice = session.truth_choice
    choice.read_table(table)
    settle(session)
    choice.correct("Nodule", ("lung lesion",))
    choice.count(blank="absent", uncertain="present")


def open_again(session: Session, place: Path, settle: Settle) -> list[str]:
    """Close a collection, open it and look what is true; return what is said meanwhile."""
    session.close()
    settle(session)
    assert session.truth_choice.table is None
    said: list[str] = []
    session.messages.message.connect(lambda _level, text, _hint: said.append(text))
    session.open(place)
    settle(session)
    session.truth_choice.look()
    settle(session)
    return said


def test_that_the_table_and_what_stands_for_the_labels_are_remembered(
    shell_session: Session, place: Path, tmp_path: Path, settle: Settle
) -> None:
    session, choice = shell_session, shell_session.truth_choice
    table = write(tmp_path / "truth.csv", place)
    choose(session, place, table, settle)
    kept = json.dumps(session.kept.values["truth"])
    files = Collection(place).images["file"].to_pylist()
    assert not any(Path(file).name in kept for file in files), "nothing of what the table says"
    assert open_again(session, place, settle) == []
    assert (choice.table, choice.column) == (table, "0/1")
    assert choice.corrections == (("Nodule", ("lung lesion",)),)
    assert choice.counting == ("absent", "present")
    choice.forget_table()
    settle(session)
    assert open_again(session, place, settle) == []
    assert (choice.table, choice.column) == (None, "label")
    assert choice.counting == ("left-out", "left-out"), "labels have no such cells"


def test_that_a_table_that_is_gone_or_changed_is_told_and_its_place_remembered(
    shell_session: Session, place: Path, tmp_path: Path, settle: Settle
) -> None:
    session, choice = shell_session, shell_session.truth_choice
    table = write(tmp_path / "truth.csv", place)
    choose(session, place, table, settle)
    away = table.rename(tmp_path / "away.csv")
    gone = "The table truth.csv is gone: the collection's own columns say what is true."
    assert open_again(session, place, settle) == [gone]
    assert (choice.table, choice.column) == (None, "label")
    assert choice.known is not None
    assert gone in choice.known.notes
    assert gone in unmeasured(choice, 3, 6, "shown")
    away.rename(table)
    assert open_again(session, place, settle) == []
    assert choice.corrections == (("Nodule", ("lung lesion",)),)
    table.write_text(
        write(table, place, more=",0").read_text(encoding="utf-8").replace("Lung Lesion", "Scar"),
        encoding="utf-8",
    )
    changed = "The table truth.csv has changed since it was read last."
    assert open_again(session, place, settle) == [changed]
    assert choice.table == table
    assert choice.corrections == (), "what stood for a label is not there any more"
    table.write_text("Path,Effusion\nnone.png,1\n", encoding="utf-8")
    (told,) = open_again(session, place, settle)
    assert "names no image" in told
    assert choice.table is None


@pytest.mark.parametrize(
    "kept", [3, {"table": 4}, {"stands": {"a": "b"}, "stamp": ["x", 1]}, {"column": "none"}, {}]
)
def test_that_what_another_version_kept_is_no_error(
    shell_session: Session, place: Path, settle: Settle, kept: object
) -> None:
    session = shell_session
    session.open(place)
    settle(session)
    session.kept.put("truth", kept)
    assert open_again(session, place, settle) == []
    assert session.truth_choice.column == "label"
    assert session.truth_choice.corrections == ()
