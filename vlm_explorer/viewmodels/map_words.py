"""What the map says: the caption line, its notes, and what is known about a point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from vlm_explorer.viewmodels.layout_words import SPACES, landmarks_words, method_title
from vlm_explorer.viewmodels.number_words import number_words

if TYPE_CHECKING:
    from vlm_explorer.analysis.groups import Group
    from vlm_explorer.analysis.map_trust import Trust
    from vlm_explorer.analysis.placing import Placement
    from vlm_explorer.viewmodels.map_scene import LegendEntry
    from vlm_explorer.viewmodels.session import Session

TEXT_COLOUR = -2  # the colour of texts that belong to no image

NAMINGS = {"phrases": "phrases of the encoder", "labels": "labels of the images"}
SCORES = 3  # numbers on the hover card

EXPLANATION = (
    "Trust: how far neighbours on the map are neighbours in the space, 0 to 1 "
    "(trustworthiness, 15 neighbours).\n"
    "Modality gap: distance between the mean image and the mean text vector, 0 to 2.\n"
    "Directions and distances between groups mean nothing by themselves.\n"
    "Click to see all figures, and how alike groups are (T)"
)


def images(count: int) -> str:
    """Return "1 image" or "12,480 images"."""
    return "1 image" if count == 1 else f"{count:,} images"


def counts_line(session: Session, shown: int, selected: int) -> str:
    """Return how many images are selected of how many shown of all: "12 selected of 480 shown…".

    Args:
        session: whose images and selection.
        shown: neither filtered out nor hidden on the map.
        selected: of the shown ones.
    """
    chosen, total = int(session.selected.sum()), len(session.images)
    if not selected:
        verb = "is" if chosen == 1 else "are"
        unseen = f", {chosen:,} selected {verb} not" if chosen else ""
        return f"{shown:,} of {total:,} shown{unseen}"
    unseen = f" (and {chosen - selected:,} not shown)" if chosen > selected else ""
    return f"{selected:,} selected{unseen} of {shown:,} shown of {total:,}"


def caption_line(session: Session, shown: int, selected: int = 0) -> str:
    """Return how the map was made, how much of it is shown, and how far to trust it."""
    answer, moving = session.layout.answer, session.moving
    if answer is None:
        return ""
    made = made_words(answer.request if moving is None else session.layout)
    parts = [made, counts_line(session, shown, selected)]
    if moving is not None:
        parts.append(f"still moving, {moving.share * 100:.0f} % done")
        return " · ".join(parts)
    if quality := quality_of(session):
        parts.append(f"trust {quality[0].trustworthiness:.2f}")
    elif answer.trust is not None:
        parts.append(f"trust {answer.trust:.2f}")
    if answer.gap is not None:
        parts.append(f"modality gap {answer.gap:.2f}")
    return " · ".join(parts)


class _Made(Protocol):
    """How a layout is made, or is to be."""

    @property
    def method(self) -> str: ...
    @property
    def space(self) -> str: ...
    @property
    def seed(self) -> int: ...


def made_words(made: _Made) -> str:
    """Return how a layout is made: "UMAP, centred joint space, seed 42"."""
    words = [method_title(made.method), SPACES[made.space]]
    if made.method != "pca":
        words.append(f"seed {made.seed}")
    return ", ".join(words)


def quality_of(session: Session) -> tuple[Trust, ...]:
    """Return how far the map can be trusted, as far as it is known by now."""
    layout = session.layout
    if layout.answer is None:
        return ()
    return layout.trust.quality if layout.trust is not None else layout.answer.quality


def landmarks_note(session: Session) -> str:
    """Return how many images were laid out and how many placed, with the trust of both."""
    answer = session.layout.answer
    if answer is None or not answer.placed:
        return ""
    said = landmarks_words(len(answer.image_ids) - answer.placed, answer.placed)
    if len(quality := quality_of(session)) < 3:
        return said
    return f"{said}, trust {quality[1].trustworthiness:.2f} and {quality[2].trustworthiness:.2f}"


def notes(session: Session) -> tuple[str, ...]:
    """Return what else is to be said about the map; nothing while it is still moving."""
    if session.moving is not None:
        return ()
    landmarks = landmarks_note(session)
    return (*((landmarks,) if landmarks else ()), *_group_notes(session))


def _group_notes(session: Session) -> tuple[str, ...]:
    named = [group for group in session.groups if group.name]
    if not named:
        return ()
    among = ""
    if sampled := session.regions.sampled:
        among = f", found among {sampled:,} of {len(session.images):,} points"
    if any(group.preferred is not None for group in named):
        return (f"regions of this picture, named by the phrase that they prefer{among}",)
    return (f"regions of this picture, named by their commonest {group_word(session)}{among}",)


def waiting(session: Session) -> str:
    """Return what is being waited for while there is a map already."""
    layout = session.layout
    if not layout.pending:
        return ""
    wanted = method_title(layout.method)
    if session.moving is not None:
        return f"{wanted}: points still move"
    return (
        f"PCA shown while {wanted} is computed" if layout.preliminary else f"{wanted} is computed"
    )


def group_word(session: Session) -> str:
    """Return what groups are named after: labels, or modalities where there are no labels."""
    return "label" if any(session.images.coded("label").names) else "modality"


def group_note(group: Group, session: Session) -> str:
    """Return how a group came to its name."""
    region = "A region of this picture; another layout has others."
    if (found := group.preferred) is not None:
        others = "all others" if group.parent < 0 else "all others, and to those around them"
        return (
            f"{region}\nThe phrase that these {group.count:,} images prefer to {others}, by the "
            f"encoder's opinion:\nmean cosine {found.preference:.3f} higher, a lead of "
            f"{found.lead:.3f} before the next phrase."
        )
    word = group_word(session)
    share = f"{group.share * 100:.0f} %"
    return f"{region}\nCommonest {word} of its {group.count:,} images ({share})."


def group_figure(group: Group) -> str:
    """Return how sure a group's name is: a share of its members, or a difference of cosines."""
    if group.preferred is not None:
        return f"+{group.preferred.preference:.3f}"
    return f"{group.share * 100:.0f} %"


