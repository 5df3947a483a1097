"""From process start to a visible window, against a bare PySide6 + pyqtgraph window.

Both are started in turn, several times; the figure is the ratio of the medians.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 7

BARE = """
import time
from PySide6.QtWidgets import QApplication, QMainWindow
import pyqtgraph
application = QApplication([])
window = QMainWindow()
window.setCentralWidget(pyqtgraph.PlotWidget())
window.resize(1280, 800)
window.show()
application.processEvents()
print(time.monotonic())
"""

OURS = """
import time
import vlm_explorer.__main__
from vlm_explorer import app
def seen(application):
    application.processEvents()
    print(time.monotonic(), flush=True)
    return 0
app._loop = seen
app.run(size=(1280, 800))
"""

HELP = """
import sys, time
from vlm_explorer.cli import main
try:
    main(["--help"])
except SystemExit:
    print(time.monotonic())
"""


def seconds(code: str, home: str) -> float:
    """Return how long a fresh interpreter takes until `code` prints the time."""
    platform = os.environ.get("QT_QPA_PLATFORM") or (
        "" if os.environ.get("DISPLAY") or os.name == "nt" else "offscreen"
    )
    environment = {**os.environ, "VLM_EXPLORER_HOME": home, "QT_QPA_PLATFORM": platform}
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    return float(done.stdout.split()[-1]) - start


def run() -> dict[str, float | int]:
    with tempfile.TemporaryDirectory() as home:
        for code in (BARE, OURS, HELP):  # warm the disk
            seconds(code, home)
        times = [
            (seconds(BARE, home), seconds(OURS, home), seconds(HELP, home)) for _ in range(RUNS)
        ]
    bare, ours, help_ = (statistics.median(column) for column in zip(*times, strict=True))
    return {
        "runs": RUNS,
        "bare window, median s": bare,
        "VLM Explorer window, median s": ours,
        "ratio to the bare window": ours / bare,
        "--help, median s": help_,
    }
