"""Every frame of every file at hand as the encoder gets it, against pydicom stage by stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.pixels import WHEEL, compare

# The values of `render_frame` are rounded, those of the comparison are not.
ROUNDING = 0.5 + 1e-3


def test_that_every_frame_of_the_wheel_is_drawn_as_pydicoms_stages_draw_it() -> None:
    found = compare(WHEEL)
    assert found.compared > 160
    assert found.differing == {}
    assert found.largest <= ROUNDING
    assert any(name.startswith("badVR.dcm") for name in found.no_reference)


@pytest.mark.slow
def test_that_every_real_frame_is_drawn_as_pydicoms_stages_draw_it(test_data: Path) -> None:
    found = compare([test_data / "dicom"])
    assert found.compared > 400
    # pydicom believes this file's header, and shows noise
    assert [name for name in found.differing if "SIZ1_PixRep0" not in name] == []
    assert found.largest <= ROUNDING


def test_that_every_reason_for_a_refusal_says_what_the_file_is(test_data: Path) -> None:
    found = compare([*WHEEL, test_data / "dicom" / "broken"])
    assert found.refused["Not a picture: structured report."] >= 3
    assert found.refused["Not a picture: radiotherapy plan."] == 4
    assert found.refused["Not a picture: ECG waveform."] == 1
    assert all(reason.endswith(".") and reason[0].isupper() for reason in found.refused)
