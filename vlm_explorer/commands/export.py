"""`vlm-explorer export`: tables, vectors, lists and copies of files."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_explorer.commands.classify import chosen_labels
from vlm_explorer.commands.terminal import job, note, print_json
from vlm_explorer.errors import StorageProblem, WrongOptions

if TYPE_CHECKING:
    from vlm_explorer.export.exporting import ExportReport


def run(arguments: Namespace) -> int:
    """Export, and say what was written."""
    from vlm_explorer.api import open_collection
    from vlm_explorer.export.choosing import read_image_ids
    from vlm_explorer.export.figure import Style

    _check(arguments)
    folder = Path(arguments.to).expanduser().absolute().parent
    if not folder.is_dir():
        raise StorageProblem(
            f"There is no folder {folder}.", "Make it first, or choose another place."
        )
    collection = open_collection(arguments.collection)
    what: Any = arguments.what
    if what != "all":
        what = read_image_ids(Path(what).expanduser()) or "all"
    context, line = job(arguments)
    try:
        report = collection.export(
            Path(arguments.to),
            format=arguments.format,
            what=what,
            texts=arguments.text,
            like=arguments.image,
            query=arguments.query or "",
            fuse=arguments.fuse,
            rank_by=arguments.rank_by,
            per=arguments.per,
            reduce=arguments.reduce,
            top=arguments.top,
            diversity=arguments.diverse,
            labels=chosen_labels(arguments),
            templates=arguments.templates or "",
            task=arguments.task or "single",
            temperature=arguments.temperature,
            margin=arguments.margin,
            layout=arguments.layout,
            seed=arguments.seed,
            n_neighbors=arguments.n_neighbors,
            min_dist=arguments.min_dist,
            perplexity=arguments.perplexity,
            measures=arguments.measures,
            with_files=arguments.with_files,
            with_keys=arguments.with_keys,
            with_columns=arguments.with_columns,
            with_thumbnails=arguments.with_thumbnails,
            with_tags=arguments.with_tags,
            with_notes=arguments.with_notes,
            style=Style(
                theme=arguments.theme,
                width=arguments.size[0],
                height=arguments.size[1],
                scale=arguments.scale,
                colour_by=arguments.colour_by,
            ),
            model=arguments.model,
            context=context,
        )
    finally:
        line.end()
    _print(report, arguments)
    return 0


def _check(arguments: Namespace) -> None:
    usual = {"fuse": "sum", "rank_by": "cosine", "per": "image", "diverse": None}
    given = [name for name, value in usual.items() if getattr(arguments, name) != value]
    if given and not arguments.query:
        raise WrongOptions(
            f"--{given[0].replace('_', '-')} says how a query ranks, and there is none.",
            "Give --query EXPRESSION.",
        )


def _print(report: ExportReport, arguments: Namespace) -> None:
    for warning in report.warnings:
        note(f"warning: {warning}", arguments)
    if arguments.json:
        print_json(
            {
                "to": str(report.path),
                "record": None if report.record is None else str(report.record),
                "images": report.images,
                "of": report.of,
                "left_out": report.left_out,
                "files": report.files,
                "warnings": list(report.warnings),
                "provenance": report.provenance,
            }
        )
        return
    files = "" if report.files is None else f", {report.files:,} files"
    print(f"{report.images:,} of {report.of:,} images{files}: {report.path}")
    if report.left_out:
        print(f"{report.left_out:,} images have no vector and were left out")
