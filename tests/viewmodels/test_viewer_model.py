from __future__ import annotations

import logging
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pydicom.data import get_testdata_file
from pytestqt.qtbot import QtBot
from viewer_scans import AXIAL, open_files, ramp, write_scan

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.preprocess import model_view
from vlm_explorer.files.header import PLAIN_STACK
from vlm_explorer.pixels.colour_reading import ColourReading
from vlm_explorer.pixels.decode import read_frame
from vlm_explorer.pixels.frame import Frame
from vlm_explorer.pixels.render import render
from vlm_explorer.queries.search_answer import SearchAnswer
from vlm_explorer.viewmodels.image_table import ImageTable
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.states import QueryState
from vlm_explorer.viewmodels.viewer_frames import FrameCache
from vlm_explorer.viewmodels.viewer_model import Status, ViewerModel
from vlm_explorer.viewmodels.viewer_orientation import EdgeLetters, Orientation
from vlm_explorer.viewmodels.viewer_picture import EncoderPicture, FramePicture


@pytest.fixture
def ct(session: Session, tmp_path: Path) -> list[str]:
    """A series of five slices and a series of one, by their ids."""
    files = [write_scan(tmp_path / f"{n}.dcm", ramp() + n, number=n) for n in (3, 1, 2, 5, 4)]
    files.append(
        write_scan(tmp_path / "mr.dcm", ramp(), modality="MR", series="9.9", intercept=0.0 - 1000)
    )
    ids = open_files(session, files)
    return [*sorted(ids[:5]), ids[5]]


def settle(qtbot: QtBot, model: ViewerModel) -> None:
    qtbot.waitUntil(lambda: not model.session.runner.busy, timeout=10_000)


def show(qtbot: QtBot, model: ViewerModel, image_id: str) -> None:
    model.session.select([image_id])
    settle(qtbot, model)


