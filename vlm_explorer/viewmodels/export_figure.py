"""The map as the window shows it, as a figure. No Qt here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from vlm_explorer.collection.store import Collection
    from vlm_explorer.queries.classify import ClassifyAnswer
    from vlm_explorer.queries.layout import LayoutAnswer
    from vlm_explorer.viewmodels.map_model import MapModel

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


@dataclass(frozen=True, slots=True, eq=False)
class ShownMap:
    """The map as it was when the export began.

    Attributes:
        by: key of the column that is coloured by.
        look: its colours.
        made, labels: the layout, and the scores of labels.
        likeness: whether the similarity is to an image.
        region: x, y and width of what is shown of the map; None for all of it.
    """

    scene: MapScene
    by: str
    look: Look
    made: LayoutAnswer
    labels: ClassifyAnswer | None
    likeness: bool
    region: tuple[float, float, float] | None


def scene_of(model: MapModel, look: Look, region: tuple[float, float, float] | None) -> ShownMap:
    """Return the map as it is now; it must be laid out."""
    session = model.session
    made, labels = session.layout.answer, session.label_state.answer
    assert made is not None
    likeness = session.query.like is not None
    return ShownMap(model.scene, model.colour_by, look, made, labels, likeness, region)


def stays_within(scene: MapScene, by: str) -> bool:
    """Whether numbers that only the window shows are what colours or sizes stand for."""
    sized = scene.sizing is not None and scene.sizing.by in SHOWN_ONLY
    return sized or (scene.ramp is not None and by in SHOWN_ONLY)


def figure_of(
    collection: Collection, shown: ShownMap, request: ExportRequest, style: Style
) -> Figure:
    """Return the figure of a map.

    Args:
        request: for the provenance.
        style: its size.
    """
    scene, made = shown.scene, shown.made
    answers = Answers(made.model, made, None, (), (), shown.labels)
    facts: dict[str, Any] = provenance(collection, request, answers, exported=scene.shown)
    facts["figure"] = {**figure_facts(style), "coloured_by": shown.by}
    if shown.by not in COMMANDS or shown.region is not None:
        facts.pop("command", None)  # it would draw another one
    fingerprint = collection.encoder_entry(made.model).fingerprint
    total = collection.images.num_rows
    return Figure(
        points=scene.points,
        brush=shown.look.brush,
        ink=shown.look.ink,
        title=title_of(made),
        details=_details(detail_lines(made, scene.shown, total, fingerprint), scene),
        legend=_legend(scene, shown.by, shown.look),
        scale=None if scene.ramp is None else _scale(scene.ramp, shown),
        marks=tuple(
            Mark(star.x, star.y, star.words, star.kind is not StarKind.LABEL)
            for star in scene.stars
        ),
        names=tuple(
            Name(group.name, group.count, group.body, group.after)
            for group in scene.groups
            if np.isfinite(group.body).all()
        ),
        region=shown.region,
        notice=notice(facts),
        provenance=facts,
    )


def _details(lines: tuple[str, ...], scene: MapScene) -> tuple[str, ...]:
    """Return what is said below the title, with what is selected, and what sizes mean."""
    selected = f" · {scene.selected:,} selected" if scene.selected > 1 else ""
    sized = "" if scene.sizing is None else f" · larger points have more {scene.sizing.title}"
    return (f"{lines[0]}{selected}{sized}", *lines[1:])


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


def _scale(ramp: Ramp, shown: ShownMap) -> Scale:
    """Return the scale; an image that others are compared with goes without its file's name."""
    title = ramp.title
    if shown.by == ColourBy.SIMILARITY and shown.likeness:
        title = "cosine to the image chosen"
    span = ramp.high - ramp.low
    low, middle, high = (
        number_words(value, span, ramp.unit)
        for value in (ramp.low, (ramp.low + ramp.high) / 2, ramp.high)
    )
    low = f"≤ {low}" if ramp.clipped else low
    high = f"≥ {high}" if ramp.clipped_above else high
    return Scale(title, shown.look.ramp, low, middle, high)
