"""A figure of a collection's map, made of what was asked about it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vlm_explorer.collection.store import Collection
from vlm_explorer.errors import UsageError
from vlm_explorer.export.answers import Answers
from vlm_explorer.export.figure import Figure, Mark, Name, Style
from vlm_explorer.export.figure_colours import Coloured, by_category, by_value, ink_of
from vlm_explorer.export.provenance import NOTICE
from vlm_explorer.queries.layout import LayoutAnswer
from vlm_explorer.queries.layout_request import METHOD_TITLES, SPACE_TITLES
from vlm_explorer.rendering.points import Level, Points

_LEAST_SHARE = 0.3  # of the commonest label in a group that is named after it
_BODY = (0.05, 0.95)  # quantiles between which a group's body lies
_NEAREST = 10  # images among which a star is placed
_SHUFFLE = 20_240_229  # any number: the order of drawing must not favour what was indexed last


def title_of(made: LayoutAnswer) -> str:
    """Return how a map was made."""
    return f"{METHOD_TITLES[made.request.method]}, {SPACE_TITLES[made.request.space]}"


def parameters_of(made: LayoutAnswer) -> str:
    """Return the settings of a map's method, in words."""
    settings = made.request.spec().settings
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in settings.items())


def detail_lines(made: LayoutAnswer, shown: int, total: int, fingerprint: str) -> tuple[str, ...]:
    """Return what is said below the title: counts, trust, encoder."""
    facts = [parameters_of(made), f"{shown:,} of {total:,} images"]
    if made.trust is not None:
        facts.append(f"trustworthiness {made.trust:.2f} (15 neighbours)")
    if made.gap is not None:
        facts.append(f"modality gap {made.gap:.2f}")
    return (
        " · ".join(part for part in facts if part),
        f"encoder {made.model}, fingerprint {fingerprint[:12]} · directions, and distances "
        "between groups, mean nothing by themselves"
        + (" · hollow points are captions" if len(made.texts) else ""),
    )


def notice(facts: dict[str, Any]) -> str:
    """Return what stands at the foot of a figure."""
    return f"{NOTICE} {facts['program']}"


def build_figure(
    collection: Collection,
    rows: NDArray[np.int64],
    answers: Answers,
    style: Style,
    facts: dict[str, Any],
) -> Figure:
    """Return the figure of a map: the chosen images, and of the others a trace.

    Args:
        collection: of N images.
        rows: the chosen ones.
        answers: about all N; with a layout.
        style: size, theme and what is coloured by.
        facts: the provenance.

    Raises:
        UsageError: it cannot be coloured by that, or there is no such theme.
    """
    made, xy = answers.layout, answers.xy
    assert made is not None
    assert xy is not None
    chosen = np.zeros(len(xy), np.bool_)
    chosen[rows] = True
    coloured = _coloured(collection, answers, chosen, style)
    on_map = chosen & np.isfinite(xy).all(axis=1)
    entry = collection.encoder_entry(answers.model)
    return Figure(
        points=_points(collection, answers, coloured, chosen),
        brush=coloured.brush,
        ink=ink_of(style.theme),
        title=title_of(made),
        details=detail_lines(made, int(on_map.sum()), len(xy), entry.fingerprint),
        legend=coloured.legend,
        scale=coloured.scale,
        marks=_marks(answers, xy),
        names=_names(answers, chosen),
        notice=notice(facts),
        provenance=facts,
    )


def _coloured(
    collection: Collection, answers: Answers, chosen: NDArray[np.bool_], style: Style
) -> Coloured:
    images, by = collection.images, style.colour_by
    if not by:
        by = "similarity" if answers.searches else "label"
        if by == "label" and not any(images["label"].to_pylist()):
            by = "modality"
    if by == "similarity" and answers.searches:
        asked = answers.searches[0]
        unnamed = "query" if answers.order is not None else "image chosen"
        title = asked.name if asked.words else f"cosine to the {unnamed}"
        return by_value(asked.values, style.theme, title)
    if by == "zero-shot" and answers.labels is not None:
        return by_category(answers.labels.best.tolist(), chosen, style.theme, "label")
    if by == "cluster":
        values = [""] * images.num_rows
        for number, group in enumerate(answers.groups, 1):
            for row in group.members.tolist():
                values[row] = f"cluster {number}"
        return by_category(values, chosen, style.theme, "cluster")
    if by in ("modality", "label", "split"):
        values = [value or "" for value in images[by].to_pylist()]
        return by_category(values, chosen, style.theme, by)
    raise UsageError(
        f"The figure cannot be coloured by “{by}”.",
        "Choose modality, label, split, cluster, similarity (with --text, --image or "
        "--query) or zero-shot (with --labels).",
    )


def _points(
    collection: Collection, answers: Answers, coloured: Coloured, chosen: NDArray[np.bool_]
) -> Points:
    """Return captions, hollow and in their image's colour, then images; each shuffled."""
    made, xy = answers.layout, answers.xy
    assert made is not None
    assert xy is not None
    random = np.random.default_rng(_SHUFFLE)
    images = random.permutation(np.flatnonzero(np.isfinite(xy).all(axis=1)))
    if coloured.scale is not None:  # the highest on top
        images = images[np.argsort(coloured.codes[images], kind="stable")]
    owner = dict(
        zip(
            collection.texts["text_id"].to_pylist(),
            collection.texts["image_id"].to_pylist(),
            strict=True,
        )
    )
    texts = [collection.row_of.get(owner.get(key) or "", -1) for key in made.text_ids]
    owners = np.array(texts, np.intp).reshape(-1)
    level = np.where(chosen, Level.PLAIN, Level.GHOST)
    codes = np.append(coloured.codes, np.uint8(coloured.outside))
    levels = np.append(level, Level.PLAIN).astype(np.int8)
    row = np.concatenate([owners, images])
    return Points(
        xy=np.concatenate([made.text_xy.reshape(-1, 2), xy[images]]).astype(np.float32),
        codes=codes[row],
        hollow=np.arange(len(row)) < len(owners),
        level=levels[row],
    )


def _marks(answers: Answers, xy: NDArray[np.float32]) -> tuple[Mark, ...]:
    """Return the stars of prompts and labels, each at its nearest images."""
    stars = [(asked.words, asked.values, True) for asked in answers.searches if asked.words]
    if answers.labels is not None:
        cosines = answers.labels.cosine.T
        stars += [
            (label, values, False)
            for label, values in zip(answers.labels.labels, cosines, strict=True)
        ]
    marks = []
    for words, values, prompt in stars:
        usable = np.flatnonzero(np.isfinite(values) & np.isfinite(xy).all(axis=1))
        best = usable[np.argsort(-values[usable], kind="stable")[:_NEAREST]]
        if len(best):
            weight = np.maximum(values[best].astype(np.float64), 0)
            weight = weight if weight.sum() > 0 else np.ones(len(best))
            x, y = weight @ xy[best].astype(np.float64) / weight.sum()
            marks.append(Mark(float(x), float(y), words, prompt))
    return tuple(marks)


def _names(answers: Answers, chosen: NDArray[np.bool_]) -> tuple[Name, ...]:
    assert answers.xy is not None
    names = []
    for group in answers.groups:
        if group.name and group.share >= _LEAST_SHARE and chosen[group.members].any():
            low, high = np.quantile(answers.xy[group.members].astype(np.float64), _BODY, axis=0)
            body = float(low[0]), float(low[1]), float(high[0]), float(high[1])
            names.append(Name(group.name, group.count, body, f"{group.share * 100:.0f} %"))
    return tuple(names)
