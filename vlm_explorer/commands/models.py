"""`vlm-explorer models`: the encoders on offer, and what is on this machine."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vlm_explorer.commands.terminal import file_size, job, note, print_json
from vlm_explorer.errors import ModelNotFound, UsageError
from vlm_explorer.jobs import JobContext

SCORES = {"softmax": "compete (softmax)", "sigmoid": "each on its own (sigmoid)"}


def run(arguments: Namespace) -> int:
    """List, show, fetch, import, measure or remove encoders; keep or forget the hub's token."""
    actions: dict[str, Callable[[Namespace], None]] = {
        "list": _list,
        "show": _show,
        "fetch": _fetch,
        "import": _import,
        "remove": _remove,
        "measure": _measure,
        "login": _login,
        "logout": _logout,
    }
    actions[arguments.action or "list"](arguments)
    return 0


def _list(arguments: Namespace) -> None:
    from vlm_explorer.encoders.registry import list_encoders, list_not_offered

    rows = [_row(spec, folder) for spec, folder in list_encoders()]
    if arguments.json:
        print_json(rows)
        return
    for row in rows:
        _print_line(row)
    if missing := list_not_offered():
        print("\nNot on offer:")
    for spec in missing:
        print(f"{spec.id:<22} {spec.name}: {spec.not_offered}")


def _show(arguments: Namespace) -> None:
    from vlm_explorer.encoders.registry import list_encoders, list_not_offered

    offered = [*list_encoders(), *((spec, None) for spec in list_not_offered())]
    rows = [_row(spec, folder) for spec, folder in offered if spec.id == arguments.target]
    if not rows:
        raise ModelNotFound(
            f"There is no encoder “{arguments.target}”.", "See the list with: vlm-explorer models"
        )
    row = _detailed(rows[0])
    if arguments.json:
        print_json(row)
    else:
        _print_details(row)


def _fetch(arguments: Namespace) -> None:
    from vlm_explorer.installing.fetching import fetch_model

    token = _read_token(arguments) if arguments.token_stdin else None
    context, line = job(arguments)
    try:
        spec = fetch_model(
            arguments.target, token=token, revision=arguments.revision, context=context
        )
    finally:
        line.end()
    _added(spec, "Fetched", arguments)


def _import(arguments: Namespace) -> None:
    from vlm_explorer.installing.importing import import_checkpoint, import_model

    source = Path(arguments.target).expanduser()
    context, line = job(arguments)
    try:
        if source.is_file() and not arguments.architecture:
            raise _without_architecture(source, context)
        if arguments.architecture:
            spec = import_checkpoint(
                source,
                arguments.architecture,
                arguments.id,
                pretrained=arguments.pretrained,
                preprocess=_preprocess(arguments),
                tokenizer=Path(arguments.tokenizer) if arguments.tokenizer else None,
                context=context,
            )
        else:
            spec = import_model(source, arguments.id, context=context)
    finally:
        line.end()
    _added(spec, "Imported", arguments)


def _without_architecture(file: Path, context: JobContext) -> UsageError:
    """Return what to raise for a checkpoint whose architecture was not named: which ones fit."""
    from vlm_explorer.installing.checkpoints import read_checkpoint
    from vlm_explorer.installing.guessing import guess_architecture

    fits = guess_architecture(read_checkpoint(file), context=context)
    found = f"Its tensors are those of {' or '.join(fits)}: name it" if fits else "Name it"
    return UsageError(
        f"{file} is a file of weights, which does not say what its architecture is.",
        f"{found} by --architecture {fits[0] if fits else 'NAME, as open_clip calls it'}.",
    )


