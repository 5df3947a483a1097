"""What the window says of each encoder on offer or on this machine. No Qt here.

Everything heavy is imported inside the functions, in the worker's thread.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext
from vlm_explorer.viewmodels import numbers

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.encoders.spec import EncoderSpec, Figure

OWN = "An encoder of your own."
OWN_LIMITS = "What it was trained on, and what it may be used for, is not known here."
SHORT = 12  # digits of a revision or a digest that are enough to tell two apart
_ADDRESS = re.compile(r"https?://[^\s,;]+[^\s,;.]")


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One encoder in words.

    Attributes:
        id, name: what commands and people call it.
        purpose: what it is for, one sentence.
        limits: what it is not for, or may not be used for.
        subject: what kind of images it was trained on.
        installed, bundled: whether it is on this machine, and whether it came with the program.
        own: whether the user imported it; the catalogue does not know it.
        download: bytes to fetch; None where the hub has to be asked first.
        fetched: bytes that are here of it since fetching it was stopped.
        disk: bytes that it takes on this machine.
        fetchable: whether it can be fetched from here.
        gated: whether its publisher asks for consent to terms and for a token.
        access: how to get access, in words.
        address: where to get it, for a browser; "" for nowhere.
        not_offered: why it cannot be had; "" where it can.
        details: pairs of a name and a value, for a table.
        figures: what was published about it.
        encoded, images: how many of the images of the open collection it has encoded, of how many.
    """

    id: str
    name: str
    purpose: str = ""
    limits: str = ""
    subject: str = ""
    installed: bool = False
    bundled: bool = False
    own: bool = False
    download: int | None = None
    fetched: int = 0
    disk: int = 0
    fetchable: bool = False
    gated: bool = False
    access: str = ""
    address: str = ""
    not_offered: str = ""
    details: tuple[tuple[str, str], ...] = ()
    figures: tuple[Figure, ...] = ()
    encoded: int = 0
    images: int = 0

    @property
    def size(self) -> str:
        """How large it is, here or to fetch, in words; "" where that is not known yet."""
        return numbers.size(self.disk if self.installed else self.download)


@dataclass(frozen=True, slots=True)
class ModelList:
    """All encoders: those on this machine, then those to fetch, then what cannot be had."""

    models: tuple[ModelFacts, ...] = ()

    @property
    def disk(self) -> int:
        """Bytes that the fetched and imported ones take."""
        return sum(model.disk for model in self.models if not model.bundled)


def read_models(collection: Collection | None, *, context: JobContext) -> ModelList:
    """Read what is on offer, what is on this machine, and what `collection` is encoded with."""
    from vlm_explorer.encoders.registry import list_encoders, list_not_offered
    from vlm_explorer.viewmodels.encoder_work import count_encoded

    encoded, images = {}, 0
    if collection is not None:
        images = collection.images.num_rows
        encoded = count_encoded(collection)
    context.check()
    listed = list_encoders()
    models = [_facts(spec, folder, encoded, images) for spec, folder in listed]
    models.sort(key=lambda model: not model.installed)
    models += [_facts(spec, None, encoded, images) for spec in list_not_offered()]
    context.check()
    return ModelList(tuple(models))


def _facts(
    spec: EncoderSpec, folder: Path | None, encoded: Mapping[str, int], images: int
) -> ModelFacts:
    from vlm_explorer.encoders.registry import disk_used
    from vlm_explorer.installing.fetching import fetched_bytes
    from vlm_explorer.paths import resources

    found = _ADDRESS.search(spec.access)
    page = f"https://huggingface.co/{spec.repository}" if spec.repository else ""
    disk = disk_used(spec.id) if spec.loader or folder is not None else 0
    bundled = folder is not None and folder.is_relative_to(resources())
    own = folder is not None and not spec.repository and not bundled
    return ModelFacts(
        id=spec.id,
        name=spec.name,
        purpose=spec.purpose or (OWN if own else ""),
        limits=spec.use_restrictions or (OWN_LIMITS if own else ""),
        subject=spec.domain,
        installed=folder is not None,
        bundled=bundled,
        own=own,
        download=None if folder is not None else spec.bytes,
        fetched=fetched_bytes(spec.id) if folder is None and spec.repository else 0,
        disk=disk,
        fetchable=folder is None and bool(spec.loader and spec.repository) and not spec.not_offered,
        gated=spec.gated,
        access=spec.access,
        address=found[0] if found else page,
        not_offered=spec.not_offered,
        details=_details(spec, folder, disk),
        figures=spec.figures,
        encoded=encoded.get(spec.id, 0),
        images=images,
    )


def _details(spec: EncoderSpec, folder: Path | None, disk: int) -> tuple[tuple[str, str], ...]:
    """Return what is known of an encoder as a table; what is not known has no row."""
    size, length = spec.image_size, spec.context_length
    scores = "each on its own (sigmoid)" if spec.scale_kind == "sigmoid" else "compete (softmax)"
    known = [
        ("Trained on", spec.domain),
        ("Licence", spec.license or ("see its page" if spec.repository else "")),
        ("Sees", f"{size} × {size} pixels" if size else ""),
        ("Reads", f"up to {length} tokens of text" if length else ""),
        ("Vectors", f"{spec.dimension} numbers" if spec.dimension else ""),
        ("Scores", scores if spec.loader else ""),
        ("Published at", f"huggingface.co/{spec.repository}" if spec.repository else ""),
        ("Revision", spec.revision[:SHORT]),
        ("To fetch", numbers.size(spec.bytes) if folder is None else ""),
    ]
    if folder is not None:
        known += [("Disk used", numbers.size(disk)), *_source(folder)]
        known.append(("Folder", str(folder)))
    return tuple((name, value) for name, value in known if value)


def _source(folder: Path) -> list[tuple[str, str]]:
    """Return where an encoder came from, as noted beside its weights."""
    from vlm_explorer.encoders.source import read_source

    source = read_source(folder)
    if source is None:
        return []
    verb = "Fetched" if source.origin == "hub" else "Imported"
    return [
        (verb, source.date.partition("T")[0]),
        ("Architecture", source.architecture),
        ("Converted from", source.converted_from),
        ("SHA-256", source.sha256),
    ]
