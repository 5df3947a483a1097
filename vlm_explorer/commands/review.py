"""`vlm-explorer review`: near-duplicates, outliers, and captions that rank low for their image."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_explorer.commands.terminal import job, note, print_json
from vlm_explorer.errors import WrongOptions

if TYPE_CHECKING:
    from vlm_explorer.api import Collection
    from vlm_explorer.jobs import JobContext

Found = tuple[dict[str, Any], str, list[dict[str, Any]]]


def run(arguments: Namespace) -> int:
    """Look for what is to be reviewed, and print or write it."""
    from vlm_explorer.api import open_collection
    from vlm_explorer.export.row_tables import write_rows
    from vlm_explorer.queries.review_rows import COLUMNS

    if arguments.check == "mispaired" and arguments.same_series:
        raise WrongOptions(
            "--same-series says nothing about captions.", "Leave it out, or check duplicates."
        )
    collection = open_collection(arguments.collection)
    context, line = job(arguments)
    try:
        facts, sentence, rows = _CHECKS[arguments.check](collection, arguments, context)
    finally:
        line.end()
    if arguments.csv:
        write_rows(Path(arguments.csv), COLUMNS[arguments.check], rows)
        note(f"Wrote {len(rows)} rows to {arguments.csv}.", arguments)
    elif arguments.json:
        print_json({"check": arguments.check, **facts, "findings": rows})
    else:
        print(sentence)
        if facts["without_vector"]:
            print(f"{facts['without_vector']} images have no vector of {facts['model']}")
        for row in rows:
            print(_line(row))
    return 0


def _duplicates(collection: Collection, arguments: Namespace, context: JobContext) -> Found:
    from vlm_explorer.queries.duplicates import THRESHOLD
    from vlm_explorer.queries.review_rows import duplicate_rows

    answer = collection.duplicates(
        threshold=_either(arguments.threshold, THRESHOLD),
        across_series=not arguments.same_series,
        model=arguments.model,
        context=context,
    )
    facts = {
        "model": answer.model,
        "threshold": answer.request.threshold,
        "complete_from": answer.complete_from,
        "across_series": answer.request.across_series,
        "images": len(answer.image_ids),
        "groups": answer.groups,
        "without_vector": answer.without_vector,
    }
    pairs = f"{len(answer.pairs)} pairs in {answer.groups} groups"
    sentence = f"{pairs} at cosine {answer.complete_from:.4g} or more"
    if answer.complete_from > answer.request.threshold:
        sentence += f" (there are more from {answer.request.threshold:g} on)"
    if answer.request.across_series:
        sentence += "; pairs of one series are left out (--same-series lists them)"
    return facts, sentence, duplicate_rows(collection, answer)


def _outliers(collection: Collection, arguments: Namespace, context: JobContext) -> Found:
    from vlm_explorer.queries.review_rows import outlier_rows

    answer = collection.outliers(
        threshold=arguments.threshold,
        across_series=not arguments.same_series,
        model=arguments.model,
        context=context,
    )
    facts = {
        "model": answer.model,
        "threshold": None if answer.threshold != answer.threshold else answer.threshold,  # NaN
        "k": answer.request.k,
        "across_series": answer.request.across_series,
        "images": len(answer.image_ids),
        "without_vector": answer.without_vector,
    }
    where = "of other series " if answer.request.across_series else ""
    sentence = (
        f"{len(answer.outliers)} images unlike their {answer.request.k} nearest {where}and all "
        f"others, by a score of {answer.threshold:.2f} or more"
    )
    return facts, sentence, outlier_rows(collection, answer)


def _mispaired(collection: Collection, arguments: Namespace, context: JobContext) -> Found:
    from vlm_explorer.queries.mispaired import THRESHOLD
    from vlm_explorer.queries.review_rows import mispaired_rows

    answer = collection.mispaired(
        threshold=_either(arguments.threshold, THRESHOLD), model=arguments.model, context=context
    )
    facts = {
        "model": answer.model,
        "threshold": answer.request.threshold,
        "images": len(answer.image_ids),
        "pairs": len(answer.captions),
        "without_caption": answer.without_caption,
        "without_vector": answer.without_vector,
    }
    sentence = (
        f"{len(answer.mispaired)} of {len(answer.captions)} captions and their images rank behind "
        f"{answer.request.threshold:.0%} or more of all others"
    )
    if answer.without_caption:
        sentence += f"; {answer.without_caption} images have no caption"
    return facts, sentence, mispaired_rows(collection, answer)


_CHECKS = {"duplicates": _duplicates, "outliers": _outliers, "mispaired": _mispaired}


def _either(asked: float | None, default: float) -> float:
    return default if asked is None else asked


def _line(row: dict[str, Any]) -> str:
    """Return a finding as a line of text."""
    if "other_file" in row:
        images = f"{_name(row)}  {_name(row, 'other_')}"
        return f"{row['cosine']:.4f}  group {row['group']}  {images}"
    if "mean_distance" in row:
        distances = f"distance {row['mean_distance']:.3f}, Mahalanobis {row['mahalanobis']:.1f}"
        return f"{row['score']:6.2f}  {distances}  {_name(row)}"
    ranks = (
        f"caption {row['caption_rank']} of {row['captions']}, "
        f"image {row['image_rank']} of {row['images']}"
    )
    return f"{row['share_before']:>4.0%}  {ranks}  {_name(row)}  “{row['caption']}”"


def _name(row: dict[str, Any], prefix: str = "") -> str:
    file, frame = row[f"{prefix}file"], row[f"{prefix}frame"]
    return f"{file} frame {frame}" if frame else str(file)