def star_note(place: Placement, *, centred: bool) -> str:
    """Return how a text came to its place on the map."""
    if place.beyond:
        return (
            "beside the images, on the side of the texts: no texts are laid out. "
            f"As high as {_nearest(place.among_images, 'image')}"
        )
    among = [
        _nearest(count, noun)
        for count, noun in ((place.among_images, "image"), (place.among_texts, "caption"))
        if count
    ]
    space = ", centred as a text" if centred else ""
    return f"placed at {' and '.join(among)}{space}"


def _nearest(count: int, noun: str) -> str:
    return f"its nearest {noun}" if count == 1 else f"its {count} nearest {noun}s"


def legend_note(entry: LegendEntry) -> str:
    """Return a category's counts in words."""
    counts = [f"{entry.shown:,} shown of {entry.total:,}"]
    if entry.selected:
        counts.insert(0, f"{entry.selected:,} selected")
    return f"{entry.category.title}: {', '.join(counts)}"


class _Scale(Protocol):
    """What a scale of colours and one of sizes have in common."""

    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def clipped(self) -> bool: ...
    @property
    def clipped_above(self) -> bool: ...
    @property
    def unit(self) -> str: ...


def scale_words(scale: _Scale) -> tuple[str, str, str]:
    """Return the numbers at the ends and in the middle of a scale, the last with its unit."""
    span = scale.high - scale.low
    low, middle, high = (
        number_words(value, span) for value in (scale.low, (scale.low + scale.high) / 2, scale.high)
    )
    unit = f" {scale.unit}" if scale.unit else ""
    if not span:
        return (f"{low}{unit}", "", "")
    return (
        f"{'≤ ' if scale.clipped else ''}{low}",
        middle,
        f"{'≥ ' if scale.clipped_above else ''}{high}{unit}",
    )


def missing_words(count: int, drawn: str = "the quietest grey") -> str:
    """Return how many images have no value, and how they are drawn; "" where all have one."""
    return f"{images(count)} without a value: {drawn}" if count else ""


@dataclass(frozen=True, slots=True)
class PointInfo:
    """What is known about a point.

    Attributes:
        image_id: the image, or the one that a caption belongs to; None for a text alone.
        title: the file's name, without its folder; of a frame with its number.
        kind: "caption" where the point is one, else "".
        caption, label: as far as known.
        detail: modality and size.
        scores: names and numbers: the cosine to the prompt, then the best labels.
        scores_note: what the labels' numbers are.
    """

    image_id: str | None
    title: str
    kind: str
    caption: str
    label: str
    detail: str
    scores: tuple[tuple[str, str], ...]
    scores_note: str


def point_info(session: Session, row: int, text: str | None) -> PointInfo:
    """Return what is known about the image of `row`, or about its caption `text`."""
    table = session.images
    if row < 0:
        return PointInfo(None, "Text", "text", text or "", "", "", (), "")
    size = f"{table.columns[row]} × {table.rows[row]}" if table.rows[row] else ""
    scores, scores_note = _scores(session, row)
    return PointInfo(
        image_id=table.ids[row],
        title=table.name_of(row),
        kind="" if text is None else "caption",
        caption=table.caption[row] if text is None else text,
        label=table.label[row],
        detail=" · ".join(part for part in (table.modality[row], size) if part),
        scores=scores,
        scores_note=scores_note,
    )


def _scores(session: Session, row: int) -> tuple[tuple[tuple[str, str], ...], str]:
    """Return up to three scores of an image, and what the labels' numbers mean."""
    scores: list[tuple[str, str]] = []
    query, labels = session.query.answer, session.label_state.answer
    if query is not None and row < len(query.cosine) and np.isfinite(query.cosine[row]):
        scores.append(("cosine to the prompt", f"{query.cosine[row]:.3f}"))
    if labels is None or row >= len(labels.probability) or not labels.known[row]:
        return tuple(scores), ""
    best = np.argsort(-labels.logit[row], kind="stable")[: SCORES - len(scores)]
    scores += [(labels.labels[i], f"{labels.probability[row, i] * 100:.0f} %") for i in best]
    if labels.task == "single":
        return tuple(scores), f"share {labels.of_what}"
    return tuple(scores), f"each label by itself, {labels.of_what}"