def _preprocess(arguments: Namespace) -> dict[str, Any]:
    """Return what the command line says of how images are prepared."""
    names = ("mean", "std", "interpolation", "resize_mode")
    values = {name: getattr(arguments, f"image_{name}") for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _remove(arguments: Namespace) -> None:
    from vlm_explorer.encoders.registry import disk_used
    from vlm_explorer.installing.importing import remove_model

    freed = disk_used(arguments.target)
    remove_model(arguments.target)
    if arguments.json:
        print_json({"id": arguments.target, "freed": freed})
    else:
        print(f"Removed {arguments.target}; {file_size(freed)} are free again.")


def _measure(arguments: Namespace) -> None:
    from vlm_explorer.encoders.fingerprint import fingerprint
    from vlm_explorer.encoders.kept_speeds import forget_speeds
    from vlm_explorer.encoders.load import load_encoder
    from vlm_explorer.encoders.model_folder import read_model_folder
    from vlm_explorer.encoders.registry import find_model_folder

    name, folder = find_model_folder(arguments.target)
    context, line = job(arguments)
    try:
        forget_speeds(fingerprint(read_model_folder(folder), context=context))
        encoder = load_encoder(
            arguments.target,
            device=arguments.device,
            precision=arguments.precision,
            context=context,
        )
    finally:
        line.end()
    choice = encoder.choice
    if arguments.json:
        print_json({"id": name, **asdict(choice)})
        return
    for precision, rate in choice.images_per_second.items():
        print(f"{precision}: {rate:.3g} images/s on {choice.device}")
    print(choice.why)


def _login(arguments: Namespace) -> None:
    from vlm_explorer.installing.hub_token import keep_token, token_source

    keep_token(_read_token(arguments))
    note("The token is kept in the system's keyring.", arguments)
    if token_source() == "environment":
        note("HF_TOKEN is set, and comes before it.", arguments)


def _logout(arguments: Namespace) -> None:
    from vlm_explorer.installing.hub_token import forget_token

    forget_token()
    note("The token was deleted from the system's keyring.", arguments)


def _read_token(arguments: Namespace) -> str:
    """Return the token from standard input, or ask for it with no echo."""
    if arguments.token_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    from getpass import getpass

    return getpass("Token for the hub (it is not shown): ").strip()


def _added(spec: Any, how: str, arguments: Namespace) -> None:
    from vlm_explorer.encoders.registry import find_model_folder

    if arguments.json:
        print_json(_detailed(_row(spec, find_model_folder(spec.id)[1])))
        return
    print(f"{how} {spec.name} as “{spec.id}”. Use it with --model {spec.id}.")
    if spec.use_restrictions:
        note(spec.use_restrictions, arguments)


def _row(spec: Any, folder: Path | None) -> dict[str, Any]:
    return {
        **asdict(spec),
        "installed": folder is not None,
        "folder": str(folder) if folder is not None else None,
    }


def _detailed(row: dict[str, Any]) -> dict[str, Any]:
    """Add what is on this machine: disk used, and where the weights came from."""
    from vlm_explorer.encoders.registry import disk_used
    from vlm_explorer.encoders.source import read_source

    source = read_source(Path(row["folder"])) if row["folder"] else None
    return {
        **row,
        "disk_used": disk_used(row["id"]),
        "source": asdict(source) if source is not None else None,
    }


def _print_line(row: dict[str, Any]) -> None:
    state = "installed" if row["installed"] else "not installed"
    size = file_size(row["bytes"]) if row["bytes"] else "size not known"
    print(f"{row['id']:<22} {state:<14} {size:<14} {row['name']}")
    for name in ("domain", "license", "use_restrictions"):
        if row[name]:
            print(f"{'':<22} {row[name]}")


def _print_details(row: dict[str, Any]) -> None:
    from vlm_explorer.encoders.registry import describe, how_to_add

    _print_line(row)
    source = row["source"] or {}
    lines = {
        "for": row["purpose"],
        "repository": row["repository"],
        "version": row["revision"],
        "access": row["access"],
        "image size": row["image_size"] and f"{row['image_size']} pixels a side",
        "dimension": row["dimension"],
        "context length": row["context_length"] and f"{row['context_length']} tokens",
        "scores": row["loader"] and SCORES[row["scale_kind"]],
        "not on offer": row["not_offered"],
        "folder": row["folder"],
        "disk used": row["disk_used"] and file_size(row["disk_used"]),
        "came from": source and f"{source['origin']}, {source['date']}",
        "architecture": source.get("architecture"),
        "weights": source.get("file"),
        "SHA-256": source.get("sha256"),
    }
    for name, value in lines.items():
        if value:
            print(f"  {name:<20} {value}")
    for figure in row["figures"]:
        print(f"  reported             {figure['what']}: {figure['value']} ({figure['source']})")
    if not row["installed"] and not row["not_offered"]:
        print(how_to_add(describe(row["id"])))
