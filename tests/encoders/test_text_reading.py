from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_folders import BUILDERS


def test_that_a_short_text_is_read_whole(kind, encoders):
    reading = encoders[kind].read_text("pleural effusion")
    assert reading.unread == ()
    assert reading.unknown == ()
    assert reading.tokens_allowed == encoders[kind].context_length
    assert 2 < reading.tokens_used < reading.tokens_allowed


def test_that_an_empty_text_is_only_marks(kind, encoders):
    reading = encoders[kind].read_text("")
    assert reading.tokens_used in (1, 2)
    assert (reading.unread, reading.unknown) == ((), ())


def test_that_biomedclips_window_is_256_tokens(encoders):
    reading = encoders["biomedclip"].read_text("left " * 260 + "lung")
    assert (reading.tokens_used, reading.tokens_allowed) == (256, 256)
    assert reading.unread == ("left",) * 6 + ("lung",)


@settings(max_examples=60, deadline=None)
@given(words=st.lists(st.sampled_from(["left", "Pneumothorax,", "x-ray", "qwxz"]), max_size=120))
@pytest.mark.parametrize("kind", BUILDERS)
def test_that_unread_words_do_not_change_the_row(kind, encoders, words):
    tokenizer = encoders[kind].tokenizer
    reading = encoders[kind].read_text(" ".join(words))
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
