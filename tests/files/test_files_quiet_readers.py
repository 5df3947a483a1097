"""Readers' warnings are ignored while a file is read, and only theirs."""

from __future__ import annotations

import logging
import threading
import warnings

import pydicom
import pytest

from vlm_explorer.files.quiet_readers import quiet_readers

pydicom.config.debug(False)  # sets up its logger, as its import does


def warn_as_pydicom() -> None:
    """Warn in the name of a module of pydicom."""
    warnings.warn_explicit("Doe^John", UserWarning, "x.py", 1, module="pydicom.valuerep")


def test_that_warnings_and_records_of_pydicom_are_dropped(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with quiet_readers():
        warn_as_pydicom()
        logging.getLogger("pydicom").error("Doe^John")
        logging.getLogger("pydicom.pixels.decoders.base").error("Doe^John")
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")


def test_that_the_warnings_of_others_are_not_touched() -> None:
    with quiet_readers(), pytest.raises(UserWarning):
        warnings.warn("of this test", stacklevel=1)


def test_that_everything_is_as_before_afterwards() -> None:
    before = list(warnings.filters), logging.getLogger("pydicom").level
    with quiet_readers(), quiet_readers():
        pass
    assert (list(warnings.filters), logging.getLogger("pydicom").level) == before
    with pytest.raises(UserWarning):
        warn_as_pydicom()


def test_that_one_reader_leaving_does_not_disturb_another() -> None:
    inside, leave = threading.Event(), threading.Event()

    def read() -> None:
        with quiet_readers():
            inside.set()
            leave.wait(10)

    other = threading.Thread(target=read)
    other.start()
    assert inside.wait(10)
    with quiet_readers():
        leave.set()
        other.join()
        warn_as_pydicom()
