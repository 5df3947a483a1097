"""Which precision is chosen, from figures that are given."""

from __future__ import annotations

import os

import pytest

from vlm_explorer.encoders.precision import (
    FASTER_THAN_FILES,
    Speed,
    check_precision,
    decide,
    default_batch,
    fast_enough,
)
from vlm_explorer.errors import UsageError

EXACT = Speed(4.0, 1.0, 8)


def test_that_the_fastest_faithful_precision_is_taken_and_the_reason_given():
    speeds = {"fp32": EXACT, "fp16": Speed(9.0, 0.99991, 8), "bf16": Speed(10.0, 0.9998, 16)}
    choice = decide("auto", "cuda:0", speeds)
    assert (choice.device, choice.precision, choice.batch_size) == ("cuda:0", "bf16", 16)
    assert choice.cosine == 0.9998
    assert choice.images_per_second == {"fp32": 4.0, "fp16": 9.0, "bf16": 10.0}
    assert choice.why == (
        "bf16 is 2.5 times as fast here as fp32 (10 against 4 images/s), "
        "and the lowest cosine to fp32 of the probe images is 0.99980."
    )
    assert not choice.warning


@pytest.mark.parametrize("cosine", [0.9994, 0.0, None])
def test_that_a_precision_that_changes_vectors_is_never_taken_unasked(cosine):
    choice = decide("auto", "cpu", {"fp32": EXACT, "bf16": Speed(40.0, cosine, 8)})
    assert (choice.precision, choice.cosine) == ("fp32", 1.0)
    assert "changes vectors" in choice.why


def test_that_a_slower_faithful_precision_goes_before_a_faster_one_that_is_not():
    speeds = {"fp32": EXACT, "fp16": Speed(9.0, 0.9999, 8), "bf16": Speed(10.0, 0.9, 8)}
    assert decide("auto", "mps", speeds).precision == "fp16"


def test_that_half_precision_must_be_clearly_faster():
    choice = decide("auto", "cpu", {"fp32": EXACT, "bf16": Speed(4.7, 0.9999, 8)})
    assert choice.precision == "fp32"
    assert choice.why == "bf16 is not clearly faster here than fp32 (4.7 against 4 images/s)."
    assert decide("auto", "cpu", {"fp32": EXACT, "bf16": Speed(4.8, 0.9999, 8)}).precision == "bf16"


def test_that_a_tower_faster_than_files_stays_exact():
    rate = FASTER_THAN_FILES * (os.cpu_count() or 1)
    assert fast_enough(rate)
    assert not fast_enough(0.99 * rate)
    assert "than files" in decide("auto", "cpu", {"fp32": Speed(rate, 1.0, 32)}).why
    assert "alone works" in decide("auto", "cpu", {"fp32": EXACT}).why


def test_that_a_named_precision_is_taken_with_a_warning_where_it_changes_vectors():
    speeds = {"fp32": EXACT, "bf16": Speed(1.0, 0.991234, 8)}
    choice = decide("bf16", "cpu", speeds, batch_size=5)
    assert (choice.precision, choice.cosine, choice.batch_size) == ("bf16", 0.991234, 5)
    assert "In bf16" in choice.warning
    assert "0.9912" in choice.warning
    assert not decide("bf16", "cpu", {"fp32": EXACT, "bf16": Speed(1, 0.9995, 8)}).warning
    exact = decide("fp32", "cpu", {})
    assert (exact.cosine, exact.warning, exact.batch_size) == (1.0, "", default_batch("cpu"))


def test_that_other_names_are_wrong_usage():
    with pytest.raises(UsageError, match="no precision called"):
        check_precision("int8")
