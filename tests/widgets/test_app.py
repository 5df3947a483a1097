"""The program: what it imports on the way to its window, how it ends, what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from vlm_explorer import app
from vlm_explorer.errors import UsageError
from vlm_explorer.viewmodels.messages import Messages
from vlm_explorer.viewmodels.session import Session
from vlm_explorer.widgets.main_window import MainWindow

HEAVY = (
    "torch open_clip transformers timm umap numba sklearn scipy lance pyarrow pydicom pandas "
    "matplotlib"
)

WELCOME = f"""
import json, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from vlm_explorer import app

seen = {{}}

def look():
    window = next(w for w in QApplication.topLevelWidgets() if w.isWindow() and w.isVisible())
    seen["page"] = type(window.pages.currentWidget()).__name__
    seen["heavy"] = sorted(set({HEAVY.split()!r}) & set(sys.modules))
    window.close()

begin = app.begin
app.begin = lambda *args, **kw: (begin(*args, **kw), QTimer.singleShot(0, look))
code = app.run()
print(json.dumps({{**seen, "code": code}}))
"""


def run_python(code: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, with this test's user folders."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *words],
        capture_output=True,
        text=True,
        env={**environment, "PYTHONPATH": str(Path(__file__).parents[2])},
        timeout=120,
        check=False,
    )


def test_that_the_welcome_window_needs_nothing_heavy_and_closing_it_ends_the_program() -> None:
    done = run_python(WELCOME)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen == {"page": "Welcome", "heavy": [], "code": 0}


def arguments(command: str, **values: object) -> Namespace:
    defaults: dict[str, object] = {
        "path": None,
        "model": None,
        "screenshot": None,
        "theme": None,
        "size": None,
        "scale": 1.0,
    }
    return Namespace(command=command, **{**defaults, **values})


def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def test_that_open_without_a_display_is_refused_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no_display(monkeypatch)
    with pytest.raises(UsageError, match="no display") as refused:
        app.run_command(arguments("open"))
    assert "--screenshot" in refused.value.hint


def test_that_the_demo_without_a_display_becomes_a_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    no_display(monkeypatch)
    asked: dict[str, object] = {}
    monkeypatch.setattr(app, "run", lambda path, **values: asked.update(values, path=path) or 0)
    assert app.run_command(arguments("demo")) == 0
    assert asked["screenshot"] == Path("vlm-explorer-demo.png")
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"


def test_that_the_command_line_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr(app, "run", lambda path, **values: asked.update(values, path=path) or 0)
    app.run_command(arguments("open", path="/scans", model="fake"))
    assert (asked["path"], asked["model"], asked["demo"]) == (Path("/scans"), "fake", False)
    words = {"screenshot": "a.png", "theme": "light", "size": (1000, 700), "scale": 2.0}
    app.run_command(arguments("demo", **words))
    assert {name: asked[name] for name in words} == {**words, "screenshot": Path("a.png")}


def test_that_an_error_which_nobody_caught_is_shown_and_logged(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    messages = Messages()
    said: list[tuple[str, str, str]] = []
    messages.message.connect(lambda *words: said.append(words))
    before = app.install_hook(messages)
    try:
        sys.excepthook(ValueError, ValueError("odd"), None)
        assert said[0][:2] == ("error", "Something unexpected went wrong (ValueError).")
        assert "log" in said[0][2]
        assert "Unexpected error" in caplog.text
        caplog.clear()
        sys.excepthook(UsageError, UsageError("Not so.", "But so."), None)
        assert said[1] == ("error", "Not so.", "But so.")
        assert caplog.text == ""
    finally:
        sys.excepthook = before


def test_that_an_opened_path_is_shown_in_the_window_that_the_command_line_opens(
    window: MainWindow, small: Path, settle: Callable[[Session], None]
) -> None:
    app.begin(window.session, small, demo=False)
    settle(window.session)
    assert window.windowTitle() == "Small · VLM Explorer"


def test_that_nothing_else_is_offered_while_what_was_asked_for_is_about_to_open(
    window: MainWindow, small: Path, settle: Callable[[Session], None], qtbot: QtBot
) -> None:
    welcome = window.welcome
    welcome.offer(False)
    name = next(each for each in welcome.findChildren(QLabel) if each.text() == "VLM Explorer")
    place = name.mapTo(window, name.rect().topLeft())
    assert not any(each.isVisible() for each in (welcome.demo, welcome.folder, welcome.get))
    app.set_out(window, small, demo=False)
    qtbot.waitUntil(lambda: window.pages.currentWidget() is not welcome, timeout=30_000)
    settle(window.session)
    window.session.close()
    assert window.pages.currentWidget() is welcome
    assert all(each.isVisible() for each in (welcome.demo, welcome.folder, welcome.get))
    assert name.mapTo(window, name.rect().topLeft()) == place, "nothing has moved"
