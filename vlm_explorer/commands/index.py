"""`vlm-explorer index`: folders into a collection."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from dataclasses import replace
from pathlib import Path

from vlm_explorer.commands.terminal import job, print_json
from vlm_explorer.paths import local_path


def run(arguments: Namespace) -> int:
    """Index, and say what was done with every file."""
    from vlm_explorer.encoders.load import load_encoder
    from vlm_explorer.pipeline.indexing import default_place, index
    from vlm_explorer.pipeline.report import IndexReport
    from vlm_explorer.pipeline.run_settings import RunSettings, recorded_settings
    from vlm_explorer.queries.approximate import keep_ready
    from vlm_explorer.queries.matching import model_for_indexing

    paths = [local_path(path) for path in arguments.paths]
    to = local_path(arguments.to) if arguments.to else None
    context, line = job(arguments)
    model, warnings = model_for_indexing(paths, to, arguments.model)
    line.begin_with(f"warning: {warning}" for warning in warnings)
    asked = RunSettings(arguments.device, arguments.precision, arguments.batch_size)
    place = (to or default_place(paths[0])).absolute()
    settings = recorded_settings(place, model, asked)
    encoder = load_encoder(model, device=settings.device, precision=settings.precision)
    try:
        report: IndexReport = index(
            paths,
            to=to,
            encoder=encoder,
            captions=Path(arguments.captions) if arguments.captions else None,
            ct_window=arguments.ct_window,
            batch_size=settings.batch_size,
            workers=arguments.workers,
            retry=arguments.retry,
            context=context,
        )
        keep_ready(Path(report.collection), encoder.id, context=context)
    finally:
        line.end()
    report = replace(report, warnings=(*warnings, *report.warnings))
    if arguments.json:
        print_json(report.to_json())
    else:
        print_report(report)
    return 0


def print_report(report: object) -> None:
    """Print what a run did, in words."""
    from vlm_explorer.pipeline.report import IndexReport

    assert isinstance(report, IndexReport)
    print(f"Collection: {report.collection}")
    print(
        f"{report.files} files: {report.images} images ({report.encoded} encoded, "
        f"{report.reused} there before), {report.texts} captions, "
        f"{len(report.skipped)} rows skipped."
    )
    print(
        f"Encoder {report.model} on {report.device}, {report.precision}, "
        f"{report.batch_size} images at a time; "
        f"{report.seconds:.1f} s, {report.images_per_second:.1f} images/s."
    )
    if report.ct_window != "default":
        print(f"CT is encoded through: {report.ct_window}.")
    if report.not_tried:
        print(f"{report.not_tried} known to be unreadable, not tried again (--retry tries them).")
    for kind, count in Counter(row.kind for row in report.skipped).most_common():
        print(f"  {count} {kind}")
    for row in report.skipped:
        if row.kind not in ("captions", "duplicate"):
            frame = "" if row.frame is None else f" (frame {row.frame})"
            print(f"    {row.file}{frame}: {row.reason}")
    for warning in report.warnings:
        print(f"warning: {warning}")
