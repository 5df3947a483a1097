"""What can be done with an encoder now, in the words of its buttons."""

from __future__ import annotations

from dataclasses import dataclass

from vlm_explorer.viewmodels import numbers
from vlm_explorer.viewmodels.model_facts import ModelFacts
from vlm_explorer.viewmodels.model_shelf import ModelShelf


@dataclass(frozen=True, slots=True)
class Offer:
    """A button: what it says, and the `verb` that `perform` understands; the first is the main."""

    verb: str
    title: str


def offers(shelf: ModelShelf, facts: ModelFacts) -> tuple[Offer, ...]:
    """Return what can be done with an encoder, the most likely first."""
    kind = shelf.state(facts.id).kind
    if kind in ("fetching", "encoding", "switching"):
        return (Offer("stop", "Cancel"),)
    if kind == "leaving":
        return Offer("keep", "Undo"), Offer("remove_now", "Remove now")
    if kind:
        return ()
    if facts.fetchable:
        return (Offer("fetch", _fetch_title(shelf, facts)),)
    if not facts.installed:
        return ()
    found = []
    if shelf.switch.available and facts.id != shelf.switch.current:
        found.append(Offer("use", _use_title(facts)))
    if not facts.bundled:
        found.append(Offer("remove", "Remove"))
    return tuple(found)


def situation(shelf: ModelShelf, facts: ModelFacts) -> str:
    """Return where an encoder stands, in one sentence beside its buttons."""
    state = shelf.state(facts.id)
    if state.kind:
        return state.words
    if not facts.installed:
        return facts.not_offered
    if facts.id == shelf.switch.current:
        return "In use" if not facts.images else f"In use · {_share(facts)}"
    if not shelf.switch.available:
        return "On this machine"
    return _share(facts)


def perform(shelf: ModelShelf, verb: str, id_: str) -> None:
    """Do what a button offers."""
    {
        "stop": shelf.stop,
        "keep": shelf.keep,
        "remove_now": shelf.remove_now,
        "fetch": shelf.fetch,
        "use": shelf.use,
        "remove": shelf.remove,
    }[verb](id_)


def _share(facts: ModelFacts) -> str:
    return f"{facts.encoded:,} of {facts.images:,} images encoded"


def _fetch_title(shelf: ModelShelf, facts: ModelFacts) -> str:
    if shelf.state(facts.id).problem:
        return "Try again"
    size = numbers.size(facts.download)
    if facts.fetched:
        return f"Go on fetching ({numbers.size(facts.fetched)} of {size or 'it'} are here)"
    return f"Fetch {size}".strip()


def _use_title(facts: ModelFacts) -> str:
    missing = facts.images - facts.encoded
    if not missing:
        return "Use for this collection"
    which = "the other " if facts.encoded else ""
    images = "1 image" if missing == 1 else f"{missing:,} images"
    return f"Encode {which}{images} and use"
