"""What the prompt bar says and greys of a text, from what the encoder read of it."""

from __future__ import annotations

from vlm_explorer.encoders.encoder import TextReading
from vlm_explorer.viewmodels.prompt_words import (
    tokens_in_words,
    warning_in_words,
    words_without_effect,
)


def greyed(text: str, reading: TextReading) -> list[str]:
    units = text.encode("utf-16-le")
    return [
        units[2 * start : 2 * (start + length)].decode("utf-16-le")
        for start, length in words_without_effect(text, reading)
    ]


def test_that_only_the_last_words_are_unread_though_others_are_equal():
    reading = TextReading(12, 12, ("left", "lung"), ())
    text = "left lung  left lung left lung"
    assert greyed(text, reading) == ["left", "lung"]
    assert words_without_effect(text, reading) == [(21, 4), (26, 4)]


def test_that_unknown_words_are_greyed_wherever_they_stand():
    reading = TextReading(9, 77, (), ("zzz", "☃"))
    assert greyed("(zzz), left ☃ zzz", reading) == ["(zzz),", "☃", "zzz"]


def test_that_places_are_counted_as_qt_counts():
    reading = TextReading(9, 77, (), ("zzz",))
    assert words_without_effect("🫁 zzz", reading) == [(3, 3)]


def test_that_it_is_not_guessed_where_the_encoder_stops_reading_another_text():
    reading = TextReading(12, 12, ("left", "lung"), ("zzz",))
    assert words_without_effect("zzz left lung left", reading, stale=True) == [(0, 3)]


def test_that_nothing_is_greyed_or_said_before_the_encoder_has_read():
    assert words_without_effect("left", None) == []
    assert tokens_in_words(None) == ""
    assert warning_in_words(None) == ""


def test_that_tokens_and_warnings_are_in_words():
    assert tokens_in_words(TextReading(5, 77, (), ())) == "5 of 77 tokens"
    assert warning_in_words(TextReading(5, 77, (), ())) == ""
    assert warning_in_words(TextReading(5, 77, (), ("zzz", "yyy"))) == (
        "This encoder never met: zzz, yyy. Try other words."
    )
    long = ("a", "b", "c", "d", "e")
    assert warning_in_words(TextReading(77, 77, long, ())) == (
        "Too long for this encoder: it reads nothing from “a b c d” on."
    )
    assert warning_in_words(TextReading(77, 77, long, ("zzz",))) == (
        "This encoder never met: zzz. It reads nothing from “a b c d” on."
    )
