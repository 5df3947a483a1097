"""What was searched for goes out whole, and the command in the record makes the same table."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import numpy as np
import pytest

from vlm_explorer.api import Collection
from vlm_explorer.cli import main
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.export.query import ExportQuery
from vlm_explorer.queries.examples import Picture, Region, Several, several_in
from vlm_explorer.queries.expression import Term

RANKINGS = (
    {},
    {"rank_by": "csls"},
    {"rank_by": "inverted-softmax", "per": "series", "reduce": "mean"},
    {"per": "patient", "reduce": "top-k-mean", "top": 2},
    {"fuse": "z", "diversity": 0.4},
)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name] or "nan") for row in rows])


@pytest.fixture
def asked(collection: Collection) -> str:
    """Two texts, an image and a region of one, weighed."""
    first, second = collection.images["image_id"].to_pylist()[:2]
    return f'2:"effusion" - 0.5:"normal" + 0.25:"{first}" + "{second}[0,0,20,20]"'


def test_that_the_cosine_is_that_with_the_weighed_sum_of_unit_vectors(
    collection: Collection, encoder: Encoder, tmp_path: Path
) -> None:
    key = collection.images["image_id"].to_pylist()[1]
    query = f'2:"effusion" - "normal" + 0.25:"{key}"'
    collection.export(tmp_path / "a.csv", query=query, layout="none")
    rows = rows_of(tmp_path / "a.csv")
    vectors = collection.vectors(encoder.id).astype(np.float64)
    wanted, unwanted = encoder.encode_texts(["effusion", "normal"]).astype(np.float64)
    whole = 2 * wanted - unwanted + 0.25 * vectors[1] / np.linalg.norm(vectors[1])
    expected = vectors @ (whole / np.linalg.norm(whole))
    cosine = column(rows, f"cosine to {query}")
    np.testing.assert_allclose(cosine, expected, atol=1e-5)
    np.testing.assert_array_equal(np.argsort(-cosine), np.argsort(column(rows, "rank")))


@pytest.mark.parametrize("ranking", RANKINGS)
def test_that_ranks_and_scores_are_those_of_the_search(
    collection: Collection, tmp_path: Path, asked: str, ranking: dict[str, object]
) -> None:
    collection.export(tmp_path / "a.csv", query=asked, layout="none", **ranking)  # type: ignore[arg-type]
    rows = rows_of(tmp_path / "a.csv")
    found = collection.search(query=asked, k=50, **ranking)  # type: ignore[arg-type]
    per = str(ranking.get("per", "image"))
    of_group = "" if per == "image" else f" of its {per}"
    ranks = dict(zip([r["image_id"] for r in rows], column(rows, f"rank{of_group}"), strict=True))
    assert [ranks[hit.image_id] for hit in found.hits] == [hit.rank for hit in found.hits]
    by = {row["image_id"]: row for row in rows}
    for hit in found.hits:
        row = by[hit.image_id]
        assert float(row[f"cosine to {asked}"]) == pytest.approx(hit.cosine, abs=1e-6)
        if of_group:
            assert float(row[f"score{of_group}"]) == pytest.approx(hit.score, abs=1e-9)
        elif "rank_by" in ranking:
            assert float(row["score"]) == pytest.approx(hit.score, abs=1e-9)


@pytest.mark.parametrize("ranking", RANKINGS)
def test_that_the_command_in_the_record_makes_the_same_table_to_the_digit(
    collection: Collection,
    indexed: Path,
    tmp_path: Path,
    asked: str,
    ranking: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = tmp_path / "a.csv"
    chosen = collection.images["image_id"].to_pylist()[1:5]
    report = collection.export(first, what=chosen, query=asked, layout="none", **ranking)  # type: ignore[arg-type]
    assert report.record is not None
    record = json.loads(report.record.read_text(encoding="utf-8"))
    assert record["query"]["ranking"]["rank_by"] == ranking.get("rank_by", "cosine")
    assert record["query"]["ranking"]["per"] == ranking.get("per", "image")
    if "rank_by" in ranking:
        assert "hubs counted over" in " ".join(record["columns"].values())
    assert record["query"]["fuse"] == ranking.get("fuse", "sum")
    assert [term["weight"] for term in record["query"]["terms"]] == [2.0, -0.5, 0.25, 1.0]
    words = shlex.split(record["command"])
    before = first.read_bytes()
    (tmp_path / "again").mkdir()
    (tmp_path / "again" / "a.csv.json").write_bytes(report.record.read_bytes())
    monkeypatch.chdir(tmp_path / "again")
    assert main([str(indexed) if word == "COLLECTION" else word for word in words[1:]]) == 0
    assert (tmp_path / "again" / "a.csv").read_bytes() == before


def test_that_files_in_a_query_go_by_number_in_the_record_and_by_path_in_the_window(
    tmp_path: Path,
) -> None:
    scan = tmp_path / "Doe^Jane.png"
    scan.write_bytes(b"")
    query = ExportQuery(
        (
            Term("effusion", 1.0, "text"),
            Term(str(scan), 2.0, "image"),
            Term("x", 1.0, "image", Region(str(scan), (0, 0, 9, 9))),
        )
    )
    assert "Doe" not in json.dumps(query.facts())
    assert "Doe" not in " ".join(query.options(bare=True))
    assert query.words == '"effusion" + 2:"./FILE-1" + "./FILE-2[0,0,9,9]"'
    whole = query.options(bare=False)[0]
    assert whole == f'--query="effusion" + 2:"{scan}" + "{scan}[0,0,9,9]"'


def test_that_a_mean_of_images_is_named_by_their_ids_and_read_again(
    collection: Collection, tmp_path: Path
) -> None:
    several = Several(tuple(collection.images["image_id"].to_pylist()[:3]))
    assert several_in(several.expression) == several
    assert several_in("mean arterial pressure") is None
    query = ExportQuery((Term(several.words, 1.0, "image", several),))
    assert query.words == '"mean of 3 images"'
    collection.export(tmp_path / "a.csv", query=f'"{several.expression}"', layout="none")
    found = collection.search(images=[several], k=50)
    values = column(rows_of(tmp_path / "a.csv"), f'cosine to "{several.words}"')
    np.testing.assert_allclose(values, found.cosine, atol=1e-6)


def test_that_a_pasted_picture_has_no_command_and_the_reason_is_said() -> None:
    picture = Picture.of(np.zeros((16, 16), np.uint8))
    query = ExportQuery((Term(picture.words, 1.0, "image", picture),))
    assert "lies in no file" in query.why_no_command
    assert query.options(bare=True) == []
    assert query.facts()["terms"][0]["picture"] == picture.digest


def test_that_how_a_query_ranks_needs_a_query_and_must_be_known(
    collection: Collection, indexed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = str(tmp_path / "a.csv")
    assert main(["export", str(indexed), "--to", place, "--rank-by", "csls"]) == 2
    assert "--query" in capsys.readouterr().err
    with pytest.raises(UsageError, match="no ranking"):
        collection.export(place, query='"effusion"', rank_by="best", layout="none")
