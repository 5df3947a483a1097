from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from viewer_scans import ramp, write_scan

from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.viewmodels.viewer_orientation import EdgeLetters, Orientation, edge_letters

AXIAL = (1, 0, 0, 0, 1, 0)
CORONAL = (1, 0, 0, 0, 0, -1)
SAGITTAL = (0, 1, 0, 0, 0, -1)

Turn = Callable[[Orientation], Orientation]

# Each move, and what it does to an array, by numpy.
MOVES: dict[str, tuple[Turn, Callable[[np.ndarray], np.ndarray]]] = {
    "right": (Orientation.turned_right, lambda a: np.rot90(a, -1)),
    "left": (Orientation.turned_left, np.rot90),
    "horizontally": (Orientation.flipped_horizontally, np.fliplr),
    "vertically": (Orientation.flipped_vertically, np.flipud),
}
moves = st.lists(st.sampled_from(sorted(MOVES)), max_size=8)


def turned(names: list[str]) -> Orientation:
    orientation = Orientation()
    for name in names:
        orientation = MOVES[name][0](orientation)
    return orientation


@pytest.mark.parametrize(
    ("cosines", "left", "right", "top", "bottom"),
    [
        (AXIAL, "R", "L", "A", "P"),
        (CORONAL, "R", "L", "H", "F"),
        (SAGITTAL, "A", "P", "H", "F"),
        ((-1, 0, 0, 0, 1, 0), "L", "R", "A", "P"),
        ((0, 1, 0, -1, 0, 0), "A", "P", "L", "R"),
    ],
)
def test_that_letters_say_where_the_patient_lies(
    cosines: tuple[float, ...], left: str, right: str, top: str, bottom: str
) -> None:
    assert edge_letters(cosines) == EdgeLetters(left, right, top, bottom)


@given(moves, st.sampled_from([AXIAL, CORONAL, SAGITTAL]))
def test_that_letters_follow_flips_and_turns(names: list[str], cosines: tuple[float, ...]) -> None:
    upright = edge_letters(cosines)
    assert upright is not None
    picture = np.full((3, 3), "?")
    picture[1, 0], picture[1, 2] = upright.left, upright.right
    picture[0, 1], picture[2, 1] = upright.top, upright.bottom
    for name in names:
        picture = MOVES[name][1](picture)
    expected = EdgeLetters(picture[1, 0], picture[1, 2], picture[0, 1], picture[2, 1])
    assert edge_letters(cosines, turned(names)) == expected


@pytest.mark.parametrize("name", ["right", "left"])
def test_that_four_quarter_turns_change_nothing(name: str) -> None:
    assert turned([name] * 4) == Orientation()
    assert turned([name] * 2) != Orientation()


@given(moves)
def test_that_every_move_can_be_undone(names: list[str]) -> None:
    back = {"right": "left", "left": "right"}
    undone = [back.get(name, name) for name in reversed(names)]
    assert turned([*names, *undone]) == Orientation()


@given(moves)
def test_that_an_odd_number_of_flips_is_a_mirror_image(names: list[str]) -> None:
    flips = sum(name in ("horizontally", "vertically") for name in names)
    assert turned(names).mirrored == (flips % 2 == 1)


def test_that_an_oblique_plane_has_up_to_three_letters_the_dominant_first() -> None:
    letters = edge_letters((0.9, 0.3, -0.316, -0.28, 0.954, 0.108))
    assert letters is not None
    assert letters.right == "LFP"
    assert letters.left == "RHA"
    assert letters.bottom == "PRH"


@pytest.mark.parametrize(
    ("position", "cosines", "letters"),
    [
        ("HFS", (1, 0, 0, 0, 1, 0), ("R", "L", "A", "P")),
        ("HFP", (-1, 0, 0, 0, -1, 0), ("L", "R", "P", "A")),
        ("HFDR", (0, 1, 0, -1, 0, 0), ("A", "P", "L", "R")),
        ("HFDL", (0, -1, 0, 1, 0, 0), ("P", "A", "R", "L")),
        ("FFS", (-1, 0, 0, 0, 1, 0), ("L", "R", "A", "P")),
        ("FFDR", (0, -1, 0, -1, 0, 0), ("P", "A", "L", "R")),
        # a head CT with tilted gantry: the rows still run from right to left
        ("HFS", (1, 0, 0, 0, 0.9483, -0.3173), ("R", "L", "AH", "PF")),
        # a heart's short axis, oblique to all three
        ("HFS", (0.58, 0.57, -0.58, 0.6, -0.78, -0.17), ("RHA", "LFP", "PRH", "ALF")),
    ],
)
def test_that_letters_of_files_come_from_their_cosines_whatever_the_position_says(
    tmp_path: Path,
    position: str,
    cosines: tuple[float, ...],
    letters: tuple[str, str, str, str],
) -> None:
    for said in (position, "FFP", ""):
        path = write_scan(tmp_path / "a.dcm", ramp(), orientation=cosines, PatientPosition=said)
        found = edge_letters(read_frame(path, 0).orientation)
        assert found == EdgeLetters(*letters)


@pytest.mark.parametrize(
    "cosines", [None, (), (1, 0, 0), (0, 0, 0, 0, 1, 0), (float("nan"), 0, 0, 0, 1, 0)]
)
def test_that_there_are_no_letters_where_the_file_does_not_say(
    cosines: tuple[float, ...] | None,
) -> None:
    assert edge_letters(cosines) is None


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        (["right"], "Turned 90° right"),
        (["left"], "Turned 90° left"),
        (["left", "left"], "Turned 180°"),
        (["horizontally"], "Mirrored"),
        (["vertically"], "Turned 180°, mirrored"),
    ],
)
def test_that_what_was_done_is_said_in_words(names: list[str], words: str) -> None:
    assert turned(names).describe() == words
