"""An export from request to files: what the window, the command and the API call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.export import atlas, file_lists, projector, tables
from vlm_explorer.export.answers import Answers, ask
from vlm_explorer.export.choosing import chosen_rows
from vlm_explorer.export.columns import Exported, export_table
from vlm_explorer.export.drawing import draw
from vlm_explorer.export.figure import Style
from vlm_explorer.export.places import whole_file, whole_folder
from vlm_explorer.export.provenance import RECORD, as_json, provenance, sidecar
from vlm_explorer.export.request import FIGURES, WITH_THUMBNAILS, ExportRequest
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    import pyarrow as pa

_VECTORS_NEEDED = ("npz", "tensorboard", "atlas")


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written.

    Attributes:
        path: the file or folder.
        record: the file beside it, or in it, that says where it comes from; None where that is
            in the file itself.
        images: how many went out, `of` how many there are.
        left_out: how many of those wanted have no vector, where vectors are what goes out.
        files: of lists and copies, how many files.
        warnings: what the user should know.
        provenance: what the record says.
    """

    path: Path
    record: Path | None
    images: int
    of: int
    left_out: int
    files: int | None
    warnings: tuple[str, ...]
    provenance: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Written:
    images: int
    left_out: int = 0
    files: int | None = None
    warnings: tuple[str, ...] = ()


def export(
    collection: Collection,
    request: ExportRequest,
    *,
    load: Callable[[], Encoder],
    style: Style = Style(),
    model: str | None = None,
    context: JobContext | None = None,
) -> ExportReport:
    """Write what a request asks for, whole or not at all.

    Args:
        load: gives the encoder; called only where words have to be encoded.
        style: of a figure.
        model: whose vectors; by default those last used.

    Raises:
        UsageError: an unknown format, no images, a folder that is not empty.
        StorageProblem: it cannot be written.
        ModelProblem, CollectionProblem: as the queries do.
        Cancelled: `context` asked to stop; nothing was written.
    """
    context = context or JobContext()
    request = replace(request, to=request.to.expanduser())
    if not request.to.name:
        raise UsageError(
            f"The folder {request.to} cannot be written as a whole.", "Give a new name within it."
        )
    if request.format in FIGURES:
        return _draw(collection, request, style, load, model, context)
    rows, unknown = chosen_rows(collection, request.image_ids)
    answers = ask(collection, request, model, load, context)
    if request.format in _VECTORS_NEEDED and not answers.model:
        raise UsageError(
            f"The collection “{collection.name}” holds no vectors.", "Index its folders first."
        )
    if request.format == "atlas" and answers.layout is None:
        raise UsageError("Embedding Atlas needs places on the map.", "Leave --layout none out.")
    exported = export_table(collection, rows, answers, request.holding)
    facts = provenance(
        collection, request, answers, exported=len(rows), columns=_columns(request, exported)
    )
    write = _write_folder if request.kind.folder else _write_file
    written = write(collection, request, exported, answers, facts, context)
    notes = _notes(request, unknown)
    return ExportReport(
        path=request.to,
        record=sidecar(request),
        images=written.images,
        of=collection.images.num_rows,
        left_out=written.left_out,
        files=written.files,
        warnings=notes + written.warnings,
        provenance=facts,
    )


def _draw(
    collection: Collection,
    request: ExportRequest,
    style: Style,
    load: Callable[[], Encoder],
    model: str | None,
    context: JobContext,
) -> ExportReport:
    """Draw a figure, which holds its record itself."""
    figure, unknown = draw(collection, request, style, load=load, model=model, context=context)
    facts = dict(figure.provenance)
    count, of = facts["images"]["exported"], facts["images"]["of"]
    notes = _notes(request, unknown)
    return ExportReport(request.to, None, count, of, 0, None, notes, facts)


def _notes(request: ExportRequest, unknown: int) -> tuple[str, ...]:
    notes = []
    if unknown:
        notes.append(f"{unknown:,} of the images named are not in the collection.")
    if request.holding.thumbnails and request.format not in WITH_THUMBNAILS:
        notes.append(f"A file of the format {request.format} holds no thumbnails.")
    return tuple(notes)


def _columns(request: ExportRequest, exported: Exported) -> dict[str, str] | None:
    return None if request.format in ("files", "npz") else exported.meanings


def _write_file(
    collection: Collection,
    request: ExportRequest,
    exported: Exported,
    answers: Answers,
    facts: dict[str, Any],
    context: JobContext,
) -> _Written:
    """Write a file, and beside it where it comes from."""
    with whole_file(request.to) as partial, whole_file(sidecar(request)) as record:
        written = _fill(collection, request, exported, answers, facts, partial, context)
        facts["images"]["exported"] = written.images
        record.write_text(as_json(facts), encoding="utf-8")
        context.check()
    return written


def _fill(
    collection: Collection,
    request: ExportRequest,
    exported: Exported,
    answers: Answers,
    facts: dict[str, Any],
    path: Path,
    context: JobContext,
) -> _Written:
    count = len(exported.rows)
    if request.format == "csv":
        tables.write_csv(exported.table, path, context)
        return _Written(count)
    if request.format == "files":
        return _Written(count, files=file_lists.write_list(collection, exported, path))
    if request.format == "npz":
        left_out = tables.write_npz(collection, exported, answers, path, facts)
        return _Written(count - left_out, left_out)
    table: pa.Table = exported.table
    left_out = 0
    if request.format == "atlas":
        wanted = request.holding.thumbnails
        table, left_out = atlas.atlas_table(
            collection, exported, answers, thumbnails=wanted, context=context
        )
        facts["columns"]["neighbors"] = "rows of this file from 0, and cosine distances"
        facts["open_with"] = (
            f"embedding-atlas {request.to.name} --x x --y y --neighbors neighbors --text caption"
        )
    elif request.holding.thumbnails:
        table = _with_thumbnails(collection, table)
    facts["images"]["exported"] = count - left_out
    tables.write_parquet(table, path, facts)
    return _Written(count - left_out, left_out)


def _with_thumbnails(collection: Collection, table: pa.Table) -> pa.Table:
    import pyarrow as pa

    ids = table["image_id"].to_pylist()
    known = collection.thumbnails(ids)
    return table.append_column("thumbnail", pa.array([known.get(key) for key in ids], pa.binary()))


def _write_folder(
    collection: Collection,
    request: ExportRequest,
    exported: Exported,
    answers: Answers,
    facts: dict[str, Any],
    context: JobContext,
) -> _Written:
    """Write a folder, and in it where it comes from."""
    count = len(exported.rows)
    with whole_folder(request.to) as folder:
        if request.format == "copies":
            copied = file_lists.copy_files(collection, exported, folder, context)
            written = _Written(count, files=copied.files, warnings=_copy_warnings(copied))
        else:
            left_out, warnings = projector.write_projector(
                collection,
                exported,
                answers,
                folder,
                thumbnails=request.holding.thumbnails,
                context=context,
            )
            written = _Written(count - left_out, left_out, warnings=warnings)
            facts["open_with"] = f"tensorboard --logdir {request.to.name}"
        facts["images"]["exported"] = written.images
        (folder / RECORD).write_text(as_json(facts), encoding="utf-8")
        context.check()
    return written


def _copy_warnings(copied: file_lists.Copied) -> tuple[str, ...]:
    warnings = []
    if copied.missing:
        warnings.append(f"{copied.missing:,} files could not be read; the manifest names them.")
    if copied.changed:
        warnings.append(f"{copied.changed:,} files changed since they were indexed.")
    return tuple(warnings)
