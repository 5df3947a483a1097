"""The query of an export: what was searched for, chips and all, and how that ranks the images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from vlm_explorer.queries.examples import Picture, Region, Several
from vlm_explorer.queries.expression import Term, write_expression
from vlm_explorer.queries.ranking_choice import RankingChoice
from vlm_explorer.queries.search import SearchRequest

FIRST = 50  # hits among which diversity is sought: as many as the window spells out
MOST_IMAGES = 2000  # of a mean that a command line can name

_OPTIONS = {"rank_by": "--rank-by", "per": "--per", "reduce": "--reduce", "top": "--top"}


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """What is searched for.

    Attributes:
        terms: all that is looked for, in order.
        fuse, ranking: as in `queries.search.SearchRequest`.
    """

    terms: tuple[Term, ...] = ()
    fuse: str = "sum"
    ranking: RankingChoice = RankingChoice()

    @property
    def request(self) -> SearchRequest:
        """What the collection is asked."""
        return SearchRequest(k=FIRST, more=self.terms, fuse=self.fuse, ranking=self.ranking)

    @property
    def words(self) -> str:
        """The expression with no path in it, and a mean of images by their number."""
        return write_expression(tuple(_said(self.terms)))

    @property
    def why_no_command(self) -> str:
        """Why no command line can ask the same; "" where one can."""
        examples = [term.example for term in self.terms]
        if any(isinstance(example, Picture) for example in examples):
            return "The query holds a picture that lies in no file."
        means = [each.image_ids for each in examples if isinstance(each, Several)]
        if any(len(ids) > MOST_IMAGES for ids in means):
            return f"The query holds a mean of more than {MOST_IMAGES:,} images."
        return ""

    def options(self, *, bare: bool) -> list[str]:
        """Return the options of the command that asks the same.

        Args:
            bare: put `./FILE-1` and so on in the place of files, whose names may be a patient's.
        """
        if not self.terms or self.why_no_command:
            return []
        terms = _said(self.terms, files=not bare, means=True)
        words = [f"--query={write_expression(tuple(terms))}"]
        words += ["--fuse", self.fuse] if self.fuse != "sum" else []
        usual = RankingChoice()
        for name, option in _OPTIONS.items():
            value = getattr(self.ranking, name)
            words += [option, str(value)] if value != getattr(usual, name) else []
        if self.ranking.diversity:
            words += ["--diverse", repr(self.ranking.diversity)]
        return words

    def facts(self) -> dict[str, Any]:
        """Return what is to be known of it, as JSON's types, without any path."""
        return {
            "expression": self.words,
            "terms": [_facts(term) for term in _said(self.terms)],
            "fuse": self.fuse,
            "ranking": asdict(self.ranking) | {"words": self.ranking.words},
            "diverse_among": FIRST if self.ranking.diversity else None,
            "not_in_a_command": self.why_no_command or None,
        }


def _said(terms: Iterable[Term], *, files: bool = False, means: bool = False) -> Iterable[Term]:
    """Return terms whose text is what an expression says; files by number unless wanted."""
    number = 0
    for term in terms:
        text, example = term.text, term.example
        if isinstance(example, Region):
            name = example.image
            if Term(name).is_file and not files:
                number += 1
                name = f"./FILE-{number}"
            text = replace(example, image=name).words
        elif isinstance(example, Several):
            text = example.expression if means else example.words
        elif example is None and term.kind != "text" and term.is_file and not files:
            number += 1
            text = f"./FILE-{number}"
        yield replace(term, text=text)


def _facts(term: Term) -> dict[str, Any]:
    kind = "text" if term.kind == "text" else term.kind or "text or image"
    facts: dict[str, Any] = {"said": term.text, "weight": term.weight, "kind": kind}
    match term.example:
        case Several(ids):
            facts["image_ids"] = list(ids)
        case Picture(digest=digest):
            facts["picture"] = digest
    return facts
