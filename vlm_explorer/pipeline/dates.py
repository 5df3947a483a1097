"""Dates, moved so that only how long after one another things were made can be told.

As in DICOM's option to retain longitudinal information with modified dates (PS3.15 E.3.6): all
dates of a patient are moved by one number of days, which follows from the collection's salt and
from the patient's id, neither of which is in a record. The distance of two dates of a patient
stays; the dates are gone.
"""

from __future__ import annotations

import datetime
import hmac

_RANGE = 36_500  # days by which dates are moved at most: a hundred years
_DAY = 86_400  # s


def moved_day(salt: bytes, patient: str, date: str) -> int | None:
    """Return a day's number, moved; None without a patient, or where there is no date.

    Args:
        date: YYYYMMDD, as DICOM writes it (PS3.5, value representation DA).
    """
    day = _day(date)
    return None if day is None or not patient else day + _shift(salt, patient) // _DAY


def moved_time(salt: bytes, patient: str, moment: str) -> float | None:
    """Return a moment in seconds, moved; None where no time of day is given.

    Args:
        patient: or whatever else has times that are compared.
        moment: YYYYMMDD and HHMMSS.FFFFFF, which may be cut short after the hour (TM).
    """
    day, seconds = _day(moment[:8]), _seconds(moment[8:])
    if day is None or seconds is None:
        return None
    return float(day * _DAY + seconds + _shift(salt, patient))


def _shift(salt: bytes, patient: str) -> int:
    """Return by how many seconds a patient's times are moved."""
    digest = hmac.new(salt, f"dates {patient}".encode(), "sha256").digest()
    return int.from_bytes(digest[:8]) % (_RANGE * _DAY)


def _day(date: str) -> int | None:
    digits = date.replace(".", "").replace("-", "")  # as files of before 1993 write them
    if len(digits) != 8:
        return None  # strptime would be content with less
    try:
        return datetime.datetime.strptime(digits, "%Y%m%d").toordinal()
    except ValueError:
        return None


def _seconds(time: str) -> float | None:
    whole, _, fraction = time.strip().replace(":", "").partition(".")
    if len(whole) not in (2, 4, 6) or not whole.isdigit() or not (fraction or "0").isdigit():
        return None
    hours, minutes, seconds = (int(whole[at : at + 2] or 0) for at in (0, 2, 4))
    return 3600 * hours + 60 * minutes + seconds + float(f"0.{fraction or 0}")
