"""Where an export comes from, so that it can be understood and made again. Without any path."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vlm_explorer import __version__
from vlm_explorer.collection.records import salted
from vlm_explorer.collection.store import Collection
from vlm_explorer.export.answers import Answers
from vlm_explorer.export.request import DEFAULT_LAYOUT, ExportRequest, format_by_suffix
from vlm_explorer.queries.label_set_file import table_of

NOTICE = "Research use. Not for diagnosis."
COLLECTION = "COLLECTION"  # stands for the collection's folder, whose name may be a patient's


RECORD = "provenance.json"


def sidecar(request: ExportRequest) -> Path:
    """Return the file that says where an export comes from: beside its file, or in its folder."""
    to = request.to
    return to / RECORD if request.kind.folder else to.with_name(f"{to.name}.json")


def provenance(
    collection: Collection,
    request: ExportRequest,
    answers: Answers,
    *,
    exported: int,
    columns: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return what is to be known about an export, as JSON's types.

    The collection goes by a key of its own, because its name may be that of a folder.

    Args:
        exported: how many images went out.
        columns: the meaning of each column.
    """
    total = collection.images.num_rows
    named = answers.model if len(collection.models()) > 1 else ""
    facts: dict[str, Any] = {
        "program": f"VLM Explorer {__version__}",
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "notice": NOTICE,
        "format": request.format,
        "collection": salted(collection.salt, "collection"),
        "images": {"exported": exported, "of": total, "what": request.what},
        "filters": list(request.filters),
        "holds": asdict(request.holding),
        "encoder": _encoder(collection, answers),
        "layout": _layout(request, answers),
        "prompts": list(request.texts),
        "like": request.like or None,
        "query": request.query.facts() if request.query.terms else None,
        "labels": _labels(request, answers),
        "measures": {each.name: each.meaning for each in answers.measures},
        "command": shlex.join(command(request, COLLECTION, bare=True, model=named)),
    }
    if request.query.why_no_command:
        del facts["command"]  # it would export something else
    if request.image_ids is not None:
        facts["image_ids"] = list(request.image_ids)
    if columns is not None:
        facts["columns"] = dict(columns)
    return facts


def _encoder(collection: Collection, answers: Answers) -> dict[str, Any] | None:
    if not answers.model:
        return None
    entry = collection.encoder_entry(answers.model)
    return {
        "id": entry.model,
        "fingerprint": entry.fingerprint,
        "recipe": entry.recipe,
        "dimension": entry.dimension,
        "ct_window": entry.ct_window,
    }


def _layout(request: ExportRequest, answers: Answers) -> dict[str, Any] | None:
    if (made := answers.layout) is None:
        return None
    whole = made.quality[0] if made.quality else None
    return {
        "name": request.named or None,
        "method": made.request.method,
        "space": made.request.space,
        "parameters": made.request.spec().settings,
        "images": len(made.image_ids),
        "placed_by_neighbours": made.placed,
        "texts": len(made.texts),
        "without_vector": made.without_vector,
        "trust": made.trust,
        "continuity": None if whole is None else whole.continuity,
        "neighbours_kept": None if whole is None else whole.kept,
        "gap": made.gap,
    }


def _labels(request: ExportRequest, answers: Answers) -> dict[str, Any] | None:
    if (labels := answers.labels) is None:
        return None
    calibration = labels.calibration
    return {
        "labels": list(labels.labels),
        "templates": labels.templates,
        "task": labels.task,
        "temperature": labels.temperature,
        "margin": labels.least_margin,
        "calibrated_on": None if calibration is None else calibration.cases,
        "set": None if request.label_set is None else table_of(request.label_set),
    }


def command(
    request: ExportRequest, collection: str, *, bare: bool = False, model: str = ""
) -> list[str]:
    """Return the words of the command that makes the same export again.

    Chosen images are read from the list that the export writes beside it.

    Args:
        collection: what to call its folder.
        bare: leave the folder out in which the export lies.
        model: the encoder, where it has to be named.
    """
    base = request.to.parent
    words = ["vlm-explorer", "export", collection]
    words += ["--to", request.to.name if bare else str(request.to)]
    if format_by_suffix(request.to) != request.format:
        words += ["--format", request.format]
    if request.image_ids is not None:
        chosen = sidecar(request)
        words += ["--what", chosen.relative_to(base).as_posix() if bare else str(chosen)]
    words += [f"--with-{name}" for name, wanted in asdict(request.holding).items() if wanted]
    if request.kind.scored:
        words += [*_asked_words(request, bare), *request.figure]
    return [*words, "--model", model] if model else words


def _asked_words(request: ExportRequest, bare: bool) -> list[str]:
    words = [part for text in request.texts for part in _option("--text", text)]
    words += ["--image", request.like] if request.like else []
    words += request.query.options(bare=bare)
    words += _label_words(request, bare)
    words += ["--measures", *request.measures] if request.measures else []
    return words + _layout_words(request)


def _label_words(request: ExportRequest, bare: bool) -> list[str]:
    if request.label_set is not None:  # its prompts are in the record
        base, record = request.to.parent, sidecar(request)
        words = ["--labels-set", record.relative_to(base).as_posix() if bare else str(record)]
    else:
        words = [part for label in request.labels for part in _option("--labels", label)]
        if request.labels:
            words += ["--task", request.task]
            words += ["--templates", request.templates] if request.templates else []
    if request.classified is not None:
        words += [] if request.temperature is None else ["--temperature", repr(request.temperature)]
        words += ["--margin", repr(request.margin)] if request.margin else []
    return words


def _option(name: str, value: str) -> list[str]:
    """Return an option with its value, which may begin as an option does."""
    return [f"{name}={value}"] if value.startswith("-") else [name, value]


_SETTINGS = {
    "seed": "--seed",
    "n_neighbors": "--neighbors",
    "min_dist": "--min-dist",
    "perplexity": "--perplexity",
}


def _layout_words(request: ExportRequest) -> list[str]:
    if request.named:
        return _option("--layout", request.named)
    if (wanted := request.layout) is None:
        return ["--layout", "none"]
    words = ["--layout", f"{wanted.method}/{wanted.space}"]
    for name, value in wanted.spec().settings.items():
        if value != getattr(DEFAULT_LAYOUT, name):
            words += [_SETTINGS[name], f"{value:g}"]
    return words


def as_json(facts: Mapping[str, Any]) -> str:
    """Return facts as text."""
    return json.dumps(facts, ensure_ascii=False, indent=1)


def as_ascii_json(facts: Mapping[str, Any]) -> str:
    """Return facts as text of plain characters, which any metadata can hold."""
    return json.dumps(facts, indent=1)
