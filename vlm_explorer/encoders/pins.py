"""What the hub said of a repository at the first contact, kept so that it cannot change unnoticed.

A small file beside the user's encoders: for each repository its commit, the files that an encoder
needs with sizes and SHA-256, and the licence that its page states. A later fetch takes the same
commit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from vlm_explorer import paths
from vlm_explorer.encoders.spec import RemoteFile
from vlm_explorer.encoders.whole_file import write_whole


@dataclass(frozen=True, slots=True)
class Pin:
    """A repository as it was at one commit."""

    revision: str
    files: tuple[RemoteFile, ...] = ()
    license: str = ""


def pins_file() -> Path:
    """Return the file of pins."""
    return paths.models_folder() / "pins.json"


def read_pins() -> Mapping[str, Pin]:
    """Return the pins by repository; a file that cannot be read counts as none."""
    try:
        stored = json.loads(pins_file().read_text(encoding="utf-8"))
        return {repository: _pin(entry) for repository, entry in stored.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # the hub is asked again


def keep_pin(repository: str, pin: Pin) -> None:
    """Keep what the hub said of a repository.

    Raises:
        OSError: no room, or no permission to write.
    """
    file = pins_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(".pins.lock")):  # two encoders may be fetched at once
        pins = {name: asdict(known) for name, known in read_pins().items()}
        pins[repository] = asdict(pin)
        write_whole(file, json.dumps(pins, indent=1, sort_keys=True))


def _pin(entry: dict[str, Any]) -> Pin:
    files = tuple(
        RemoteFile(str(file["name"]), file["bytes"], str(file["sha256"])) for file in entry["files"]
    )
    return Pin(str(entry["revision"]), files, str(entry["license"]))
