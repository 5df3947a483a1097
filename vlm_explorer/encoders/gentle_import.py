"""Imports torch in a thread without holding up the others, above all the one that draws.

Two things hold Python's lock for long while torch is imported: its libraries, whose initialisers
run while Python loads them (0.3 to 0.7 s), and the garbage collector, which goes through all that
was imported so far time and again (0.15 s each).
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import sys
import threading
from pathlib import Path

from vlm_explorer.garbage import nothing_collected

# In the order in which they need each other; a build has those for which it was made.
_LIBRARIES = ("torch_global_deps", "c10", "torch_cpu", "torch_cuda", "torch")
_MODULES = ("torch", "open_clip", "timm", "transformers")

_importing = threading.Lock()


def import_gently() -> None:
    """Import torch and open_clip with what they need; does nothing if that was done already."""
    with _importing:
        if all(name in sys.modules for name in _MODULES):
            return
        _load_libraries()
        with nothing_collected():
            for name in _MODULES:
                importlib.import_module(name)


def _load_libraries() -> None:
    """Have the system load torch's libraries: a call by ctypes lets go of Python's lock.

    What fails here, the import does again and reports. On Windows torch itself does it this way.
    """
    if sys.platform == "win32":
        return
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.restype, dlopen.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    for name in _LIBRARIES:
        library = Path(found.origin).parent / "lib" / f"lib{name}{suffix}"
        # torch makes this one's names known to all, and no other's
        scope = os.RTLD_GLOBAL if name == "torch_global_deps" else os.RTLD_LOCAL
        if library.exists():
            dlopen(os.fsencode(library), os.RTLD_LAZY | scope)
