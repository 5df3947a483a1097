"""What the user set: a small TOML file, read tolerantly and written atomically."""

from __future__ import annotations

import os
import tempfile
import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from vlm_explorer import paths
from vlm_explorer.errors import StorageProblem

VERSION = 1
THEMES = ("dark", "light")
MOST_RECENT = 12


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user set.

    Attributes:
        theme: "dark" or "light".
        model: id of the encoder to use where a collection does not say; empty: the best installed.
        device: what encoders run on in the window: "auto", or a name as torch knows it.
        precision: in which precision they run there: "auto", "fp32", "bf16" or "fp16".
        recent: folders of collections opened lately, the newest first.
        titles: what to call those whose own name may be a patient's.
        reopen: whether the next start opens what was open when the program ended.
        last: what was open then; "" for nothing.
        hub_endpoint: address of a mirror of the hub; "" for the hub itself.
        hub_ca_bundle: file of the certificates to trust besides the system's; "" for none.
        hub_proxy: address of the proxy to fetch through; "" for the system's.
    """

    theme: str = "dark"
    model: str = ""
    device: str = "auto"
    precision: str = "auto"
    recent: tuple[str, ...] = ()
    titles: dict[str, str] = field(default_factory=dict)
    reopen: bool = True
    last: str = ""
    hub_endpoint: str = ""
    hub_ca_bundle: str = ""
    hub_proxy: str = ""

    def with_recent(self, folder: str, title: str = "") -> Settings:
        """Return settings in which `folder` is the one opened last, called `title` if given."""
        others = [known for known in self.recent if known != folder]
        recent = (folder, *others)[:MOST_RECENT]
        titles = self.titles | {folder: title}
        kept = {place: titles[place] for place in recent if titles.get(place)}
        return replace(self, recent=recent, titles=kept)


def _file() -> Path:
    return paths.config_folder() / "settings.toml"


def _clean(value: dict[str, Any]) -> dict[str, Any]:
    """Return the values that are of the right kind; the others fall back to their defaults."""
    clean: dict[str, Any] = {}
    if value.get("theme") in THEMES:
        clean["theme"] = value["theme"]
    for name, kind in (
        ("model", str),
        ("device", str),
        ("precision", str),
        ("last", str),
        ("reopen", bool),
        ("hub_endpoint", str),
        ("hub_ca_bundle", str),
        ("hub_proxy", str),
    ):
        if isinstance(value.get(name), kind):
            clean[name] = value[name]
    if isinstance(titles := value.get("titles"), dict):
        clean["titles"] = {str(key): text for key, text in titles.items() if isinstance(text, str)}
    if isinstance(recent := value.get("recent"), list):
        clean["recent"] = tuple(entry for entry in recent if isinstance(entry, str))[:MOST_RECENT]
    return clean


def _stored() -> dict[str, Any]:
    try:
        return tomllib.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # a settings file that cannot be read must not keep the program from starting


def load_settings() -> Settings:
    """Return the settings; what is missing or makes no sense has its default."""
    return Settings(**_clean(_stored()))


def save_settings(settings: Settings) -> None:
    """Write the settings; keys that a later version put there are kept.

    Raises:
        StorageProblem: the settings folder cannot be written to.
    """
    import tomli_w

    known = {each.name for each in fields(Settings)}
    others = {name: value for name, value in _stored().items() if name not in known}
    value = {**others, "version": VERSION, **asdict(settings), "recent": list(settings.recent)}
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=".settings.")
        with os.fdopen(handle, "wb") as stream:
            tomli_w.dump(value, stream)
        Path(temporary).replace(file)
    except OSError as error:
        raise StorageProblem(
            f"The settings cannot be saved in {file.parent}.", "They hold until the program ends."
        ) from error
