"""Dates leave a trace of their distance only."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlm_explorer.pipeline.dates import moved_day, moved_time

SALT = bytes(range(16))
DATES = st.dates(datetime.date(1900, 1, 1), datetime.date(2100, 1, 1))


@given(DATES, DATES, st.text(min_size=1))
def test_that_the_distance_of_two_studies_of_a_patient_stays(
    one: datetime.date, other: datetime.date, patient: str
) -> None:
    moved = [moved_day(SALT, patient, f"{date:%Y%m%d}") for date in (one, other)]
    assert moved[0] is not None
    assert moved[1] is not None
    assert moved[1] - moved[0] == (other - one).days


def test_that_a_date_is_moved_by_another_number_for_each_patient_and_collection() -> None:
    true = datetime.date(2019, 8, 17).toordinal()
    moved = {
        moved_day(salt, patient, "20190817")
        for salt in (SALT, SALT[::-1])
        for patient in ("one", "other")
    }
    assert len(moved) == 4
    assert true not in moved


@pytest.mark.parametrize("date", ["", "2019", "20191340", "unknown", "2019081 "])
def test_that_what_is_no_date_has_no_day(date: str) -> None:
    assert moved_day(SALT, "one", date) is None
    assert moved_time(SALT, "one", f"{date:8}101500") is None


def test_that_without_a_patient_no_days_are_counted() -> None:
    assert moved_day(SALT, "", "20190817") is None


@pytest.mark.parametrize(
    ("early", "late", "seconds"),
    [
        ("20190817101500", "20190817101500.25", 0.25),
        ("2019081710", "201908171001", 60),
        ("20190817235959", "20190818000001.000000", 2),
        ("20190817072059 ", "20190817082059", 3600),
    ],
)
def test_that_times_keep_their_distance_over_midnight(
    early: str, late: str, seconds: float
) -> None:
    first, second = moved_time(SALT, "one", early), moved_time(SALT, "one", late)
    assert first is not None
    assert second is not None
    assert second - first == pytest.approx(seconds, abs=1e-3)


@pytest.mark.parametrize("time", ["", "1", "10:1", "ab", "101500,5"])
def test_that_a_time_of_day_that_makes_no_sense_is_unknown(time: str) -> None:
    assert moved_time(SALT, "one", "20190817" + time) is None
