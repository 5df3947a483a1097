"""What every test gets: its own user folders, no unexpected log record, no process left behind."""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from pytestqt.qtbot import QtBot

from vlm_explorer import paths, processes
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.pixels import codec_process
from vlm_explorer.rendering import compiled
from vlm_explorer.viewmodels.session import Session

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile(
    "project", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills", type=int, default=3, help="how many indexing runs to kill; 20 before a release"
    )


@pytest.fixture(autouse=True)
def drawn_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile no loops of the map behind a test's back; tests that want them ask for them."""
    monkeypatch.setattr(compiled, "_start", lambda: None)


@pytest.fixture(scope="session", autouse=True)
def warm_processes() -> Iterator[None]:
    """Have child processes start as forks that have imported already; see `started_as_users_do`."""
    from warm_processes import warm_context

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "_context", warm_context())
        yield


@pytest.fixture
def started_as_users_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start child processes from nothing: for tests of how they start, and what they say."""
    monkeypatch.setattr(processes, "_context", multiprocessing.get_context("spawn"))


@pytest.fixture(scope="session")
def demo_speeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of what was measured of the encoder that comes with the program, by its name."""
    from vlm_explorer.encoders.fingerprint import fingerprint
    from vlm_explorer.encoders.model_folder import read_model_folder

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLM_EXPLORER_HOME", str(tmp_path_factory.mktemp("home")))
        bundled = fingerprint(read_model_folder(paths.resources() / "demo-encoder"))
    return tmp_path_factory.mktemp("speeds") / bundled[:32]


@pytest.fixture(autouse=True)
def own_home(
    tmp_path_factory: pytest.TempPathFactory, demo_speeds: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Give each test user folders of its own, in which only the demo encoder's speed is known.

    To measure that takes seconds of the processor; a user waits for it once.
    """
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("VLM_EXPLORER_HOME", str(home))
    own = home / "cache" / "speeds" / demo_speeds.name
    if demo_speeds.is_dir():
        shutil.copytree(demo_speeds, own)
    yield home
    if own.is_dir():
        shutil.copytree(own, demo_speeds, dirs_exist_ok=True)


@pytest.fixture(autouse=True)
def no_unexpected_log_record(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test that logged a warning or worse, unless it asked for it by `caplog`.

    A test that expects a record takes `caplog`, asserts on it and clears it.
    """
    yield
    unexpected = [
        record
        for record in caplog.get_records("call")
        if record.levelno >= logging.WARNING and not record.name.startswith("hypothesis")
    ]
    if unexpected:
        lines = "\n".join(f"{r.name} {r.levelname}: {r.getMessage()}" for r in unexpected)
        pytest.fail(f"unexpected log records:\n{lines}", pytrace=False)


@pytest.fixture(autouse=True)
def no_process_left() -> Iterator[None]:
    """Fail a test that leaves child processes of its own running; codecs' are kept on purpose."""
    before = set(multiprocessing.active_children())
    yield
    left = set(multiprocessing.active_children()) - before - codec_process.running()
    for child in left:
        child.kill()
    assert not left, f"processes left running: {left}"


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model folder with a native CLIP ViT and random weights; read-only."""
    from model_folders import build_clip_vit_folder

    return build_clip_vit_folder(tmp_path_factory.mktemp("models") / "small-clip")


@pytest.fixture(scope="session")
def encoder(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """The encoder of `model_folder`."""
    from vlm_explorer.encoders.load import load_encoder

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLM_EXPLORER_HOME", str(tmp_path_factory.mktemp("home")))
        return load_encoder(model_folder, device="cpu", precision="fp32")


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """A folder with images, captions, a duplicate, and files that are no images."""
    from scan_folder import build_scan_folder

    return build_scan_folder(tmp_path / "scans")


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    """A session with the real encoders; it is closed in the end, when it writes what it keeps."""
    session = Session()
    yield session
    session.close()
    assert session.runner.shutdown(30)
    session.deleteLater()


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real test data, by VLM_TEST_DATA; the test is skipped where it is not set."""
    folder = os.environ.get("VLM_TEST_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("VLM_TEST_DATA does not name the folder of real test data")
    return Path(folder)
