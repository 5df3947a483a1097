"""Where a model folder came from: `source.json` beside its weights."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vlm_explorer.encoders.whole_file import write_whole

SOURCE_NAME = "source.json"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a model folder came from.

    Attributes:
        origin: "hub", "folder" or "checkpoint".
        file: name of the file of weights as it was published or given.
        sha256: digest of that file.
        repository: on the hub; "" for a user's own file.
        revision: its commit; "" likewise.
        companion: repository and commit that the text tower's configuration came from; "" if none.
        converted_from: name of the file that the weights here were made from; "" where they are
            as they were.
        weights_sha256: digest of the weights here.
        architecture: open_clip's name, for a bare checkpoint; "" otherwise.
        date: when it was fetched or imported, ISO 8601 in UTC.
    """

    origin: str
    file: str
    sha256: str
    repository: str = ""
    revision: str = ""
    companion: str = ""
    converted_from: str = ""
    weights_sha256: str = ""
    architecture: str = ""
    date: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def read_source(folder: Path) -> Source | None:
    """Return where a model folder came from; None where that is not known."""
    try:
        stored: dict[str, Any] = json.loads((folder / SOURCE_NAME).read_text(encoding="utf-8"))
        return Source(**{name: str(value) for name, value in stored.items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def write_source(folder: Path, source: Source) -> None:
    """Write where a model folder came from.

    Raises:
        OSError: no room, or no permission to write.
    """
    write_whole(folder / SOURCE_NAME, json.dumps(asdict(source), indent=1) + "\n")
