from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.expression import Term, parse_expression, write_expression
from vlm_explorer.queries.search import SearchRequest, query_vector

WORDS = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=20).filter(
    lambda text: text == text.strip() and text
)
WEIGHTS = st.floats(0.001, 1000).map(lambda weight: float(f"{weight:.6g}"))


@given(st.lists(st.tuples(WORDS, WEIGHTS, st.booleans()), min_size=1, max_size=6))
def test_that_what_is_written_is_read_again(parts: list[tuple[str, float, bool]]) -> None:
    terms = tuple(Term(text, weight if wanted else -weight) for text, weight, wanted in parts)
    terms = (*terms, Term("always wanted"))
    assert parse_expression(write_expression(terms)) == terms


@pytest.mark.parametrize(
    ("expression", "place"),
    [
        ('"a" "b"', "character 4"),
        ('"a" +"b"', "character 4"),
        ('"a" - ', "at its end"),
        ("", "at its end"),
        ("pleural effusion", "character 1"),
        ('"a" + x:"b"', "character 7"),
        ('""', "character 1"),
        ('-"a"', "only what is not wanted"),
        ('0:"a"', "weights of the query are 0"),
    ],
)
def test_that_what_cannot_be_read_is_said_with_its_place(expression: str, place: str) -> None:
    with pytest.raises(UsageError, match=place):
        parse_expression(expression)


def test_that_the_vector_is_the_weighted_sum_of_its_terms(
    collection: Collection, encoder: Encoder
) -> None:
    row = collection.images.to_pylist()[0]
    for name in (row["file"], row["image_id"]):
        query = f'2:"pleural effusion" + .5:"{Path(name)}" - "pacemaker"'
        found = query_vector(collection, encoder, SearchRequest(query=query))
        words = encoder.encode_texts(["pleural effusion", "pacemaker"]).astype(np.float64)
        expected = 2 * words[0] + 0.5 * collection.vectors()[0] - words[1]
        np.testing.assert_allclose(found, expected / np.linalg.norm(expected), atol=2e-3)


def test_that_words_of_a_plain_text_are_never_taken_for_a_file(
    collection: Collection, encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lung").write_bytes(b"not an image")
    found = query_vector(collection, encoder, SearchRequest(texts=("lung",)))
    np.testing.assert_allclose(found, encoder.encode_texts(["lung"])[0], atol=1e-6)
