"""A query of texts and files is explained by the vector that a collection searches with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import vlm_explorer as vlm
from vlm_explorer.cli import main
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import NotSupported, UsageError
from vlm_explorer.queries.explain_query import queried
from vlm_explorer.queries.search import SearchRequest, search
from vlm_explorer.queries.search_answer import SearchAnswer
from vlm_explorer.saliency.directions import Directed

TEXTS = '2:"effusion" - 0.5:"normal chest"'


def asked(collection: Collection, encoder: Encoder, query: str) -> SearchAnswer:
    return search(collection, encoder, SearchRequest(query=query, k=999))


@pytest.fixture
def files(collection: Collection) -> list[str]:
    """The files of single frames."""
    rows = collection.images.select(["file", "frame"]).to_pylist()
    names = [row["file"] for row in rows]
    return [name for name in dict.fromkeys(names) if names.count(name) == 1]


@pytest.mark.parametrize("kind", ["texts", "both", "files", "region"])
def test_that_a_query_means_the_vector_that_is_searched_with(
    collection: Collection, encoder: Encoder, files: list[str], kind: str
) -> None:
    query = {
        "texts": TEXTS,
        "both": f'{TEXTS} + 0.25:"{files[0]}"',
        "files": f'"{files[0]}" - "{files[1]}"',
        "region": f'"{files[0]}[2,2,30,28]" + "effusion"',
    }[kind]
    explained, prompt = queried(encoder, query, "default")
    found = asked(collection, encoder, query)
    assert isinstance(explained, Directed)
    np.testing.assert_allclose(explained.direction.vector, found.vector, atol=2e-3)
    assert explained.direction.of_images == (kind == "files")
    assert explained.direction.opposed == (" - " in query)
    assert not any(Path(name).name in prompt for name in files[:2]), "files are not named"


@pytest.mark.parametrize("method", ["decomp", "patchsim", "occlusion"])
def test_that_the_map_of_a_query_is_the_same_sum_of_the_maps_of_its_texts(
    encoder: Encoder, files: list[str], method: str
) -> None:
    whole = vlm.explain(files[0], query=TEXTS, encoder=encoder, method=method)
    parts = vlm.explain(files[0], ["effusion", "normal chest"], encoder=encoder, method=method)
    one, other = encoder.encode_texts(["effusion", "normal chest"]).astype(np.float64)
    length = np.linalg.norm(2 * one - 0.5 * other)
    expected = (2 * parts.grid[0] - 0.5 * parts.grid[1]) / length
    np.testing.assert_allclose(whole.grid[0], expected, atol=1e-4)
    assert whole.target["prompts"] == ["2 × “effusion” − 0.5 × “normal chest”"]


def test_that_the_score_is_the_cosine_by_which_images_are_ranked(
    collection: Collection, encoder: Encoder, files: list[str]
) -> None:
    cosine = {hit.file: hit.cosine for hit in asked(collection, encoder, TEXTS).hits}
    for name in files[:3]:
        both = vlm.explain(name, "effusion", query=TEXTS, encoder=encoder)
        assert both.grid.shape[0] == 2
        assert both.score[1] == pytest.approx(cosine[name], abs=2e-3)
        own = vlm.explain(name, "effusion", encoder=encoder)
        assert both.score[0] == pytest.approx(own.score[0], abs=1e-6)
        np.testing.assert_allclose(both.grid[0], own.grid[0], atol=1e-6)


def test_that_a_single_text_is_its_own_prompt(encoder: Encoder, files: list[str]) -> None:
    query = vlm.explain(files[0], query='2:"effusion"', encoder=encoder)
    text = vlm.explain(files[0], "effusion", encoder=encoder)
    assert query.target == text.target
    np.testing.assert_array_equal(query.grid, text.grid)


def test_that_methods_that_cannot_explain_a_query_are_refused_by_reason(
    encoder: Encoder, files: list[str]
) -> None:
    itself = f'"{files[0]}"'
    for method in ("gradattn", "gradcam"):
        with pytest.raises(NotSupported, match="the scan that is searched for") as refused:
            vlm.explain(files[0], query=itself, encoder=encoder, method=method)
        assert method not in refused.value.hint
        assert "occlusion" in refused.value.hint
    for method in ("auto", "occlusion"):
        found = vlm.explain(files[0], query=itself, encoder=encoder, method=method)
        assert found.score[0] == pytest.approx(1, abs=2e-3)
    assert vlm.explain(files[1], query=itself, encoder=encoder, method="gradattn").signed is False


@pytest.mark.parametrize("query", ['"a" - ', "effusion", '- "a"', '"mean({id},{id})"', '"{id}"'])
def test_that_what_cannot_be_read_without_a_collection_is_no_query(
    collection: Collection, encoder: Encoder, files: list[str], query: str
) -> None:
    (own,) = collection.images["image_id"].slice(0, 1).to_pylist()
    with pytest.raises(UsageError):
        vlm.explain(files[0], query=query.replace("{id}", own), encoder=encoder)


def test_that_checks_ask_the_query_again(encoder: Encoder, files: list[str]) -> None:
    found = vlm.explain(files[0], query=TEXTS, encoder=encoder, method="decomp")
    (checks,) = vlm.check_explanation(
        files[0], found, encoder=encoder, query=TEXTS, which=("repeatability",)
    )
    assert checks.repeatability is not None
    assert checks.repeatability.largest_difference < 1e-4


def test_that_the_command_explains_a_query_and_names_no_file_of_it(
    encoder: Encoder,
    model_folder: Path,
    files: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    query = f'{TEXTS} + "{files[1]}"'
    asked = ["explain", files[0], "--query", query, "--model", str(model_folder), "--json"]
    figure = tmp_path / "map.svg"
    assert main([*asked, "--method", "decomp", "--figure", str(figure), "--checks"]) == 0
    facts = json.loads(capsys.readouterr().out)
    expected = vlm.explain(files[0], query=query, encoder=encoder, method="decomp")
    assert facts["prompts"] == ["2 × “effusion” − 0.5 × “normal chest” + image"]
    np.testing.assert_allclose(facts["score"], expected.score, atol=1e-3)
    assert facts["checks"]["repeatability"][0]["largest_difference"] < 1e-4
    (record,) = tmp_path.glob("*.json")
    written = record.read_text(encoding="utf-8") + figure.read_text(encoding="utf-8")
    assert "normal chest" in written
    assert Path(files[1]).name not in written
    assert main([*asked, "--words"]) == 2
