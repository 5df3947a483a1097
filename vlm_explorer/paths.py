"""Where things lie: the program's own resources, and the user's folders."""

from __future__ import annotations

import os
import re
from pathlib import Path

from vlm_explorer.errors import UsageError

APPLICATION = "vlm-explorer"
_URI = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+):(?=/)", re.IGNORECASE)  # no drive's letter


def resources() -> Path:
    """Return the folder of icons, themes, registry, template sets and the bundled encoder.

    In a wheel it lies inside the package (`vlm_explorer/resources`), in a clone beside it.
    """
    package = Path(__file__).resolve().parent
    inside = package / "resources"
    return inside if inside.is_dir() else package.parent / "resources"


def _folder(kind: str) -> Path:
    """Return the user's `data`, `cache`, `config` or `log` folder; VLM_EXPLORER_HOME overrides."""
    if home := os.environ.get("VLM_EXPLORER_HOME"):
        return Path(home).expanduser() / kind
    import platformdirs

    found: Path = getattr(platformdirs, f"user_{kind}_path")(APPLICATION, appauthor=False)
    return found


def data_folder() -> Path:
    """Return the folder of what the user keeps: collections, models."""
    return _folder("data")


def collections_folder() -> Path:
    """Return the folder in which collections lie by default, never beside the scans."""
    return data_folder() / "collections"


def models_folder() -> Path:
    """Return the folder of the encoders installed on this machine."""
    return data_folder() / "models"


def cache_folder() -> Path:
    """Return the folder of what can be made again."""
    return _folder("cache")


def config_folder() -> Path:
    """Return the folder of the settings."""
    return _folder("config")


def log_folder() -> Path:
    """Return the folder of logs and of the crash file."""
    return _folder("log")


def local_path(place: str | os.PathLike[str]) -> Path:
    """Return the path of what a user names by a path or by a `file:` URI (RFC 8089).

    Raises:
        UsageError: the URI is of another kind, or of another machine.
    """
    text = os.fspath(place)
    found = _URI.match(text)
    if found is None or os.path.lexists(text):
        return Path(text).expanduser()
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    parts = urlsplit(text)
    if found["scheme"].lower() != "file" or parts.netloc.lower() not in ("", "localhost"):
        raise UsageError(
            f"{text} is not a place on this machine.", "Give a path, or a URI as in file:///path."
        )
    return Path(url2pathname(parts.path))
