"""Fixtures of the widgets: nothing may be left over when a test ends."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from open_session import session
from PySide6.QtCore import QAbstractAnimation, QEvent, QObject, QSize, QTimer
from PySide6.QtGui import QScreen
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shell_collection import FakeEncoder, build_collection

from vlm_explorer import garbage
from vlm_explorer.viewmodels import background
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.viewmodels.thumbnails import Thumbnails
from vlm_explorer.widgets.main_window import MainWindow
from vlm_explorer.widgets.theme import themes

__all__ = ["session"]  # a fixture of this folder


@pytest.fixture(autouse=True)
def dark_again() -> Iterator[None]:
    """Every test begins and ends in the dark theme."""
    yield
    themes.set_theme("dark")


clocks_of_earlier: weakref.WeakSet[QTimer | QAbstractAnimation] = weakref.WeakSet()


@pytest.fixture
def earlier_objects_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the collector look only at what the test makes, and at all of that.

    The libraries that are loaded hold most of a million objects; to look at each of them twice
    would take longer than most tests. What the program would set aside itself would not be found
    among what a test leaves.
    """
    gc.collect()
    clocks_of_earlier.update(clocks())
    gc.freeze()
    looked_at = SimpleNamespace(**vars(gc) | {"freeze": lambda: None, "unfreeze": lambda: None})
    monkeypatch.setattr(garbage, "gc", looked_at)


def clocks() -> list[QTimer | QAbstractAnimation]:
    """Return the timers and animations that were made since the collector last set aside."""
    # not isinstance: it would ask for the __class__ of lazy modules, which warn
    return [
        each for each in gc.get_objects() if issubclass(type(each), QTimer | QAbstractAnimation)
    ]


@pytest.fixture(autouse=True)
def no_top_level_widget_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves windows behind; only for tests that use Qt.

    `qtbot` deletes the widgets that were given to it only after this has run, so that they are
    closed here, by the same list.
    """
    if not {"qtbot", "qapp"} & set(request.fixturenames):
        yield
        return
    qapp: QApplication = request.getfixturevalue("qapp")
    request.getfixturevalue("earlier_objects_set_aside")
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    before = {id(widget) for widget in qapp.topLevelWidgets()}
    yield
    for reference, _ in getattr(request.node, "qt_widgets", []):
        widget = reference()
        if widget is not None:
            widget.close()
            widget.deleteLater()
    gc.collect()
    qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    qapp.processEvents()
    left = [widget for widget in qapp.topLevelWidgets() if id(widget) not in before]
    assert not left, f"top-level widgets left: {[describe(widget) for widget in left]}"


@pytest.fixture(autouse=True)
def no_timer_or_animation_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test after which a timer or an animation of the program still runs."""
    if not {"qtbot", "qapp"} & set(request.fixturenames):
        yield
        return
    yield
    running = [describe(each) for each in {*clocks(), *clocks_of_earlier} if still_runs(each)]
    assert not running, f"still running: {running}"


def still_runs(each: QTimer | QAbstractAnimation) -> bool:
    try:
        if isinstance(each, QTimer):
            return each.isActive() and not each.isSingleShot()
        return each.state() == QAbstractAnimation.State.Running
    except RuntimeError:  # its C++ side is gone already
        return False


def describe(each: QObject) -> str:
    parent = each.parent()
    inside = f" in {type(parent).__name__}" if parent is not None else ""
    return f"{type(each).__name__} {each.objectName()}{inside}"


@pytest.fixture
def settle(qtbot: QtBot) -> Callable[[Session], None]:
    """Wait until nothing more is being worked on."""

    def wait(session: Session) -> None:
        qtbot.waitUntil(lambda: not session.runner.busy, timeout=30_000)

    return wait


@pytest.fixture
def quick_encoder(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    """The encoder `fake`, there without weights."""
    encoder = FakeEncoder()
    monkeypatch.setattr(background, "load_encoder", lambda collection, model, *, context: encoder)
    return encoder


@pytest.fixture
def shell_session(
    qtbot: QtBot, qapp: QApplication, quick_encoder: FakeEncoder
) -> Iterator[Session]:
    """A session with nothing open; its work must end with the test."""
    themes.apply(qapp)
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown()
    session.deleteLater()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small collection."""
    return build_collection(tmp_path / "small.vlmx")


@pytest.fixture
def large_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the window have the room of a large screen: that without a display is a small one."""
    monkeypatch.setattr(QScreen, "availableSize", lambda screen: QSize(1920, 1080))


@pytest.fixture
def window(qtbot: QtBot, shell_session: Session) -> MainWindow:
    """The window, shown, with nothing open."""
    window = MainWindow(shell_session, Thumbnails(shell_session, shell_session))
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


@pytest.fixture
def opened(window: MainWindow, small: Path, settle: Callable[[Session], None]) -> MainWindow:
    """The window on a small collection."""
    window.session.open(small)
    settle(window.session)
    return window
