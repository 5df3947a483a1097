"""Measuring labels and retrieval, as methods of a collection."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.laying_out import LayingOut
from vlm_explorer.queries.reviewing import StrPath

if TYPE_CHECKING:
    from vlm_explorer.queries.evaluate_answer import Evaluation
    from vlm_explorer.queries.label_set import Label, LabelSet
    from vlm_explorer.queries.retrieve import RetrieveAnswer


class Evaluating(LayingOut):
    """A collection of whose images it is known what is true, or what was written about them."""

    def evaluate(
        self,
        labels: Sequence[str | Label] | LabelSet | str,
        *,
        truth: str = "label",
        table: StrPath = "",
        values: Mapping[str, Sequence[str]] | None = None,
        blank: str = "left-out",
        uncertain: str = "left-out",
        templates: str | Sequence[str] = (),
        task: str = "",
        models: StrPath | Sequence[StrPath] = (),
        image_ids: Sequence[str] | None = None,
        split: str = "",
        seed: int = 0,
        context: JobContext | None = None,
    ) -> Evaluation:
        """Measure labels where it is known what is true; see `queries.evaluate`.

        Args:
            labels: words or `Label`s, a label set, or the name or YAML file of one. A calibration
                of the set takes no part.
            truth: the column that says so; "0/1": a column of 0 and 1 a label, -1 and blanks left
                out; empty: the first that could.
            table: a CSV file with that column, whose rows name the images' files; by default the
                collection itself has it.
            values: for a label, values of that column (or columns of 0 and 1) that stand for it,
                besides its synonyms.
            blank, uncertain: what blanks and -1 count as in columns of 0 and 1: `left-out`,
                `absent`, and of -1 also `present`.
            templates: one template set or several, which are compared; by default the label set's.
            task: `single` or `multi`; by default the label set's, else `multi`.
            models: one encoder or several, which are compared.
            image_ids: only these images.
            split: a column whose cases "val…", "dev…" or "tun…" fit thresholds and calibration; by
                default half of the patients do.
            seed: of that half, and of the bootstrap.

        Raises:
            UsageError, ModelProblem: as they say.
        """
        from vlm_explorer.queries.classify import ClassifyRequest
        from vlm_explorer.queries.evaluate import evaluate
        from vlm_explorer.queries.evaluate_answer import EvaluateRequest
        from vlm_explorer.queries.label_set import LabelSet, as_labels
        from vlm_explorer.queries.label_shelf import find_label_set
        from vlm_explorer.queries.truth_counting import Counting

        if isinstance(labels, str):
            labels = find_label_set(labels)
        if not isinstance(labels, LabelSet):
            labels = LabelSet("", "", as_labels(labels), "multi")
        request = EvaluateRequest(
            ClassifyRequest.of(labels, task=task, temperature=1.0),
            column=truth,
            table=os.fspath(table),
            values=tuple((label, tuple(more)) for label, more in (values or {}).items()),
            image_ids=None if image_ids is None else tuple(image_ids),
            split=split,
            seed=seed,
            counting=Counting(blank, uncertain),
        )
        names = (templates,) if isinstance(templates, str) else templates
        chosen = (
            models if isinstance(models, Sequence) and not isinstance(models, str) else [models]
        )
        encoders = [self.encoder(model) for model in chosen] or [self.encoder()]
        return evaluate(self, encoders, request, templates=names, context=context)

    def retrieval(
        self,
        *,
        image_ids: Sequence[str] | None = None,
        seed: int = 0,
        model: StrPath | None = None,
        context: JobContext | None = None,
    ) -> RetrieveAnswer:
        """Measure how captions find their images, and images their captions.

        See `queries.retrieve`.

        Args:
            image_ids: only these images and their captions.
            model: whose vectors; by default those last used.

        Raises:
            UsageError, ModelProblem: as they say.
        """
        from vlm_explorer.queries.retrieve import RetrieveRequest, retrieve

        ids = None if image_ids is None else tuple(image_ids)
        request = RetrieveRequest(ids, seed=seed)
        return retrieve(self, request, model=self._model_id(model), context=context)
