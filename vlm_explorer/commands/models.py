"""`vlm-explorer models`: the encoders on offer, and what is on this machine."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vlm_explorer.commands.terminal import file_size, print_json
from vlm_explorer.errors import ModelNotFound


def run(arguments: Namespace) -> int:
    """List, show, import or remove encoders."""
    from vlm_explorer.encoders.installing import import_model, remove_model
    from vlm_explorer.encoders.registry import list_encoders

    if arguments.action == "import":
        spec = import_model(Path(arguments.target).expanduser(), arguments.id)
        print(f"Imported {spec.name} as “{spec.id}”. Use it with --model {spec.id}.")
        return 0
    if arguments.action == "remove":
        remove_model(arguments.target)
        print(f"Removed {arguments.target}.")
        return 0
    rows = [_row(spec, folder) for spec, folder in list_encoders()]
    if arguments.action == "show":
        rows = [row for row in rows if row["id"] == arguments.target]
        if not rows:
            raise ModelNotFound(
                f"There is no encoder “{arguments.target}”.",
                "See the list with: vlm-explorer models",
            )
    if arguments.json:
        print_json(rows[0] if arguments.action == "show" else rows)
    else:
        _print(rows)
    return 0


def _row(spec: Any, folder: Path | None) -> dict[str, Any]:
    return {**asdict(spec), "installed": folder is not None}


def _print(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        state = "installed" if row["installed"] else "not installed"
        size = file_size(row["bytes"]) if row["bytes"] else "size not known"
        print(f"{row['id']:<20} {state:<14} {size:<14} {row['name']}")
        for name in ("domain", "license", "use_restrictions"):
            if row[name]:
                print(f"{'':<20} {row[name]}")
