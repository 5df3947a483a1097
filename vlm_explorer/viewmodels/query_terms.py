"""The terms of a query as chips: words and images, each with its sign and weight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from vlm_explorer.queries.expression import Term, parse_expression

if TYPE_CHECKING:
    import numpy as np

    from vlm_explorer.queries.examples import Box
    from vlm_explorer.viewmodels.session import Session

WEIGHTS = (0.25, 0.5, 1.0, 2.0, 3.0)  # on offer; an expression may say any other


def is_expression(text: str) -> bool:
    """Whether a text is meant as an expression: it begins with a quotation mark or a weight."""
    start = text.lstrip().removeprefix("-").removeprefix("+").lstrip()
    weight, colon, rest = start.partition(":")
    weighted = bool(colon) and weight.strip().replace(".", "", 1).isdigit()
    return start.startswith('"') or (weighted and rest.lstrip().startswith('"'))


class QueryTerms(QObject):
    """Changes the terms of the session's query; each change is a step that can be undone."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms in the order of the chips."""
        return self._session.query.terms

    # Adding

    def add(self, *terms: Term) -> None:
        """Search for more; an image that others are compared with becomes a term."""
        query = self._session.query
        like = () if query.like is None else (Term(query.like, 1.0, "image"),)
        self._put((*query.terms, *like, *terms))

    def add_images(self, ids: Iterable[str]) -> None:
        """Search for images like some of the collection: several count as their mean."""
        from vlm_explorer.queries.examples import Several

        rows = self._session.images.row_of
        known = tuple(sorted((key for key in ids if key in rows), key=lambda key: rows[key]))
        if len(known) == 1:
            self.add(Term(known[0], 1.0, "image"))
        elif known:
            several = Several(known)
            self.add(Term(several.words, 1.0, "image", several))

    def add_selection(self) -> None:
        """Search for images like the selected ones, or say that none is."""
        if self._session.selection.ids:
            self.add_images(self._session.selection.ids)
        else:
            self._session.messages.show_information("Nothing is selected.", "Select images first.")

    def add_files(self, files: Sequence[Path]) -> None:
        """Search for images like those in files."""
        known = [file for file in files if file.is_file()]
        if known:
            self.add(*(Term(str(file), 1.0, "image") for file in known))

    def add_pixels(self, pixels: np.ndarray) -> None:
        """Search for images like a picture, uint8 (rows, columns, 3)."""
        from vlm_explorer.queries.examples import Picture

        picture = Picture.of(pixels)
        self.add(Term(picture.words, 1.0, "image", picture))

    def add_region(self, image_id: str, box: tuple[float, float, float, float]) -> None:
        """Search for images like a region of one: left, top, right, bottom in its pixels."""
        from vlm_explorer.queries.examples import Region

        whole: Box = (
            max(0, round(box[0])), max(0, round(box[1])), round(box[2]), round(box[3])
        )  # fmt: skip
        region = Region(image_id, whole)
        self.add(Term(region.words, 1.0, "image", region))

    def add_expression(self, text: str) -> None:
        """Search for the terms of an expression, beside those that are there.

        Raises:
            UsageError: it cannot be read; the text says where.
        """
        from vlm_explorer.queries.examples import resolved

        query, known = self._session.query, self._session.images.row_of
        terms = tuple(resolved(term, known) for term in parse_expression(text))
        self._session.ask(replace(query.asked, text="", like=None, terms=(*query.terms, *terms)))

    def take_text(self) -> None:
        """Make a term of the text that is being searched for."""
        query = self._session.query
        if query.text:
            self._session.ask(replace(query.asked, text="", terms=query.whole))

    # Changing

    def remove(self, place: int) -> None:
        """Search for one term less."""
        self._put((*self.terms[:place], *self.terms[place + 1 :]))

    def turn(self, place: int) -> None:
        """Let a term that counts for an image count against it, or the other way round."""
        self._change(place, -self.terms[place].weight)

    def weigh(self, place: int, weight: float) -> None:
        """Give a term another weight, above zero; its sign stays."""
        sign = -1.0 if self.terms[place].weight < 0 else 1.0
        self._change(place, sign * weight)

    def _change(self, place: int, weight: float, burst: str = "") -> None:
        terms = list(self.terms)
        terms[place] = replace(terms[place], weight=weight)
        self._put(tuple(terms), burst)

    def _put(self, terms: tuple[Term, ...], burst: str = "") -> None:
        query = self._session.query
        self._session.ask(replace(query.asked, like=None, terms=terms), burst)

    # A text and an image

    @property
    def fusion(self) -> float | None:
        """The text's share of the weights, 0 to 1, of one text and one image; else None."""
        pair = self._pair()
        if pair is None:
            return None
        text, image = (abs(self._session.query.whole[place].weight) for place in pair)
        return text / (text + image) if text + image else 0.5

    def _pair(self) -> tuple[int, int] | None:
        """Return the places of the text and of the image among all terms, if these are all."""
        whole = self._session.query.whole
        kinds = [term.kind == "image" for term in whole]
        if sorted(kinds) != [False, True] or any(term.weight < 0 for term in whole):
            return None
        return kinds.index(False), kinds.index(True)

    def fuse(self, share: float) -> None:
        """Give the text a share of the weights, and the image the rest: they add up to 1."""
        pair = self._pair()
        if pair is None:
            return
        terms = list(self._session.query.whole)
        for place, weight in zip(pair, (share, 1 - share), strict=True):
            terms[place] = replace(terms[place], weight=round(weight, 4))
        asked = replace(self._session.query.asked, text="", like=None, terms=tuple(terms))
        self._session.ask(asked, "fuse")

    # In words

    def title(self, term: Term) -> str:
        """Return what to call a term; no names of files, which may hold names of people."""
        from vlm_explorer.queries.examples import Region

        images = self._session.images
        if isinstance(term.example, Region):
            row = images.row_of.get(term.example.image)
            return "region of a file" if row is None else f"region of {images.name_of(row)}"
        if term.example is not None:
            return term.example.words
        if term.kind != "image":
            return f"“{term.text}”"
        row = images.row_of.get(term.text)
        return "image from a file" if row is None else images.name_of(row)
