"""How the vectors that are there were made, so that those to come are made the same way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from vlm_explorer.collection.manifest import EncoderEntry, Manifest, read_manifest
from vlm_explorer.collection.store import is_collection
from vlm_explorer.errors import ModelNotFound, NotSupported

_AUTO = "auto"


@dataclass(frozen=True, slots=True)
class RunSettings:
    """Device and precision for `load_encoder`, batch size for `index`; `auto` and None: choose."""

    device: str = _AUTO
    precision: str = _AUTO
    batch_size: int | None = None


def recorded_settings(
    folder: Path | None, model: str, asked: RunSettings | None = None
) -> RunSettings:
    """Return how a run with `model` into the collection in `folder` goes about it.

    The last bits of a vector depend on device, precision and the shape of its batch: what a run
    before used, finished or not, is used again where nothing else was asked for, and where it can
    be had on this machine.

    Args:
        folder: of the collection; it need not exist yet, nor be known.
        model: an encoder's id, or a model folder.
    """
    asked = asked or RunSettings()
    entry = _entry_of(folder, model)
    if entry is None:
        return asked
    device, precision = (str(entry.provenance.get(name, _AUTO)) for name in ("device", "precision"))
    if asked.device not in (_AUTO, device) or not _is_usable(device):
        return asked
    settings = replace(asked, device=device)
    if asked.precision not in (_AUTO, precision):
        return settings
    return replace(
        settings,
        precision=precision,
        batch_size=asked.batch_size or entry.provenance.get("batch_size"),
    )


def recorded_entry(manifest: Manifest, fingerprint: str) -> EncoderEntry | None:
    """Return the entry of an encoder by its fingerprint; that of an unfinished run goes first."""
    for entry in (*reversed(manifest.unfinished), *reversed(manifest.encoders)):
        if entry.fingerprint == fingerprint:
            return entry
    return None


def made_otherwise(entry: EncoderEntry, before: EncoderEntry | None) -> str:
    """Return in words how a run differs from that which made the vectors there; "" if it doesn't.

    Args:
        before: the entry of the runs until now.
    """
    if before is None or "device" not in before.provenance:
        return ""
    was, now = _words(before), _words(entry)
    if was == now or "batch_size" not in before.provenance:
        return ""
    return (
        f"The vectors that are there were made on {was}; those of this run are made on {now}. They "
        "belong together, but differ in their last digits."
    )


def _words(entry: EncoderEntry) -> str:
    made = entry.provenance
    return f"{made['device']} in {made['precision']}, {made.get('batch_size')} images at a time"


def _entry_of(folder: Path | None, model: str) -> EncoderEntry | None:
    from vlm_explorer.encoders.registry import find_model_folder

    if folder is None or not is_collection(folder):
        return None
    manifest = read_manifest(folder)
    try:
        name = find_model_folder(model)[0]
    except ModelNotFound:
        return None
    for entry in (*reversed(manifest.unfinished), *reversed(manifest.encoders)):
        if entry.model == name and "device" in entry.provenance:
            return entry
    return None


def _is_usable(device: str) -> bool:
    from vlm_explorer.encoders.device import choose_device

    try:
        return choose_device(device) == device
    except NotSupported:
        return False
