from __future__ import annotations

from collections import ChainMap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_folders import BUILDERS, TRANSFORMERS_BUILDERS

KINDS = (*BUILDERS, *TRANSFORMERS_BUILDERS)


@pytest.fixture(scope="session")
def readers(encoders, transformers_encoders) -> ChainMap:
    """Encoders of every kind and layout."""
    return ChainMap(encoders, transformers_encoders)


@pytest.mark.parametrize("kind", KINDS)
def test_that_a_short_text_is_read_whole(kind, readers):
    reading = readers[kind].read_text("pleural effusion")
    assert reading.unread == ()
    assert reading.unknown == ()
    assert reading.tokens_allowed == readers[kind].context_length
    assert 2 < reading.tokens_used < reading.tokens_allowed


@pytest.mark.parametrize("kind", KINDS)
def test_that_an_empty_text_is_only_marks(kind, readers):
    reading = readers[kind].read_text("")
    assert reading.tokens_used in (1, 2)
    assert (reading.unread, reading.unknown) == ((), ())


def test_that_biomedclips_window_is_256_tokens(encoders):
    reading = encoders["biomedclip"].read_text("left " * 260 + "lung")
    assert (reading.tokens_used, reading.tokens_allowed) == (256, 256)
    assert reading.unread == ("left",) * 6 + ("lung",)


@settings(max_examples=60, deadline=None)
@given(words=st.lists(st.sampled_from(["left", "Pneumothorax,", "x-ray", "qwxz"]), max_size=120))
@pytest.mark.parametrize("kind", KINDS)
def test_that_unread_words_do_not_change_the_row(kind, readers, words):
    tokenizer = readers[kind].tokenizer
    reading = readers[kind].read_text(" ".join(words))
    kept = words[: len(words) - len(reading.unread)]
    assert list(reading.unread) == words[len(kept) :]
    assert (
        len(tokenizer.tokens(" ".join(words))) > tokenizer.context_length - tokenizer.marks
    ) == (bool(reading.unread))
    assert len(tokenizer.tokens(" ".join(kept))) <= tokenizer.context_length - tokenizer.marks


def test_that_words_not_met_in_training_are_named_once_and_as_typed(encoders):
    reading = encoders["own vocabulary"].read_text(
        "No Glorp, no glioma-like mass (3 mm) of Glorp ☃"
    )
    assert reading.unknown == ("Glorp", "glioma-like", "mm", "☃")


def test_that_only_what_cannot_be_spelled_is_unknown_to_other_vocabularies(encoders):
    assert encoders["biomedclip"].read_text("glorp ☃ ✠ ☃").unknown == ("☃", "✠")
    assert encoders["siglip"].read_text("glorp ☃").unknown == ("☃",)
    assert encoders["clip-vit"].read_text("glorp ☃").unknown == ()


def test_that_transformers_tokenizers_say_what_they_cannot_spell(transformers_encoders):
    assert transformers_encoders["medsiglip"].read_text("left ☃ lung").unknown == ("☃",)
    for spells_all in ("pubmedclip", "tinyclip", "google-siglip2"):
        assert transformers_encoders[spells_all].read_text("glorp ☃").unknown == ()


@pytest.mark.parametrize("kind", KINDS)
def test_that_the_tokens_used_are_those_of_the_row(kind, readers):
    encoder = readers[kind]
    for text in ("pleural effusion", "normal chest x-ray of the left lung"):
        used = encoder.read_text(text).tokens_used
        row, longer = encoder.tokenizer([text, f"{text} left"]).tolist()
        padding = encoder.tokenizer([""])[0, -1].item()
        assert set(row[used:]) <= {padding}
        assert row[used - 1] != longer[used - 1], "the end mark of one, a word of the other"
        assert row[: used - 1] == longer[: used - 1]
