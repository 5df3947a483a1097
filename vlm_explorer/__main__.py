"""The entry of the program: `vlm-explorer` and `python -m vlm_explorer`."""

from __future__ import annotations

import os
import platform
import sys
from io import TextIOWrapper
from multiprocessing import freeze_support
from pathlib import Path


def _load_torch_before_qt() -> None:
    """On Windows, load torch's first library ahead of Qt's: the other order fails (WinError 1114).

    Only the library is loaded, not torch itself, which would cost seconds.
    """
    if platform.system() != "Windows":
        return
    import ctypes
    import importlib.util

    found = importlib.util.find_spec("torch")
    if found is not None and found.origin is not None:
        library = Path(found.origin).parent / "lib" / "c10.dll"
        if library.is_file():
            ctypes.CDLL(str(library))


def main() -> int:
    """Run the command line; returns the exit code."""
    freeze_support()
    if sys.stdout is None:  # closed by who started this, or a program without a console on Windows
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115  until the end
    if isinstance(sys.stdout, TextIOWrapper):
        # what the encoding of the reader lacks is escaped, as JSON does
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _load_torch_before_qt()
        from vlm_explorer.cli import main as run

        return run(sys.argv[1:])
    except KeyboardInterrupt:  # before the command itself listens for Ctrl-C
        sys.stderr.write("Interrupted.\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
