"""Queries as JSON values: what a collection keeps of what is searched for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vlm_explorer.errors import UsageError
from vlm_explorer.queries.expression import Term, summed, unnamed
from vlm_explorer.queries.ranking_choice import RankingChoice

WINDOW = "window"  # the name under which a collection keeps how it was left
SAVED = "saved queries"  # in that, and only what the user saves


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """What is searched for, and how it is ranked, as of `queries.search.SearchRequest`."""

    terms: tuple[Term, ...]
    fuse: str = "sum"
    ranking: RankingChoice = RankingChoice()

    @property
    def of_texts(self) -> bool:
        """Whether texts alone make it, and one of them is wanted."""
        wanted = any(term.weight > 0 for term in self.terms)
        return wanted and all(term.kind == "text" for term in self.terms)

    @property
    def called(self) -> str:
        """Its one text, or the sum of its terms."""
        return self.terms[0].text if len(self.terms) == 1 else summed(self.terms, unnamed)

    def listed(self, name: str) -> str:
        """Return its words; of one of several terms the name that it was saved under, too."""
        return f"{name}: {self.called}" if len(self.terms) > 1 else self.called


def query_of_json(saved: Any) -> SavedQuery:
    """Return a query that was kept; what cannot be read is left out."""
    values = saved if isinstance(saved, dict) else {}
    terms = values.get("terms")
    found = [_term_of_json(value) for value in terms] if isinstance(terms, list) else []
    fuse, ranking = _ranking_of_json(values.get("ranking"))
    return SavedQuery(tuple(term for term in found if term is not None), fuse, ranking)


def json_of_term(term: Term) -> dict[str, Any]:
    """Return a term.

    Raises:
        UsageError: it is a picture that lies in no file.
    """
    from vlm_explorer.queries.examples import Picture, Region, Several

    value: dict[str, Any] = {"text": term.text, "weight": term.weight, "kind": term.kind}
    match term.example:
        case Picture():
            raise UsageError(
                "A pasted picture cannot be saved with a query.",
                "Remove it from the query, or drop it as a file.",
            )
        case Region(image, box):
            value |= {"image": image, "box": list(box)}
        case Several(image_ids):
            value["images"] = list(image_ids)
    return value


def _term_of_json(value: Any) -> Term | None:
    """Return a term that was kept; None for what is none."""
    from vlm_explorer.queries.examples import Region, Several

    match value:
        case {
            "text": str(text),
            "weight": int() | float() as weight,
            "kind": "" | "text" | "image" as kind,
        }:
            example: Region | Several | None = None
            match value:
                case {
                    "image": str(image),
                    "box": [int() as left, int() as top, int() as right, int() as bottom],
                }:
                    example = Region(image, (left, top, right, bottom))
                case {"images": [*ids]}:
                    example = Several(tuple(map(str, ids)))
            return Term(text, float(weight), kind, example)
    return None


def _ranking_of_json(value: Any) -> tuple[str, RankingChoice]:
    values = dict(value) if isinstance(value, dict) else {}
    fuse = values.pop("fuse", "sum")
    try:
        ranking = RankingChoice(**values)
        ranking.check()
    except (TypeError, UsageError):  # kept by another version
        ranking = RankingChoice()
    return fuse if fuse in ("sum", "z") else "sum", ranking
