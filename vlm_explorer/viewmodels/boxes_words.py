"""Maps against marks, in the words of the page "Boxes". No Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.queries.localise_table import BALANCED, FindingRow
from vlm_explorer.saliency.method_words import title_of
from vlm_explorer.viewmodels import numbers

if TYPE_CHECKING:
    from vlm_explorer.analysis.resampling import Estimate
    from vlm_explorer.queries.localise import LocaliseAnswer
    from vlm_explorer.viewmodels.boxes_work import Marked

# Title, what it says, and the measure that stands there; "" for what is no measure.
COLUMNS = (
    ("Finding", "As the marks call it", ""),
    ("Method", "That made the maps", ""),
    ("Hits", "Maps whose maximum lies in the mark, of all", ""),
    ("Hit rate", "Share of hits, with its 95 % interval over patients", "hit"),
    ("Chance", "Hit rate of a point anywhere: the mark's share of the image", "chance"),
    ("Energy", "Share of the map's positive sum in the mark", "energy"),
    ("CNR", "Contrast to noise: mean inside less mean outside, over their spread", "cnr"),
    ("mIoU", "Overlap at 10 to 50 % of the map's range, mean of five", "miou"),
    ("Pixel AP", "Average precision of single pixels, ranked by the map", "average_precision"),
    ("mAP 0.25", "Average precision of boxes from maps, at an IoU of 0.25", "map_0.25"),
)
_SHARES = ("hit", "chance")


@dataclass(frozen=True, slots=True)
class BoxesRow:
    """A line of the table; `tips` say what lies behind each cell."""

    finding: str
    method: str
    cells: tuple[str, ...]
    tips: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    """An image whose map points elsewhere, or, without an id, why there is no map to speak of."""

    image_id: str
    words: str
    tip: str


def table_rows(answer: LocaliseAnswer) -> tuple[BoxesRow, ...]:
    """Return the table, the balanced lines first: they are what methods are compared by."""
    ordered = sorted(answer.table, key=lambda row: row.finding != BALANCED)
    return tuple(_row(row) for row in ordered)


def misses(answer: LocaliseAnswer, row: BoxesRow) -> tuple[Miss, ...]:
    """Return the images of a line whose maxima lie outside the mark, the worst map first.

    What could not be scored comes last.
    """
    found = [
        each
        for each in answer.maps
        if each.method == row.method
        and row.finding in (each.finding, BALANCED)
        and not each.scores.hit
    ]
    found.sort(key=lambda each: each.scores.average_precision)
    unscored = [each for each in answer.not_scored if row.finding in (each.finding, BALANCED)]
    listed = [
        Miss(
            each.image_id,
            f"{each.prompt}, {Path(each.file).name}",
            "The map is the same everywhere."
            if each.scores.flat
            else f"Pixel AP {each.scores.average_precision:.2f}; the maximum is at column "
            f"{each.scores.peak[0]}, row {each.scores.peak[1]}",
        )
        for each in found
    ]
    listed += [
        Miss("", f"Not scored: {each.finding}, {Path(each.file).name}", each.reason)
        for each in unscored
    ]
    return tuple(listed)


def summary(answer: LocaliseAnswer) -> str:
    """Say what was compared, and what was left out."""
    maps = len({(each.file, each.frame, each.finding, each.side) for each in answer.maps})
    images = len({(each.file, each.frame) for each in answer.maps})
    parts = [f"{maps:,} marked findings in {images:,} images"]
    if answer.maps:
        parts[0] += f", prompts such as “{answer.maps[0].prompt}”"
    if answer.not_scored:
        parts.append(f"{len(answer.not_scored):,} could not be scored")
    if answer.refused:
        parts.append(f"left out: {', '.join(map(title_of, answer.refused))}")
    return " · ".join(parts)


def what_is_marked(marked: Marked, ids: frozenset[str], scope: str) -> str:
    """Say how many images of a scope are marked, or where marks would be found."""
    if marked.truth is None:
        places = " or ".join(marked.places[:2]) or "the folder of the images"
        return f"No finding is marked. Put truth.json beside the images, in {places}."
    there = [marked.marks[key] for key in ids if key in marked.marks]
    count = sum(len(each) for each in there)
    if not count:
        return f"None of {len(ids):,} images {scope} has a marked finding."
    findings = "finding is" if count == 1 else "findings are"
    images = "image" if len(ids) == 1 else "images"
    return f"{count:,} {findings} marked in {len(there):,} of {len(ids):,} {images} {scope}."


def _row(row: FindingRow) -> BoxesRow:
    figures = [
        (_figure(name, row.measures[name]) if name else "") for _title, _tip, name in COLUMNS
    ]
    figures[:3] = [_name(row.finding), title_of(row.method), f"{row.hits}/{row.n}"]
    tips = [tip for _title, tip, _measure in COLUMNS]
    if row.finding == BALANCED:
        tips[0] = "The mean over findings, each counted once"
    tips[2] = f"{row.n:,} maps of {row.images:,} images of {row.patients:,} patients"
    if row.flat:
        tips[2] += f"; {row.flat:,} maps are the same everywhere, and count as misses"
    for column, (_title, tip, name) in enumerate(COLUMNS):
        if name:
            tips[column] = f"{tip}. {_interval(name, row.measures[name])}"
    return BoxesRow(row.finding, row.method, tuple(figures), tuple(tips))


def _name(finding: str) -> str:
    return "Balanced" if finding == BALANCED else finding.capitalize()


def _figure(name: str, figure: Estimate) -> str:
    if math.isnan(figure.value):
        return "n/a"
    if name != "hit":
        return numbers.percent(figure.value) if name in _SHARES else f"{figure.value:.2f}"
    if math.isnan(figure.low):
        return numbers.percent(figure.value)
    low, high = round(100 * figure.low), round(100 * figure.high)
    return f"{numbers.percent(figure.value)} ({low} to {high})"


def _interval(name: str, figure: Estimate) -> str:
    if math.isnan(figure.low):
        return f"n = {figure.n:,}, too few patients for an interval"
    shown = [
        numbers.percent(value) if name in _SHARES else f"{value:.2f}"
        for value in (figure.low, figure.high)
    ]
    return f"95 % interval {shown[0]} to {shown[1]}, n = {figure.n:,}"
