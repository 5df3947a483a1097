"""`vlm-explorer info`: what a collection holds."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from pathlib import Path
from typing import Any

from vlm_explorer.commands.terminal import file_size, print_json
from vlm_explorer.paths import local_path
from vlm_explorer.pixels.ct_choice import describe_choice


def run(arguments: Namespace) -> int:
    """Print what is in the collection."""
    facts = describe(local_path(arguments.collection))
    if arguments.json:
        print_json(facts)
        return 0
    print(f"{facts['name']}  ({facts['collection']}, {file_size(facts['bytes'])})")
    print(f"{facts['images']} images of {facts['files']} files, {facts['texts']} texts")
    if facts["removed"]:
        print(f"{facts['removed']} images whose files are gone are marked as removed")
    for modality, count in facts["modalities"].items():
        print(f"  {count:>7} {modality or 'no modality given'}")
    for entry in facts["encoders"]:
        print(f"Encoder {entry['model']}: {entry['dimension']} dimensions, {entry['key']}")
        if entry["missing"]:
            print(f"  {entry['missing']} images have no vector of it")
        if "imported" in entry:
            print(f"  computed elsewhere, imported from {entry['imported']['file']}")
        else:
            print(f"  CT through: {describe_choice(entry['ct_window'])}")
    for model in facts["unfinished"]:
        print(f"Indexing with {model} was begun and not finished; the same command goes on")
    for kind, count in facts["problems"].items():
        print(f"Skipped as {kind}: {count}")
    for source in facts["sources"]:
        print(f"Source: {source}")
    if facts["captions_table"]:
        print(f"Captions: {facts['captions_table']}")
    return 0


def describe(folder: Path) -> dict[str, Any]:
    """Return what a collection holds, as JSON values."""
    from vlm_explorer.collection.store import Collection

    collection = Collection(folder)
    images = collection.images
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "collection": str(folder),
        "name": collection.name,
        "format": collection.manifest.format,
        "bytes": size,
        "images": images.num_rows,
        "removed": collection.removed_images.num_rows,
        "files": len(set(images["file"].to_pylist())),
        "patients": len(set(images["patient"].to_pylist()) - {""}),
        "series": len(set(images["series"].to_pylist()) - {""}),
        "texts": collection.texts.num_rows,
        "captions": collection.texts["kind"].to_pylist().count("caption"),
        "modalities": dict(Counter(images["modality"].to_pylist()).most_common()),
        "labels": dict(Counter(filter(None, images["label"].to_pylist())).most_common()),
        "problems": dict(Counter(collection.problems["kind"].to_pylist()).most_common()),
        "model": collection.models()[0] if collection.models() else None,
        "encoders": [
            {
                "model": entry.model,
                "key": entry.key,
                "fingerprint": entry.fingerprint,
                "dimension": entry.dimension,
                "recipe": entry.recipe,
                "ct_window": entry.ct_window,
                "missing": collection.missing_vectors(entry.key),
                **entry.provenance,
            }
            for entry in collection.manifest.encoders
        ],
        "unfinished": [entry.model for entry in collection.manifest.unfinished],
        "sources": list(collection.manifest.sources),
        "captions_table": collection.manifest.captions,
    }
