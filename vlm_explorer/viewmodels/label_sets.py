"""Ready-made label sets, from `resources/label_sets`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from vlm_explorer import paths


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Labels that belong together; `name` is the file's, `title` what the window shows."""

    name: str
    title: str
    labels: tuple[str, ...]
    templates: str
    task: str


# What the list begins with; the rest follows by title.
_FIRST = ("modality", "demo-findings")


@cache
def load_label_sets() -> tuple[LabelSet, ...]:
    """Read the label sets, in the order in which they are offered."""
    sets = []
    for path in (paths.resources() / "label_sets").glob("*.toml"):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        labels = tuple(table["labels"])
        sets.append(LabelSet(path.stem, table["title"], labels, table["templates"], table["task"]))
    places = {name: place for place, name in enumerate(_FIRST)}
    return tuple(sorted(sets, key=lambda each: (places.get(each.name, len(_FIRST)), each.title)))


def label_set(name: str) -> LabelSet:
    """Return the label set of that name.

    Raises:
        KeyError: there is none.
    """
    return {each.name: each for each in load_label_sets()}[name]
