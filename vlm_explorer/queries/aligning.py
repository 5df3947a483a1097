"""Comparing images and texts, as methods of a collection."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.searching import Searching

if TYPE_CHECKING:
    from vlm_explorer.queries.sensitivity_answer import SensitivityAnswer
    from vlm_explorer.queries.similarity_matrix import MatrixAnswer

StrPath = str | os.PathLike[str]


class Aligning(Searching):
    """A collection whose images and texts can be compared each with each."""

    def similarity_matrix(
        self,
        image_ids: Sequence[str],
        texts: Sequence[str] = (),
        *,
        captions: bool = True,
        labels: Sequence[str] = (),
        templates: str = "",
        model: StrPath | None = None,
        context: JobContext | None = None,
    ) -> MatrixAnswer:
        """Compare up to 200 images and texts, each with each; see `queries.similarity_matrix`.

        `.cosine` is the matrix; `.pair_cosine` that of images and their own captions, of which
        `analysis.infonce.info_nce` gives the contrastive loss.

        Args:
            captions: whether the images' own captions are among the texts.

        Raises:
            UsageError, ModelProblem: as they say.
        """
        from vlm_explorer.queries.similarity_matrix import MatrixRequest, similarity_matrix
        from vlm_explorer.queries.text_memory import TextMemory

        request = MatrixRequest(
            tuple(image_ids), captions, tuple(labels), templates, typed=tuple(texts)
        )
        memory = TextMemory(self.encoder(model)) if texts or labels else None
        name = None if model is None else self._model_id(model)
        return similarity_matrix(self, request, memory, model=name, context=context)

    def sensitivity(
        self,
        prompt: str,
        *,
        image_ids: Sequence[str] | None = None,
        truth: str = "",
        column: str = "",
        table: StrPath = "",
        blank: str = "left-out",
        uncertain: str = "left-out",
        model: StrPath | None = None,
        context: JobContext | None = None,
    ) -> SensitivityAnswer:
        """Say how much hangs on the wording of a prompt; see `queries.prompt_sensitivity`.

        Args:
            prompt: a label, or any other text.
            image_ids: by default all images that have a vector.
            truth: the label that the prompt stands for; by default the prompt itself.
            column, table: where it stands what is true, as `truth` and `table` of `evaluate`.
            blank, uncertain: as of `evaluate`.

        Raises:
            UsageError, ModelProblem: as they say.
        """
        from vlm_explorer.queries.prompt_sensitivity import prompt_sensitivity
        from vlm_explorer.queries.sensitivity_answer import SensitivityRequest
        from vlm_explorer.queries.text_memory import TextMemory
        from vlm_explorer.queries.truth_counting import Counting

        asked = None if image_ids is None else tuple(image_ids)
        request = SensitivityRequest(
            prompt,
            asked,
            truth,
            column,
            os.fspath(table),
            counting=Counting(blank, uncertain),
        )
        memory = TextMemory(self.encoder(model))
        return prompt_sensitivity(self, memory, request, context=context)
