"""Searching, as methods of a collection."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext
from vlm_explorer.queries.reviewing import Reviewing

if TYPE_CHECKING:
    import numpy as np

    from vlm_explorer.queries.describe import DescribeAnswer
    from vlm_explorer.queries.examples import Example
    from vlm_explorer.queries.expression import Term
    from vlm_explorer.queries.hub_bank import CollectionHubs
    from vlm_explorer.queries.label_set import LabelSet
    from vlm_explorer.queries.search_answer import SearchAnswer

StrPath = str | os.PathLike[str]


class Searching(Reviewing):
    """A collection that can be asked which images, or which texts, are nearest."""

    def encoder(self, model: StrPath | None = None) -> Encoder:
        """Return the encoder of the collection, or `model`; a subclass knows how to load it."""
        raise NotImplementedError

    def search(
        self,
        text: str | Sequence[str] = (),
        *,
        images: Sequence[StrPath | np.ndarray | Example] = (),
        not_texts: Sequence[str] = (),
        query: str = "",
        k: int = 20,
        fuse: str = "sum",
        rank_by: str = "cosine",
        per: str = "image",
        reduce: str = "max",
        top: int = 5,
        diversity: float | None = None,
        model: StrPath | None = None,
    ) -> SearchAnswer:
        """Rank the images by their cosine to texts and images, exactly, or as chosen.

        Each hit's `z` compares its score with what unrelated prompts get at the same rank; it is
        None where images are looked for, or ranked otherwise.

        Args:
            text: one text or several.
            images: files, image ids of this collection, pixels (uint8, rows x columns, grey or
                RGB), or `queries.examples`: a region of a scan, the mean of several images.
            not_texts: texts that count against an image.
            query: an expression such as `2:"pleural effusion" + "scan-01.dcm" - "pacemaker"`.
            fuse: `sum`: the weighted sum of unit vectors; `z`: of z-normalised cosines.
            rank_by: `cosine`, or `csls` or `inverted-softmax`, which make up for images that come
                up for everything; `answer.changed` says what that changed, and
                `answer.ranked.over` what they were counted over.
            per: what a hit stands for: `image`, `series`, `study` or `patient`.
            reduce: how the scores of its images make one: `max`, `mean` or `top-k-mean`.
            top: how many of the best images `top-k-mean` takes.
            diversity: 0 to 1, how much a hit's unlikeness to those before counts.

        Raises:
            UsageError, FileProblem, ModelProblem: as they say.
        """
        from vlm_explorer.queries.null_bank import null_scores_of
        from vlm_explorer.queries.ranking_choice import RankingChoice
        from vlm_explorer.queries.search import SearchRequest, search

        named, shown = _sorted(images)
        request = SearchRequest(
            (text,) if isinstance(text, str) else tuple(text),
            named,
            tuple(not_texts),
            k,
            query,
            shown,
            fuse,
            RankingChoice(rank_by, per, reduce, top, diversity),
        )
        request.check()  # before an encoder is loaded
        encoder = self.encoder(model)
        answer = search(self, encoder, request)
        if not answer.weights:
            return answer
        return answer.compared(null_scores_of(self, encoder, answer.weights))

    def describe(
        self,
        image: StrPath | np.ndarray | Example,
        texts: Sequence[str] = (),
        *,
        labels: Sequence[str] | LabelSet = (),
        saved: Sequence[str] | bool = (),
        stored: bool = True,
        k: int = 20,
        model: StrPath | None = None,
        context: JobContext | None = None,
    ) -> DescribeAnswer:
        """Rank texts by how well they fit an image; see `queries.describe`.

        Args:
            image: as in `search`.
            texts, labels: to be ranked beside the captions of the collection, or without them
                (`stored` false). A label set, or the name or YAML file of one, is compared label
                by label, as `classify` asks it.
            saved: names of queries that were saved with the collection; True: all that texts alone
                make.

        Raises:
            UsageError, FileProblem, ModelProblem: as they say.
        """
        from vlm_explorer.queries.describe import DescribeRequest, describe
        from vlm_explorer.queries.describe_texts import of_labels
        from vlm_explorer.queries.label_set import LabelSet
        from vlm_explorer.queries.label_shelf import find_label_set
        from vlm_explorer.queries.saved_queries import saved_texts

        named, shown = _sorted([image])
        chosen = find_label_set(labels) if isinstance(labels, str) else labels
        whole = of_labels(chosen) if isinstance(chosen, LabelSet) else ()
        words = () if isinstance(chosen, LabelSet) else tuple(chosen)
        more, left = saved_texts(self, None if saved is True else saved or ())
        shown_as = named[0] if named else shown[0].example or ""
        request = DescribeRequest(shown_as, tuple(texts), words, k, stored, (*more, *whole))
        found = describe(self, self.encoder(model), request, context=context)
        return replace(found, left_out=left)

    def hubs(
        self, *, model: StrPath | None = None, context: JobContext | None = None
    ) -> CollectionHubs:
        """Say how often each image comes up for unrelated prompts and captions.

        Rows are those of the images that have a vector of the encoder, in their order.

        Raises:
            UsageError, ModelProblem: as they say.
        """
        from vlm_explorer.queries.hub_bank import hubs_of

        return hubs_of(self, self.encoder(model), context=context)


def _sorted(
    images: Sequence[StrPath | np.ndarray | Example],
) -> tuple[tuple[str, ...], tuple[Term, ...]]:
    """Return the names among images, and the terms of those that are shown instead."""
    import numpy as np

    from vlm_explorer.queries.examples import Picture, Region, Several
    from vlm_explorer.queries.expression import Term

    named: list[str] = []
    shown: list[Term] = []
    for image in images:
        example = Picture.of(image, "picture") if isinstance(image, np.ndarray) else image
        if isinstance(example, Picture | Region | Several):
            shown.append(Term(example.words, 1.0, "image", example))
        else:
            named.append(os.fspath(example))
    return tuple(named), tuple(shown)
