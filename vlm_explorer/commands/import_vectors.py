"""`vlm-explorer import-vectors`: vectors that were computed elsewhere."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from vlm_explorer.commands.terminal import job, print_json
from vlm_explorer.paths import local_path

_MOST_LINES = 20


def run(arguments: Namespace) -> int:
    """Import, and say what became of every row."""
    from vlm_explorer.pipeline.import_vectors import import_vectors

    context, line = job(arguments)
    try:
        report = import_vectors(
            local_path(arguments.collection),
            Path(arguments.file).expanduser(),
            arguments.model,
            context=context,
        )
    finally:
        line.end()
    if arguments.json:
        print_json(report.to_json())
        return 0
    total = report.images + report.missing
    print(f"Collection: {report.collection}")
    print(f"Encoder {report.model}: {report.dimension} dimensions, {report.rows} rows read.")
    print(
        f"{report.images} of {total} images have a vector of it; {report.texts} texts, "
        f"{report.captions} of them captions of the collection."
    )
    for name in report.unmatched[:_MOST_LINES]:
        print(f"  no such image: {name}")
    if (rest := len(report.unmatched) - _MOST_LINES) > 0:
        print(f"  and {rest} more")
    for warning in report.warnings:
        print(f"warning: {warning}")
    return 0
