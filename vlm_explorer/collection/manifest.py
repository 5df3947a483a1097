"""`collection.json`: what a collection is, which encoders it holds, and the salt of its keys."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from vlm_explorer.collection.tables import writing
from vlm_explorer.errors import CollectionDamaged, CollectionNotFound, CollectionTooNew
from vlm_explorer.pixels.ct_choice import choice_of

# 1: images by file, patient, study, series. 2: their place in space and time, descriptions.
# 3: rows of files that are gone are marked and stay; tables of captions that lie elsewhere.
FORMAT = 3
FILE = "collection.json"


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """An encoder whose vectors lie in the collection.

    `key` names the vector tables, `recipe` which of their rows count (see `pixels.ct_choice`);
    `provenance` records precision, device, preprocessing and library versions of the last run that
    wrote to them.
    """

    key: str
    model: str
    fingerprint: str
    recipe: str
    dimension: int
    logit_scale: float
    logit_bias: float | None
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def ct_window(self) -> str:
        """Through which window CT was encoded, one of `ct_choice.CHOICES`."""
        return choice_of(self.recipe)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of `collection.json`.

    `encoders` are ordered by last use, the newest last; `captions` is the table of captions that
    was named beside the sources, absolute, "" where there is none. `unfinished` are encoders of
    runs that did not come to their end: how they went about it, for the run that goes on.
    """

    name: str
    salt: str
    sources: tuple[str, ...] = ()
    encoders: tuple[EncoderEntry, ...] = ()
    format: int = FORMAT
    captions: str = ""
    unfinished: tuple[EncoderEntry, ...] = ()

    def with_encoder(self, entry: EncoderEntry) -> Manifest:
        """Return a manifest in which `entry` is the encoder last used."""
        return replace(
            self,
            encoders=(*_others(self.encoders, entry), entry),
            unfinished=_others(self.unfinished, entry),
        )

    def with_unfinished(self, entry: EncoderEntry) -> Manifest:
        """Return a manifest that says that a run with `entry` has begun."""
        return replace(self, unfinished=(*_others(self.unfinished, entry), entry))

    def with_sources(self, sources: list[str]) -> Manifest:
        """Return a manifest that also lists `sources`."""
        new = tuple(source for source in sources if source not in self.sources)
        return replace(self, sources=(*self.sources, *new))


def _others(entries: tuple[EncoderEntry, ...], entry: EncoderEntry) -> tuple[EncoderEntry, ...]:
    return tuple(known for known in entries if known.key != entry.key)


def new_manifest(name: str) -> Manifest:
    """Return the manifest of an empty collection, with a salt of its own."""
    return Manifest(name=name, salt=secrets.token_hex(16))


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that a reader sees either the old file or the whole new one."""
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(value, file, indent=1, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write `collection.json`."""
    write_json(folder / FILE, asdict(manifest))


def read_manifest(folder: Path) -> Manifest:
    """Read `collection.json`.

    Raises:
        CollectionNotFound: there is none.
        CollectionTooNew: a later version of the program wrote it.
        CollectionDamaged: it cannot be understood.
    """
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise CollectionNotFound(
            f"{folder} is not a collection.",
            "Make one with: vlm-explorer index FOLDER",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise CollectionDamaged(
            f"{folder / FILE} cannot be read: {error}", "Index the folders again."
        ) from error
    return _parse(folder, text)


def _parse(folder: Path, text: str) -> Manifest:
    try:
        value = json.loads(text)
        written = int(value["format"])
        if written > FORMAT:
            raise CollectionTooNew(
                f"The collection {folder} was written by a later version of VLM Explorer "
                f"(format {written}; this version reads up to {FORMAT}).",
                "Update VLM Explorer, or index the same folders into a new collection.",
            )
        encoders = tuple(EncoderEntry(**entry) for entry in value["encoders"])
        return Manifest(
            name=str(value["name"]),
            salt=bytes.fromhex(value["salt"]).hex(),
            sources=tuple(value["sources"]),
            encoders=encoders,
            format=written,
            captions=str(value.get("captions", "")),
            unfinished=tuple(EncoderEntry(**entry) for entry in value.get("unfinished", ())),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CollectionDamaged(
            f"The collection {folder} is damaged: {FILE} cannot be understood.",
            "Index the same folders into a new collection; the scans themselves are untouched.",
        ) from error
