"""Whether maps lie where people marked findings: a collection, or files alone, against truth."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vlm_explorer.analysis.detection import boxes_of, match
from vlm_explorer.analysis.localisation import mask_of_boxes, score_map
from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.errors import FileProblem, NotSupported, UsageError
from vlm_explorer.files.truth import Box, TrueFinding, Truth, read_mask
from vlm_explorer.jobs import JobContext
from vlm_explorer.pixels.ct_choice import DEFAULT
from vlm_explorer.pixels.encoding_window import render_file_for_encoder
from vlm_explorer.queries.localise_scope import NotScored, Scope, scope_of, why_nothing
from vlm_explorer.queries.localise_table import FindingRow, ScoredMap, make_table
from vlm_explorer.saliency.explain import METHODS, available_methods, default_method, explain
from vlm_explorer.saliency.explanation import Explanation

PROMPT = "{side} {finding}"


@dataclass(frozen=True, slots=True)
class LocaliseRequest:
    """What is to be explained, how, and against what.

    Attributes:
        truth: where findings lie.
        methods: of `saliency.explain.METHODS`, or `auto`.
        prompt: what is asked of an image with a finding; `{finding}` and `{side}` are filled in.
        findings: only these; empty: all.
        image_ids: only these images of the collection; None: all.
        params: settings by method, as in `saliency.explain.explain`.
        tolerance: how far beside the truth a maximum still is a hit, in pixels.
        ct_window: through which window the encoder sees CT, where no collection says so.
        replicates: of the bootstrap.
    """

    truth: Truth
    methods: tuple[str, ...] = ("auto",)
    prompt: str = PROMPT
    findings: tuple[str, ...] = ()
    image_ids: tuple[str, ...] | None = None
    params: dict[str, dict[str, Any]] = field(default_factory=dict)
    tolerance: float = 0.0
    ct_window: str = DEFAULT
    replicates: int = 1000
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class LocaliseAnswer:
    """What was found.

    Attributes:
        methods: that were run, `auto` under the name of what it chose.
        refused: by method why it does not apply to the encoder.
        table: one row a finding and method; the balanced ones last.
        maps: every map that was scored.
        not_scored: findings that could not be.
        without_finding: images that the truth says have none; nothing can be scored there.
        without_truth: images that the truth does not speak of.
        problems: what could not be used of the file of truth, in words.
    """

    model: str
    prompt: str
    tolerance: float
    methods: tuple[str, ...]
    refused: dict[str, str]
    table: tuple[FindingRow, ...]
    maps: tuple[ScoredMap, ...]
    not_scored: tuple[NotScored, ...]
    without_finding: int
    without_truth: int
    problems: tuple[str, ...]


def localise(
    encoder: Encoder,
    request: LocaliseRequest,
    collection: Collection | None = None,
    *,
    context: JobContext | None = None,
) -> LocaliseAnswer:
    """Explain every marked finding and compare its map with where it lies.

    Args:
        collection: whose images are asked about; None: the files that the truth names.

    Raises:
        UsageError: no finding to score, an unknown method, or a prompt with unknown braces.
        NotSupported: none of the methods applies to the encoder.
    """
    methods, refused = _methods(encoder, request.methods)
    _fill(request.prompt, "finding", "side")
    scope = scope_of(
        request.truth, collection, findings=request.findings, image_ids=request.image_ids
    )
    window = (
        request.ct_window if collection is None else collection.encoder_entry(encoder.id).ct_window
    )
    maps: list[ScoredMap] = []
    not_scored = list(scope.outside)
    total = len(scope.by_image) * len(methods)
    for number, ((file, frame), findings) in enumerate(scope.by_image.items()):
        if context is not None:
            context.report(number * len(methods), total, "Explaining findings")
        try:
            pixels = render_file_for_encoder(file, frame, window).pixels
        except (FileProblem, UsageError) as error:
            not_scored += [NotScored(str(file), frame, each.name, error.text) for each in findings]
            continue
        marked, unusable = _marked(findings, pixels.shape[:2])
        not_scored += unusable
        prompts = [_fill(request.prompt, each.name, each.side) for each, _ in marked]
        for place, method in enumerate(methods if marked else ()):
            if context is not None:
                context.report(number * len(methods) + place, total, "Explaining findings")
            explained = explain(
                encoder, pixels, prompts, method, context=_only_check(context),
                **request.params.get(method, {}),
            )  # fmt: skip
            maps += _scored(explained, marked, prompts, scope, request.tolerance)
    if not maps:
        raise UsageError(why_nothing(not_scored), "Name the file that marks these images.")
    table = make_table(maps, methods, replicates=request.replicates, seed=request.seed)
    return LocaliseAnswer(
        encoder.id, request.prompt, request.tolerance, methods, refused, table, tuple(maps),
        tuple(not_scored), scope.without_finding, scope.without_truth, request.truth.problems,
    )  # fmt: skip


def _methods(encoder: Encoder, asked: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the methods to run, and why others that were asked for do not apply."""
    named = dict.fromkeys(
        default_method(encoder, prompted=True) if each == "auto" else each for each in asked
    )
    if unknown := [each for each in named if each not in METHODS]:
        raise UsageError(
            f"There is no method {', '.join(unknown)}.", f"Choose among: {', '.join(METHODS)}."
        )
    why_not = available_methods(encoder)
    refused = {each: why_not[each] for each in named if why_not[each]}
    methods = tuple(each for each in named if each not in refused)
    if not methods:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in refused.items())
        raise NotSupported(
            f"None of the methods applies to the encoder {encoder.id} ({reasons}).",
            "Choose occlusion, which fits every encoder.",
        )
    return methods, refused


