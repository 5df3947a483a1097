"""The map as the window shows it, as a figure. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vlm_explorer.collection.records import SHOWN_ONLY
from vlm_explorer.export.answers import Answers
from vlm_explorer.export.drawing import figure_facts
from vlm_explorer.export.figure import Entry, Figure, Ink, Mark, Name, Scale, Style
from vlm_explorer.export.figure_building import detail_lines, notice, title_of
from vlm_explorer.export.figure_colours import ink_of
from vlm_explorer.export.provenance import provenance
from vlm_explorer.export.request import ExportRequest
from vlm_explorer.rendering.colours import Rgb
from vlm_explorer.rendering.points import Brush
from vlm_explorer.viewmodels.map_colouring import NEUTRAL, ColourBy
from vlm_explorer.viewmodels.map_ramp import Ramp
from vlm_explorer.viewmodels.map_scene import LegendEntry, MapScene
from vlm_explorer.viewmodels.map_stars import StarKind
from vlm_explorer.viewmodels.number_words import number_words
from vlm_explorer.viewmodels.session import Session

# How the command line calls what it can colour by, too.
COMMANDS = {
    "modality": "modality", "label": "label", "split": "split", "cluster": "cluster",
    ColourBy.SIMILARITY.value: "similarity", ColourBy.ZERO_SHOT.value: "zero-shot",
}  # fmt: skip
# Categories of these are numbered: descriptions stay in the window, and series of ordinary images
# are called by their folders.
_NUMBERED = (*SHOWN_ONLY, ColourBy.SERIES.value)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The theme's colours for a scene.

    Attributes:
        brush: of the points.
        colours: of the legend's entries, "#rrggbb".
        ramp: of its scale, uint8 (S, 3), low to high; empty without one.
    """

    brush: Brush
    ink: Ink
    colours: tuple[str, ...]
    ramp: Rgb


def figure_ink(theme: str) -> Ink:
    """Return the colours of a figure's ground and words."""
    return ink_of(theme)


def figure_of(
    session: Session,
    scene: MapScene,
    by: str,
    look: Look,
    request: ExportRequest,
    style: Style,
    region: tuple[float, float, float] | None,
) -> Figure:
    """Return the figure of a scene.

    Args:
        by: key of the column that is coloured by.
        look: its colours.
        request: for the provenance.
        style: its size.
        region: x, y and width of what is shown of the map; None for all of it.
    """
    made, collection = session.layout.answer, session.collection
    assert made is not None
    assert collection is not None
    answers = Answers(made.model, made, None, (), (), session.label_state.answer)
    facts: dict[str, Any] = provenance(collection, request, answers, exported=scene.shown)
    facts["figure"] = {**figure_facts(style), "coloured_by": by}
    if by not in COMMANDS or region is not None:
        del facts["command"]  # it would draw another one
    fingerprint = collection.encoder_entry(made.model).fingerprint
    return Figure(
        points=scene.points,
        brush=look.brush,
        ink=look.ink,
        title=title_of(made),
        details=_details(detail_lines(made, scene.shown, len(session.images), fingerprint), scene),
        legend=_legend(scene, by, look),
        scale=None if scene.ramp is None else _scale(session, scene.ramp, by, look),
        marks=tuple(
            Mark(star.x, star.y, star.words, star.kind is not StarKind.LABEL)
            for star in scene.stars
        ),
        names=tuple(
            Name(group.name, group.count, group.body, group.after)
            for group in scene.groups
            if np.isfinite(group.body).all()
        ),
        region=region,
        notice=notice(facts),
        provenance=facts,
    )


def _details(lines: tuple[str, ...], scene: MapScene) -> tuple[str, ...]:
    """Return what is said below the title, with how many of the images are selected."""
    selected = f" · {scene.selected:,} selected" if scene.selected > 1 else ""
    return (f"{lines[0]}{selected}", *lines[1:])


def _legend(scene: MapScene, by: str, look: Look) -> tuple[Entry, ...]:
    return tuple(
        Entry(_title(entry, number, by), colour, _counts(entry), entry.hidden)
        for number, (entry, colour) in enumerate(zip(scene.legend, look.colours, strict=True), 1)
    )


def _title(entry: LegendEntry, number: int, by: str) -> str:
    if by in _NUMBERED and entry.category.colour != NEUTRAL:
        return f"{by.replace('_', ' ')} {number}"
    return entry.category.title


def _counts(entry: LegendEntry) -> str:
    counts = [entry.total]
    if entry.shown != entry.total:
        counts.insert(0, entry.shown)
    return " of ".join(f"{count:,}" for count in counts)


def _scale(session: Session, ramp: Ramp, by: str, look: Look) -> Scale:
    """Return the scale; an image that others are compared with goes without its file's name."""
    title = ramp.title
    if by == ColourBy.SIMILARITY and session.query.like is not None:
        title = "cosine to the image chosen"
    span = ramp.high - ramp.low
    low, middle, high = (
        number_words(value, span, ramp.unit)
        for value in (ramp.low, (ramp.low + ramp.high) / 2, ramp.high)
    )
    low = f"≤ {low}" if ramp.clipped else low
    high = f"≥ {high}" if ramp.clipped_above else high
    return Scale(title, look.ramp, low, middle, high)
