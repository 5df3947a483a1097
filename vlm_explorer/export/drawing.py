"""A figure from request to file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import UsageError
from vlm_explorer.export.answers import ask
from vlm_explorer.export.choosing import chosen_rows
from vlm_explorer.export.figure import Figure, Style
from vlm_explorer.export.figure_building import build_figure
from vlm_explorer.export.figure_layout import lay_out
from vlm_explorer.export.figure_png import write_png
from vlm_explorer.export.figure_svg import write_svg
from vlm_explorer.export.places import whole_file
from vlm_explorer.export.provenance import provenance
from vlm_explorer.export.request import ExportRequest
from vlm_explorer.jobs import JobContext

LEAST, MOST = (480, 360), (8000, 8000)  # logical px
MOST_PIXELS = 200_000_000


def write_figure(
    figure: Figure, style: Style, path: Path, *, context: JobContext | None = None
) -> None:
    """Write a figure as the file's suffix says, whole or not at all.

    Raises:
        UsageError: too small for its words, or too large.
        StorageProblem: it cannot be written.
    """
    context = context or JobContext()
    _check(style)
    context.report(0, 2, "Drawing the figure")
    placed = lay_out(figure, style)
    with whole_file(path) as partial:
        context.report(1, 2, "Drawing the figure")
        write = write_svg if path.suffix.lower() == ".svg" else write_png
        write(figure, placed, style, partial)
        context.check()


def draw(
    collection: Collection,
    request: ExportRequest,
    style: Style,
    *,
    load: Callable[[], Encoder],
    model: str | None,
    context: JobContext,
) -> tuple[Figure, int]:
    """Draw the map of a collection into a file; return the figure, and how many ids are unknown.

    Raises:
        UsageError, ModelProblem, CollectionProblem, StorageProblem: as they say.
    """
    _check(style)
    if request.layout is None and not request.named:
        raise UsageError("A figure needs places on the map.", "Leave --layout none out.")
    rows, unknown = chosen_rows(collection, request.image_ids)
    answers = ask(collection, request, model, load, context)
    if answers.layout is None:
        raise UsageError(
            f"The collection “{collection.name}” holds no vectors.", "Index its folders first."
        )
    facts = provenance(collection, request, answers, exported=len(rows))
    facts["figure"] = figure_facts(style)
    figure = build_figure(collection, rows, answers, style, facts)
    write_figure(figure, style, request.to, context=context)
    return figure, unknown


def figure_facts(style: Style) -> dict[str, object]:
    """Return how a figure looks, for its provenance."""
    return {
        "theme": style.theme,
        "size": [style.width, style.height],
        "scale": style.scale,
        "coloured_by": style.colour_by,
    }


def _check(style: Style) -> None:
    size = (style.width, style.height)
    if any(side < least for side, least in zip(size, LEAST, strict=True)):
        raise UsageError(
            f"A figure of {size[0]} x {size[1]} has no room for its words.",
            f"Make it at least {LEAST[0]} x {LEAST[1]}.",
        )
    pixels = style.width * style.height * style.scale**2
    if any(side > most for side, most in zip(size, MOST, strict=True)) or pixels > MOST_PIXELS:
        raise UsageError("The figure is too large to be drawn.", "Choose a smaller size or scale.")