def _fill(prompt: str, finding: str, side: str) -> str:
    try:
        return " ".join(prompt.format(finding=finding, side=side).split())
    except (KeyError, IndexError, ValueError) as error:
        raise UsageError(
            f"The prompt “{prompt}” has braces that cannot be filled.",
            "Use {finding} and {side}.",
        ) from error


def _marked(
    findings: list[TrueFinding], shape: tuple[int, int]
) -> tuple[list[tuple[TrueFinding, np.ndarray]], list[NotScored]]:
    """Return findings with their masks, and those whose mark cannot be used."""
    marked: list[tuple[TrueFinding, np.ndarray]] = []
    unusable: list[NotScored] = []
    for each in findings:
        mask = mask_of_boxes(shape, each.boxes)
        reason = ""
        try:
            for path in each.masks:
                mask |= read_mask(path, shape)
        except FileProblem as error:
            reason = error.text
        if not reason and not mask.any():
            reason = "What marks it lies outside the image, or is empty."
        if reason:
            unusable.append(NotScored(str(each.file), each.frame, each.name, reason))
        else:
            marked.append((each, mask))
    return marked, unusable


def _scored(
    explained: Explanation,
    marked: list[tuple[TrueFinding, np.ndarray]],
    prompts: list[str],
    scope: Scope,
    tolerance: float,
) -> Iterator[ScoredMap]:
    for number, (finding, mask) in enumerate(marked):
        # Methods that know no prompt give one map for all.
        row = min(number, len(explained.grid) - 1)
        values = explained.overlay_of(row)
        given = finding.boxes or _boxes_around(mask)
        yield ScoredMap(
            image_id=scope.ids.get((os.path.realpath(finding.file), finding.frame), ""),
            file=str(finding.file),
            frame=finding.frame,
            patient=scope.patients[finding.file, finding.frame],
            finding=finding.name,
            side=finding.side,
            prompt=prompts[number],
            method=explained.method,
            score=float(explained.score[row]) if len(explained.score) > row else float("nan"),
            scores=score_map(values, mask, tolerance=tolerance),
            matches=match(boxes_of(values), given),
        )


def _boxes_around(mask: np.ndarray) -> tuple[Box, ...]:
    """Return a box around each connected part of a mask."""
    if mask.all():
        return ((0.0, 0.0, float(mask.shape[1]), float(mask.shape[0])),)
    return tuple(found.box for found in boxes_of(mask.astype(np.float32), least_share=0.0))


def _only_check(context: JobContext | None) -> JobContext | None:
    """Return a context whose progress nobody sees, cancelled when the given one is."""
    if context is None:
        return None
    quiet = JobContext()
    quiet.on_check = context.check
    return quiet
