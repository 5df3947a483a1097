"""Planted identifiers: none gets out of an export unless it was asked for."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from planted_scans import DESCRIPTIONS, IDENTIFIERS, PATHS, Planted, found_in, found_in_file, plant

from vlm_explorer.api import open_collection
from vlm_explorer.cli import main

HIDDEN = (*IDENTIFIERS, *DESCRIPTIONS, *PATHS)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return plant(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def place(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection that is called after the patient, too."""
    folder = tmp_path_factory.mktemp("user") / f"{planted.folder.name}.vlmx"
    words = ["index", str(planted.folder), "--to", str(folder), "--model", "demo", "--quiet"]
    assert main(words) == 0
    return folder


def found_within(folder: Path) -> list[str]:
    """Return what ought to be hidden and comes out in a folder, names of files included."""
    found = []
    for file in folder.rglob("*"):
        found += found_in(str(file.relative_to(folder)), HIDDEN)
        if file.is_file() and file.stem != "tensors":  # nothing but digits, among which all occur
            found += found_in_file(file, HIDDEN)
    return found


QUICK = [("a.csv", None), ("a.svg", None)]  # a table, and a figure with its words
OTHERS = [
    ("a.parquet", None),
    ("a.npz", None),
    ("a.png", None),
    ("a.parquet", "atlas"),
    ("tb", "tensorboard"),
]


@pytest.mark.usefixtures("started_as_users_do")
@pytest.mark.parametrize(
    ("name", "kind"),
    [*QUICK, *(pytest.param(*each, marks=pytest.mark.slow) for each in OTHERS)],
    ids=lambda value: str(value),
)
def test_that_no_identifier_path_or_description_goes_out_by_itself(
    name: str, kind: str | None, place: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(place), "--to", str(tmp_path / name), "--layout", "pca/raw"]
    words += ["--text", "effusion", "--labels", "effusion", "normal"]
    words += ["--format", kind] if kind else []
    assert main(words) == 0
    assert found_within(tmp_path) == []
    out, err = capfd.readouterr()
    assert found_in((out + err).replace(str(place), ""), HIDDEN) == []


def test_that_thumbnails_and_keys_name_nobody_and_go_out_only_when_asked(
    place: Path, tmp_path: Path
) -> None:
    collection = open_collection(place)
    collection.export(tmp_path / "plain.parquet", layout="none")
    collection.export(
        tmp_path / "more.parquet", layout="none", with_keys=True, with_thumbnails=True
    )
    plain = pq.read_table(tmp_path / "plain.parquet")
    more = pq.read_table(tmp_path / "more.parquet")
    assert set(more.column_names) - set(plain.column_names) == {
        "patient", "study", "series", "thumbnail"
    }  # fmt: skip
    assert all(more["patient"].to_pylist())
    assert found_within(tmp_path) == []


def test_that_paths_go_out_where_they_are_asked_for(place: Path, tmp_path: Path) -> None:
    collection = open_collection(place)
    for name, switches in (("a.txt", {}), ("a.csv", {"with_files": True, "layout": "none"})):
        collection.export(tmp_path / name, **switches)
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert found_in(text, PATHS) == list(PATHS)
        assert found_in(text, DESCRIPTIONS) == []
        assert found_in((tmp_path / f"{name}.json").read_text(encoding="utf-8"), HIDDEN) == []


def test_that_copies_are_named_after_nobody(place: Path, tmp_path: Path) -> None:
    open_collection(place).export(tmp_path / "copies", format="copies")
    names = "\n".join(path.name for path in (tmp_path / "copies").iterdir())
    assert found_in(names, HIDDEN) == []
    for name in ("manifest.csv", "provenance.json"):
        text = (tmp_path / "copies" / name).read_text(encoding="utf-8")
        assert found_in(text, HIDDEN) == []
