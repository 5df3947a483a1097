"""By what files are read here: the program, its rendering, and the packages that decode."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version

from vlm_explorer.pixels.render import RECIPE

PACKAGES = (
    "imagecodecs",
    "numpy",
    "pillow",
    "pydicom",
    "pyjpegls",
    "pylibjpeg",
    "pylibjpeg-libjpeg",
    "pylibjpeg-openjpeg",
    "pylibjpeg-rle",
    "python-gdcm",
    "vlm-explorer",
)


def decoder_versions() -> str:
    """Return a short digest that changes when a file that cannot be read might be readable."""
    facts = [RECIPE, platform.python_version()]
    facts += [f"{name} {_version(name)}" for name in PACKAGES]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()[:16]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
