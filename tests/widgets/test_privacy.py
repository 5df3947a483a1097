"""What identifies a patient stays in the file: not in widgets, output, logs, exports or caches."""

from __future__ import annotations

import json
import logging
import os
import signal
import stat
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from planted_scans import (
    DESCRIPTIONS,
    IDENTIFIERS,
    PATHS,
    Planted,
    found_in,
    found_in_bytes,
    found_in_file,
    plant,
    plant_pictures,
)
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QEvent, QModelIndex, Qt
from PySide6.QtGui import QPainter, QPicture
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from vlm_explorer import diagnostics, paths
from vlm_explorer.api import open_collection
from vlm_explorer.cli import main
from vlm_explorer.collection.records import ImageRecord, Problem, schema
from vlm_explorer.viewmodels.filters import TextFilter
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.export_sheet import ExportSheet
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.problems_panel import ProblemsPanel

HIDDEN = (*IDENTIFIERS, *PATHS)
LONG = 120_000  # ms


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return plant(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def home(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The user's folders, with a collection of the planted scans in its usual place."""
    folder = tmp_path_factory.mktemp("user")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLM_EXPLORER_HOME", str(folder))
        assert main(["index", str(planted.folder), "--model", "demo", "--quiet"]) == 0
    return folder


@pytest.fixture(autouse=True)
def use_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(home))
    return home


@pytest.fixture
def collection(use_home: Path) -> Path:
    (place,) = (use_home / "data" / "collections").iterdir()
    return place


# The command line and the exports


@pytest.mark.usefixtures("started_as_users_do")
@pytest.mark.parametrize(
    "words",
    [
        ["info", "{collection}"],
        ["info", "{collection}", "--json"],
        ["search", "{collection}", "--text", "left pleural effusion"],
        ["search", "{collection}", "--text", "left pleural effusion", "--json"],
        ["search", "{collection}", "--image", "{scan}", "--json"],
        ["classify", "{collection}", "--labels", "effusion", "normal", "--json"],
        ["classify", "{collection}", "--labels", "effusion", "normal", "--csv", "{out}/a.csv"],
        ["layout", "{collection}", "--method", "pca", "--out", "{out}/b.parquet", "--json"],
        ["export", "{collection}", "--to", "{out}/g.npz", "--layout", "none"],
        ["export", "{collection}", "--to", "{out}/h.parquet", "--layout", "none", "--json"],
        ["explain", "{scan}", "--text", "effusion", "--model", "demo", "--json",
         "--png", "{out}/c.png", "--npz", "{out}/d.npz"],
        ["render", "{scan}", "--json", "--png", "{out}/e.png", "--npy", "{out}/f.npy"],
        ["index", "{folder}", "--model", "demo", "--json"],
        ["index", "{folder}", "--model", "demo"],
    ],
)  # fmt: skip
def test_that_no_command_prints_or_writes_what_a_header_says_of_the_patient(
    words: list[str],
    collection: Path,
    planted: Planted,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    places = {"collection": collection, "scan": planted.scan, "folder": planted.folder}
    filled = [word.format(**places, out=tmp_path) for word in words]
    assert main(filled) == 0
    out, err = capfd.readouterr()
    assert out or any(tmp_path.iterdir())
    assert found_in(out + err, (*IDENTIFIERS, *DESCRIPTIONS)) == []
    for file in tmp_path.iterdir():
        named = PATHS if file.suffix != ".csv" else ()  # a table of labels is a list of files
        assert found_in_file(file, (*IDENTIFIERS, *DESCRIPTIONS, *named)) == []


@pytest.mark.usefixtures("started_as_users_do")
def test_that_an_error_of_a_command_names_the_file_and_nothing_from_within_it(
    planted: Planted, capfd: pytest.CaptureFixture[str]
) -> None:
    broken = next(planted.folder.glob("*broken*"))
    assert main(["render", str(broken)]) == 1
    out, err = capfd.readouterr()
    assert err
    assert found_in(out + err, (*IDENTIFIERS, *DESCRIPTIONS)) == []


def test_that_the_tables_of_the_api_have_no_descriptions_and_no_identifiers(
    collection: Path,
) -> None:
    opened = open_collection(collection)
    for table in (opened.images, opened.texts, opened.problems):
        assert found_in(str(table.to_pylist()), (*IDENTIFIERS, *DESCRIPTIONS)) == []
    assert not {"series_description", "study_description", "body_part", "study_day"} & set(
        opened.images.column_names
    )


def test_that_a_collection_keeps_paths_and_descriptions_but_no_identifiers(
    collection: Path,
) -> None:
    opened = open_collection(collection)
    records = schema(ImageRecord)
    whole = opened.table("images").read(records).to_pylist()
    text = str([{k: v for k, v in row.items() if k != "thumbnail"} for row in whole])
    assert found_in(text, IDENTIFIERS) == []
    assert found_in(text, DESCRIPTIONS) == list(DESCRIPTIONS)
    assert found_in(str(opened.problems.to_pylist()), PATHS) == list(PATHS)
    for file in collection.rglob("*.json"):
        assert found_in(file.read_text(encoding="utf-8"), (*IDENTIFIERS, *DESCRIPTIONS)) == []
    for row in whole:
        assert found_in_bytes(row["thumbnail"], HIDDEN) == []
    assert set(opened.table("problems").read(schema(Problem))["kind"].to_pylist()) == {"unreadable"}


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps others out of the user's folder itself")
def test_that_nobody_but_the_user_may_read_a_collection(collection: Path) -> None:
    assert stat.S_IMODE(collection.stat().st_mode) == 0o700
    assert stat.S_IMODE(collection.parent.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in collection.rglob("*") if path.is_file()}
    assert modes == {0o600}


# The window


@pytest.fixture
def open_window(qtbot: QtBot) -> Iterator[Callable[[Path], MainWindow]]:
    """Open the window on a folder, as a user does, and wait until it is done."""
    sessions = []

    def open_on(folder: Path) -> MainWindow:
        session = Session()
        sessions.append(session)
        window = MainWindow(session, Thumbnails(session, session))
        qtbot.addWidget(window)
        window.show()
        session.open(folder)
        qtbot.waitUntil(lambda: session.encoder is not None and not session.opening, timeout=LONG)
        settle(qtbot, session)
        return window

    yield open_on
    for session in sessions:
        session.close()
        assert session.runner.shutdown(20)
        session.deleteLater()


def settle(qtbot: QtBot, session: Session) -> None:
    qtbot.waitUntil(lambda: not session.runner.busy, timeout=LONG)


def texts_of_items(model: QAbstractItemModel, parent: QModelIndex | None = None) -> Iterator[str]:
    """Every text that a model gives out, under any role."""
    above = parent or QModelIndex()
    # a list model's own count of columns cannot be asked
    columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount(above)
    roles = [int(role) for role in range(15)] + list(range(256, 280))
    for row in range(model.rowCount(above)):
        for column in range(columns):
            index = model.index(row, column, above)
            for role in roles:
                value = model.data(index, role)
                if isinstance(value, str | tuple | list):
                    yield str(value)
        yield from texts_of_items(model, model.index(row, 0, above))


def texts_of(widget: QWidget) -> Iterator[str]:
    """Every text of a widget that a user, a screen reader or a window list can get at."""
    for name in (
        "text", "title", "windowTitle", "toolTip", "statusTip", "whatsThis", "accessibleName",
        "accessibleDescription", "placeholderText", "toPlainText", "windowFilePath",
    ):  # fmt: skip
        read = getattr(widget, name, None)
        if callable(read):
            yield str(read())
    for action in widget.actions():
        yield from (action.text(), action.toolTip(), action.statusTip())
    if isinstance(widget, QTabBar):
        yield from (widget.tabText(n) + widget.tabToolTip(n) for n in range(widget.count()))
    if isinstance(widget, QComboBox):
        yield from texts_of_items(widget.model())
    if isinstance(widget, QAbstractItemView) and widget.model() is not None:
        yield from texts_of_items(widget.model())


def painted(widget: QWidget) -> str:
    """Every text that is drawn, whoever draws it, as a picture's commands hold it."""
    picture = QPicture()
    painter = QPainter(picture)
    widget.render(painter, widget.rect().topLeft())
    painter.end()
    data = bytes(picture.data())
    return "\n".join(data[start:].decode("utf-16-be", "ignore") for start in (0, 1))


def in_problems(widget: QWidget) -> bool:
    """Whether a widget belongs to the list of problems, which names files."""
    while widget is not None:
        if isinstance(widget, ProblemsPanel):
            return True
        widget = widget.parentWidget()
    return False


def seen(words: tuple[str, ...]) -> list[str]:
    """Where any of the words comes out in the window, but for the list of problems."""
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # what is gone is gone
    places = [
        (f"{type(widget).__name__} {widget.objectName()}", text)
        for widget in QApplication.allWidgets()
        if not in_problems(widget)
        for text in texts_of(widget)
    ]
    places += [
        (f"painted in {type(widget).__name__}", painted(widget))
        for widget in QApplication.topLevelWidgets()
        if widget.isVisible()
    ]
    return [f"{found} in {place}: {text[:200]}" for place, text in places
            for found in found_in(text, words)]  # fmt: skip


def log_text() -> str:
    return "\n".join(
        path.read_text(encoding="utf-8", errors="replace") for path in paths.log_folder().iterdir()
    )


@pytest.fixture
def logs() -> Iterator[None]:
    diagnostics.start()
    logging.getLogger("vlm_explorer").setLevel(logging.DEBUG)
    yield
    diagnostics.end()
    logging.getLogger("vlm_explorer").setLevel(logging.NOTSET)


def test_that_no_widget_says_who_a_scan_is_of_until_the_user_asks(
    open_window: Callable[[Path], MainWindow], planted: Planted, qtbot: QtBot, logs: None
) -> None:
    window = open_window(planted.folder)
    session, panes = window.session, window.workspace
    ultrasound = session.images.ids[list(session.images.modality).index("US")]
    ct = session.images.ids[list(session.images.modality).index("CT")]

    # the walk finds what may be seen: descriptions in the tree, paths in the list of problems
    for word in DESCRIPTIONS:
        assert seen((word,))
    assert any(place.startswith("qjvseries in painted") for place in seen(("qjvseries",)))
    problems = "\n".join(texts_of_items(panes.strip.problems.model))
    assert found_in(problems, PATHS) == list(PATHS)
    assert found_in(problems, IDENTIFIERS) == []
    assert seen(HIDDEN) == []

    session.select([ct], ct)
    session.search("left pleural effusion")
    settle(qtbot, session)
    assert seen(HIDDEN) == []

    panes.viewer.show_overlay_for("left pleural effusion")
    settle(qtbot, session)
    session.search_like(ct)
    settle(qtbot, session)
    for row in range(panes.strip.tabs.count()):
        panes.strip.show_tab(row)
        if row != 2:  # the list of problems, which is drawn with its files
            assert seen(HIDDEN) == []
    panes.strip.show_tab(0)
    panes.quick_look.look_at(ct)
    assert seen(HIDDEN) == []
    panes.quick_look.dismiss()

    session.select([ultrasound], ultrasound)
    settle(qtbot, session)
    qtbot.waitUntil(lambda: bool(seen(("text in the picture",))), timeout=10_000)
    assert seen(HIDDEN) == []

    # only now, and only until it is hidden again
    session.toggle_patient_details()
    settle(qtbot, session)
    qtbot.waitUntil(lambda: "Zyxname, Zyxgiven" in panes.viewer.pane.words().corners.top_left)
    index = panes.library.model.index_of_image(ct)
    panes.library.model.read_patient(index)
    settle(qtbot, session)
    tip = str(panes.library.model.data(index, Qt.ItemDataRole.ToolTipRole))
    assert "Zyxname, Zyxgiven" in tip
    assert "born 1962-03-14" in tip
    session.toggle_patient_details()
    settle(qtbot, session)
    assert seen(HIDDEN) == []
    window.close()
    assert found_in(log_text(), (*HIDDEN, *DESCRIPTIONS)) == []


def test_that_no_export_of_the_window_names_anybody_unless_asked(
    open_window: Callable[[Path], MainWindow],
    planted: Planted,
    tmp_path: Path,
    qtbot: QtBot,
    logs: None,
) -> None:
    window = open_window(planted.folder)
    session, map_ = window.session, window.workspace.map
    session.set_filter(TextFilter("qjvseries"))
    session.search_like(str(session.images.ids[0]))
    settle(qtbot, session)
    window.sheets.open_export()
    assert isinstance(window.sheets.shown, ExportSheet)
    assert seen(HIDDEN) == []
    desk = window.sheets.exports

    def export(name: str, **chosen: object) -> str:
        desk.choose(folder=tmp_path, name=name, named=True, **chosen)
        window.sheets.shown.go.click()
        settle(qtbot, session)
        assert desk.problem == ""
        files = [path for path in tmp_path.iterdir() if path.is_file()]
        text = "\n".join(path.read_bytes().decode("latin-1") for path in files)
        for path in files:
            path.unlink()
        assert text
        return text

    assert found_in(export("a.csv", format="csv"), (*HIDDEN, *DESCRIPTIONS)) == []
    for by in ("series_description", "series", "patient", "similarity"):
        map_.model.set_colour_by(by)
        assert map_.model.colour_by == by
        window.sheets.open_export()
        drawn = export("a.svg", format="svg")
        assert found_in(drawn, (*HIDDEN, *DESCRIPTIONS)) == []
        assert "Not for diagnosis" in drawn
    window.sheets.open_export()
    listed = export("a.txt", format="files")
    assert found_in(listed, PATHS) == list(PATHS)
    window.close()
    assert found_in(log_text(), (*HIDDEN, *DESCRIPTIONS)) == []


@pytest.mark.slow
def test_that_what_is_kept_of_the_window_names_nobody(
    open_window: Callable[[Path], MainWindow], planted: Planted, collection: Path, qtbot: QtBot
) -> None:
    window = open_window(planted.folder)
    window.session.select(list(window.session.images.ids))
    window.session.search("left pleural effusion")
    window.session.set_filter(TextFilter("qjvseries"))
    settle(qtbot, window.session)
    window.close()
    kept = json.loads((collection / "user" / "window.json").read_text(encoding="utf-8"))
    assert kept["query"] == "left pleural effusion"
    assert found_in(json.dumps(kept), (*HIDDEN, *DESCRIPTIONS)) == []
    # the settings list what was opened, for the user alone
    settings = paths.config_folder() / "settings.toml"
    assert found_in(settings.read_text(encoding="utf-8"), IDENTIFIERS) == []
    if os.name != "nt":
        assert stat.S_IMODE(settings.stat().st_mode) == 0o600


@pytest.mark.slow
def test_that_details_are_hidden_at_each_start(
    open_window: Callable[[Path], MainWindow], planted: Planted
) -> None:
    first = open_window(planted.folder)
    first.session.toggle_patient_details()
    second = open_window(planted.folder)
    assert not second.session.show_patient_details
    assert not second.menu.actions["view.patient"].isChecked()


@pytest.mark.slow
def test_that_ordinary_images_are_called_by_their_folder(
    open_window: Callable[[Path], MainWindow], tmp_path: Path
) -> None:
    folder = plant_pictures(tmp_path)
    window = open_window(folder)
    assert window.windowTitle().startswith(folder.name)
    tree = window.workspace.library.model
    assert [tree.index(row, 0).data() for row in range(tree.rowCount())] == [folder.name]
    assert "Patient" not in "\n".join(texts_of_items(tree))


def test_that_failures_and_crashes_leave_no_name_behind(planted: Planted, use_home: Path) -> None:
    """In a process of its own: an error that nobody caught while a scan is read, then a crash."""
    code = (
        "import logging, os, signal, sys\n"
        "from pathlib import Path\n"
        "from vlm_explorer import diagnostics\n"
        "from vlm_explorer.files.dicom_header import read_header\n"
        "from vlm_explorer.pixels.decode import read_frame\n"
        "diagnostics.start()\n"
        "path = Path(sys.argv[1])\n"
        "try:\n"
        "    header = read_header(path)\n"
        "    raise ValueError(f'{header.patient_id} {header.series_description} {path}')\n"
        "except ValueError:\n"
        "    logging.getLogger('vlm_explorer.test').exception('It went wrong')\n"
        "frame = read_frame(path)\n"
        "os.kill(os.getpid(), signal.SIGSEGV)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(planted.scan)], check=False)
    if os.name != "nt":
        assert done.returncode == -signal.SIGSEGV
    text = log_text()
    assert "It went wrong" in text
    assert "Segmentation fault" in text or os.name == "nt"
    assert found_in(text, (*HIDDEN, *DESCRIPTIONS)) == []


def parts_of(picture: Path) -> list[tuple[str, str]]:
    """Return the chunks of a PNG by kind; in compressed pixels any three letters may occur."""
    data, at, parts = picture.read_bytes(), 8, []
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, words = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        parts.append((kind.decode(), words.decode("latin-1")))
        at += 12 + length
    return parts


@pytest.mark.slow
def test_that_a_picture_of_the_window_carries_no_words(
    open_window: Callable[[Path], MainWindow], planted: Planted, tmp_path: Path
) -> None:
    from PIL import Image

    window = open_window(planted.folder)
    picture = tmp_path / "window.png"
    assert window.grab().save(str(picture))
    described = "".join(kind + words for kind, words in parts_of(picture) if kind != "IDAT")
    assert described.startswith("IHDR")
    assert found_in(described, (*HIDDEN, *DESCRIPTIONS)) == []
    with Image.open(picture) as image:
        assert found_in(str(image.info), (*HIDDEN, *DESCRIPTIONS)) == []
