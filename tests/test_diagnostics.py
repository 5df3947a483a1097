from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from vlm_explorer import diagnostics, paths


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_that_the_trace_of_a_crash_is_there_at_the_next_start(own_home: Path) -> None:
    code = (
        "import os, signal\n"
        "from vlm_explorer import diagnostics\n"
        "assert diagnostics.start() == ''\n"
        "os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGSEGV
    try:
        assert "Segmentation fault" in diagnostics.start()
    finally:
        diagnostics.end()


def test_that_a_run_that_ends_well_leaves_no_trace(own_home: Path) -> None:
    diagnostics.start()
    diagnostics.end()
    assert diagnostics.start() == ""
    diagnostics.end()


def test_that_records_reach_the_log_file(own_home: Path) -> None:
    diagnostics.start()
    logging.getLogger("vlm_explorer.test").info("opened")
    diagnostics.end()
    assert "vlm_explorer.test: opened" in (own_home / "log" / diagnostics.LOG).read_text()


def test_that_a_log_folder_that_cannot_be_made_costs_only_the_log(own_home: Path) -> None:
    (own_home / "log").write_text("in the way")
    assert diagnostics.start() == ""
    diagnostics.end()


def test_that_the_log_holds_no_message_of_an_exception_and_of_no_library(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    diagnostics.start()
    try:
        try:
            try:
                Path(tmp_path / "DOE_JANE.dcm").read_bytes()
            except OSError as error:
                raise ValueError("Invalid value: 'Doe^Jane'") from error
        except ValueError:
            logging.getLogger("vlm_explorer.test").exception("It went wrong")
        logging.getLogger("pydicom").warning("Invalid value for VR UI: %s", "Doe^Jane")
    finally:
        diagnostics.end()
    caplog.clear()
    text = (paths.log_folder() / diagnostics.LOG).read_text(encoding="utf-8")
    assert "ERROR vlm_explorer.test: It went wrong" in text
    assert "ValueError" in text
    assert "FileNotFoundError" in text
    assert "WARNING pydicom: message at " in text
    assert "test_that_the_log_holds_no_message" in text
    assert "doe" not in text.casefold()
    assert str(tmp_path) not in text