def test_that_the_viewer_follows_the_selection(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    assert model.status is Status.EMPTY
    show(qtbot, model, ct[1])
    assert model.status is Status.READY
    assert model.loaded is not None
    np.testing.assert_array_equal(model.loaded.frame.values, ramp() + 2)
    session.select([])
    assert model.status is Status.EMPTY
    assert model.picture is None


def test_that_scrolling_goes_through_the_series_in_space_and_moves_the_selection(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[2])
    assert model.series.place == (2, 5)
    model.series.step(1)
    assert session.selection.current == ct[3]
    assert session.selection.ids == {ct[3]}
    model.series.step(100)
    assert session.selection.current == ct[4]
    model.series.go_to(0)
    assert session.selection.current == ct[0]
    model.series.step(-1)
    assert session.selection.current == ct[0]
    settle(qtbot, model)


def test_that_scrolling_leaves_a_selection_of_many_as_it_is(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    session.select([ct[0], ct[4]], ct[0])
    settle(qtbot, model)
    model.series.step(1)
    assert session.selection.current == ct[1]
    assert session.selection.ids == {ct[0], ct[4]}
    settle(qtbot, model)


def test_that_neighbours_are_there_at_once(qtbot: QtBot, session: Session, ct: list[str]) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[1])
    for steps in (1, 1, -1):
        model.series.step(steps)
        assert model.status is Status.READY
        settle(qtbot, model)


def test_that_a_frame_that_comes_late_is_dropped(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    gate = threading.Event()

    def read(path: Path, frame: int, colours: ColourReading) -> Frame:
        if path.name == "1.dcm":
            assert gate.wait(10)
        return read_frame(path, frame)

    model = ViewerModel(session, FrameCache(read=read))
    session.select([ct[0]])
    late = session.runner.running("viewer.frame")
    assert late is not None
    session.select([ct[5]])
    qtbot.waitUntil(lambda: model.status is Status.READY)
    with qtbot.waitSignal(late.cancelled):
        gate.set()
    assert model.loaded is not None
    assert model.loaded.frame.modality == "MR"
    settle(qtbot, model)


def test_that_what_was_decoded_for_nothing_is_not_decoded_again(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    gate, reads = threading.Event(), []

    def read(path: Path, frame: int, colours: ColourReading) -> Frame:
        reads.append(path.name)
        if path.name == "1.dcm":
            assert gate.wait(10)
        return read_frame(path, frame)

    model = ViewerModel(session, FrameCache(read=read))
    session.select([ct[0]])
    qtbot.waitUntil(lambda: "1.dcm" in reads)
    session.select([ct[5]])
    gate.set()
    settle(qtbot, model)
    show(qtbot, model, ct[0])
    assert reads.count("1.dcm") == 1


def test_that_a_window_holds_for_the_whole_series_and_no_other(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[0])
    model.windows.choose_digit(2)
    assert model.windows.current is not None
    assert (model.windows.current.centre, model.windows.current.width) == (-600, 1500)
    show(qtbot, model, ct[3])
    assert (model.windows.current.centre, model.windows.current.width) == (-600, 1500)
    show(qtbot, model, ct[5])
    assert model.windows.current.source != "preset: lung"
    show(qtbot, model, ct[1])
    assert model.windows.current.source == "preset: lung"
    model.windows.choose_digit(0)
    assert (
        model.windows.current.source == "preset: soft tissue"
    )  # the default of CT without a window


def test_that_each_frame_has_its_own_default_until_the_user_sets_a_window(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    files = [
        write_scan(
            tmp_path / f"{n}.dcm", ramp(), number=n, WindowCenter=10 * n, WindowWidth=100 + n
        )
        for n in (1, 2)
    ]
    ids = open_files(session, files)
    model = ViewerModel(session)
    for number, image_id in enumerate(ids, 1):
        show(qtbot, model, image_id)
        assert model.windows.current is not None
        assert (model.windows.current.centre, model.windows.current.width) == (
            10 * number,
            100 + number,
        )
        assert model.windows.current.source == "file"


def test_that_a_drag_changes_what_is_drawn(qtbot: QtBot, session: Session, ct: list[str]) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[0])
    before = model.picture
    with qtbot.waitSignal(model.display_changed):
        model.drag_window(0, 200)
    after = model.picture
    assert isinstance(before, FramePicture)
    assert isinstance(after, FramePicture)
    assert after.version != before.version
    whole = 0, 0, 0, 32, 32
    assert after.pixels(*whole).mean() < before.pixels(*whole).mean()


def test_that_tissue_windows_say_why_they_are_not_for_mr(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[5])
    before = model.windows.current
    with qtbot.waitSignal(model.noticed) as said:
        model.windows.choose_digit(3)
    assert "Hounsfield" in said.args[0]
    assert model.windows.current == before


def test_that_colour_says_why_it_has_no_window(qtbot: QtBot, session: Session) -> None:
    path = Path(str(get_testdata_file("SC_rgb_small_odd.dcm")))
    model = ViewerModel(session)
    show(qtbot, model, open_files(session, [path])[0])
    with qtbot.waitSignal(model.noticed) as said:
        model.drag_window(10, 10)
    assert "colour" in said.args[0]
    assert model.windows.current is None


def test_that_turns_stay_within_a_series_and_end_with_it(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[0])
    model.turn(Orientation.flipped_horizontally)
    model.invert()
    assert model.letters == EdgeLetters("L", "R", "A", "P")
    show(qtbot, model, ct[1])
    assert model.letters == EdgeLetters("L", "R", "A", "P")
    assert model.inverted
    assert "Mirrored, inverted" in model.corners(1.0).bottom_left
    show(qtbot, model, ct[5])
    assert model.letters == EdgeLetters("R", "L", "A", "P")
    assert not model.inverted


def test_that_a_reset_undoes_window_turns_and_inversion(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[0])
    first = model.corners(1.0)
    model.windows.choose_digit(3)
    model.turn(Orientation.turned_right)
    model.invert()
    assert model.corners(1.0) != first
    model.reset()
    assert model.corners(1.0) == first


def test_that_the_corners_tell_of_the_image_but_not_of_the_patient(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[1])
    corners = model.corners(1.5, model.probe(3, 4))
    assert corners.top_left == ("CT", "Patient hidden")
    assert corners.top_right[0] == "Study 1 · Series 4"
    assert corners.top_right[1] == "32 × 32 · 0.5 mm"
    assert corners.bottom_left == (
        "x 4, y 3: −898 HU",
        "Image 2 / 5",
        "W 400 L 40 (soft tissue)",
        "Zoom 150 %",
    )
    words = " ".join((*corners.top_left, *corners.top_right, *corners.bottom_right))
    assert "Doe" not in words
    assert "4711" not in words


def test_that_a_pixel_tells_its_modality_value(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[0])
    assert model.probe(0, 0) == "x 0, y 0: −999 HU"
    assert model.probe(31, 31) == "x 31, y 31: 24 HU"
    assert model.probe(32, 0) == ""
    assert model.probe(0, -1) == ""


def test_that_a_file_that_cannot_be_read_says_why(
    qtbot: QtBot, session: Session, ct: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    model = ViewerModel(session)
    (Path(session.images.file[session.images.row_of[ct[5]]])).unlink()
    show(qtbot, model, ct[5])
    assert model.status is Status.FAILED
    assert model.failure[0]
    assert model.picture is None
    caplog.clear()
    show(qtbot, model, ct[0])
    assert model.status is Status.READY
    assert model.failure == ("", "")


def test_that_leaving_a_collection_empties_the_viewer(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[0])
    session.close()
    assert model.status is Status.EMPTY
    assert model.image_id is None
    assert model.series.place is None


def test_that_more_images_of_the_series_join_it_while_it_is_shown(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    files = [write_scan(tmp_path / f"{n}.dcm", ramp() + n, number=n) for n in range(1, 5)]
    ids = open_files(session, files[:2])
    model = ViewerModel(session)
    show(qtbot, model, ids[1])
    loaded = model.loaded
    open_files(session, files)
    settle(qtbot, model)
    assert model.series.place == (1, 4)
    assert model.loaded is loaded


def test_that_without_an_orientation_there_are_no_letters(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    ids = open_files(session, [write_scan(tmp_path / "a.dcm", ramp(), orientation=None)])
    model = ViewerModel(session)
    show(qtbot, model, ids[0])
    assert model.letters is None
    ids = open_files(session, [write_scan(tmp_path / "b.dcm", ramp(), orientation=AXIAL)])
    show(qtbot, model, ids[0])
    assert model.letters is not None


def test_that_the_encoders_view_is_exactly_what_the_encoder_sees(
    qtbot: QtBot, session: Session, encoder: Encoder, tmp_path: Path
) -> None:
    path = write_scan(tmp_path / "wide.dcm", ramp(40, 90))
    ids = open_files(session, [path])
    model = ViewerModel(session)
    show(qtbot, model, ids[0])
    model.windows.choose_digit(2)  # what the user sets changes nothing for the encoder
    with qtbot.waitSignal(model.noticed):
        model.show_encoder_view(True)
    assert not model.encoder_view
    session.put(encoder=encoder)
    model.show_encoder_view(True)
    settle(qtbot, model)
    picture = model.picture
    assert isinstance(picture, EncoderPicture)
    expected = model_view(render(path).pixels, encoder.preprocess)
    drawn = picture.pixels(0, 0, 0, picture.rows, picture.columns)
    np.testing.assert_array_equal(drawn, expected)
    assert "Encoder's view, 64 × 64" in model.corners(1.0).bottom_left
    model.show_encoder_view(False)
    assert isinstance(model.picture, FramePicture)


@pytest.mark.parametrize(
    ("elements", "title"),
    [
        ({"SeriesDescription": "HELICAL CHEST", "BodyPartExamined": "CHEST"}, "CT · HELICAL CHEST"),
        ({"StudyDescription": "Head plain", "BodyPartExamined": "HEAD"}, "CT · Head plain"),
        ({"BodyPartExamined": "HEAD"}, "CT · Head"),
        ({}, "CT · Series 4"),
    ],
)
def test_that_a_scan_that_nobody_described_is_called_by_its_header(
    qtbot: QtBot, session: Session, tmp_path: Path, elements: dict[str, str], title: str
) -> None:
    ids = open_files(session, [write_scan(tmp_path / "Doe_Jane.dcm", ramp(), **elements)])
    model = ViewerModel(session)
    session.select(ids)
    assert model.title == title, "before anything is read or sorted"
    settle(qtbot, model)
    assert model.title == title


def test_that_of_several_selected_images_the_one_on_show_stays(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[2])
    session.select(ct[3:5])
    assert model.image_id == ct[4], "the first of them in the collection"
    session.select(ct[1:5])
    assert session.selection.current is None
    assert model.image_id == ct[4]
    assert model.title.startswith("1 of 4 selected · ")
    model.series.step(-1)
    assert (session.selection.current, session.selection.ids) == (ct[3], set(ct[1:5]))
    assert "selected" not in model.title
    settle(qtbot, model)


def test_that_of_several_selected_images_the_nearest_to_the_prompt_is_shown(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    cosine = np.zeros(len(ct), np.float32)
    cosine[session.images.row_of[ct[4]]] = 0.3
    cosine[session.images.row_of[ct[5]]] = 0.9
    session.put(query=QueryState(text="x", answer=SearchAnswer("m", "x", (), cosine)))
    session.select([ct[0], ct[1], ct[4]])
    assert model.image_id == ct[4]
    settle(qtbot, model)


def test_that_a_series_is_left_and_found_again_where_it_was_left(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[0])
    assert [len(node.image_ids) for node in model.series.found.siblings] == [5, 1]  # type: ignore[union-attr]
    model.series.step_series(1)
    settle(qtbot, model)
    assert session.selection.current == ct[5]
    assert session.selection.ids == {ct[5]}
    model.series.step_series(1)
    assert session.selection.current == ct[5]
    model.series.step_series(-5)
    settle(qtbot, model)
    assert session.selection.current == ct[0]


def test_that_a_series_is_opened_at_its_middle(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[5])
    model.series.step_series(-1)
    assert session.selection.current == ct[2]
    settle(qtbot, model)


def test_that_the_order_of_a_series_is_reversed_and_kept(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session)
    show(qtbot, model, ct[1])
    model.series.reverse()
    assert (model.image_id, model.series.place) == (ct[1], (3, 5))
    model.series.step(1)
    assert session.selection.current == ct[0]
    again = ViewerModel(session, name="viewer.second", following=False)
    again.show(ct[1])
    settle(qtbot, again)
    assert again.series.reversed
    assert again.series.ids == model.series.ids == tuple(reversed(ct[:5]))
    show(qtbot, model, ct[5])
    assert not model.series.reversed
    show(qtbot, model, ct[1])
    model.series.reverse()
    assert model.series.ids == tuple(ct[:5])


def test_that_a_pane_of_its_own_image_does_not_follow_the_selection(
    qtbot: QtBot, session: Session, ct: list[str]
) -> None:
    model = ViewerModel(session, name="viewer.second", following=False)
    session.select([ct[0]])
    assert model.status is Status.EMPTY
    model.show(ct[2])
    settle(qtbot, model)
    model.series.step(1)
    settle(qtbot, model)
    assert model.image_id == ct[3]
    assert session.selection.current == ct[0]


def test_that_each_plain_image_of_a_folder_has_a_window_of_its_own(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    from PIL import Image

    files = [tmp_path / f"{n}.png" for n in range(2)]
    for file in files:
        Image.fromarray((ramp() % 251).astype(np.uint8)).save(file)
    rows = [
        {"image_id": file.stem, "file": str(file), "frame": 0, "stack": PLAIN_STACK, "series": "s"}
        for file in files
    ]
    session.images = ImageTable(pa.Table.from_pylist(rows))
    session.collection_changed.emit()
    model = ViewerModel(session)
    show(qtbot, model, "0")
    first = model.windows.current
    model.windows.drag(40, 0)
    dragged = model.windows.current
    assert dragged != first
    model.series.step(1)
    settle(qtbot, model)
    assert (model.image_id, model.windows.current) == ("1", first)
    model.series.step(-1)
    settle(qtbot, model)
    assert model.windows.current == dragged
