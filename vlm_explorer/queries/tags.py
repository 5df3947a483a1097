"""Tags and notes that the user gives to images, kept in the collection.

A tag's number is its key and its colour. Notes may hold names: they leave the collection only where
an export is asked for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Any

from vlm_explorer.collection.store import Collection

STATE = "tags"  # the name under which a collection keeps them
NUMBERS = range(1, 10)  # a tag a digit
_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Tagging:
    """Which images have which tags, and what is noted about them.

    Attributes:
        names: what the user called tags, by number.
        images: the ids of the images of each tag, by number; none empty.
        notes: by image id; none empty.
    """

    names: Mapping[int, str] = field(default_factory=dict)
    images: Mapping[int, frozenset[str]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    def name(self, number: int) -> str:
        """Return what a tag is called."""
        return self.names.get(number, f"Tag {number}")

    def numbers_of(self, image_id: str) -> tuple[int, ...]:
        """Return the tags of an image, ascending."""
        return tuple(number for number in sorted(self.images) if image_id in self.images[number])

    def words_of(self, image_id: str) -> str:
        """Return the names of an image's tags, parted by semicolons."""
        return "; ".join(self.name(number) for number in self.numbers_of(image_id))

    def tagged(self, number: int, ids: Set[str]) -> Tagging:
        """Give images a tag."""
        return self._with(number, self.images.get(number, _NOBODY) | ids)

    def untagged(self, number: int, ids: Set[str]) -> Tagging:
        """Take a tag from images."""
        return self._with(number, self.images.get(number, _NOBODY) - ids)

    def _with(self, number: int, ids: frozenset[str]) -> Tagging:
        others = {key: kept for key, kept in self.images.items() if key != number}
        return replace(self, images=others | ({number: ids} if ids else {}))

    def named(self, number: int, name: str) -> Tagging:
        """Call a tag otherwise, but not as another; without a name it goes by its number."""
        others = {key: kept for key, kept in self.names.items() if key != number}
        name = " ".join(name.replace(";", ",").split())
        if any(self.name(other) == name for other in NUMBERS if other != number):
            return self
        return replace(self, names=others | ({number: name} if name else {}))

    def noted(self, image_id: str, note: str) -> Tagging:
        """Note something about an image, in place of what was noted before."""
        others = {key: kept for key, kept in self.notes.items() if key != image_id}
        return replace(self, notes=others | ({image_id: note.strip()} if note.strip() else {}))


def read_tags(collection: Collection) -> Tagging:
    """Return what is kept; what is no tag and no note is passed over.

    Raises:
        CollectionDamaged: the file cannot be read.
    """
    kept = collection.user_state(STATE)
    tagging = Tagging()
    if not isinstance(kept, dict):
        return tagging
    rows = kept.get("tags")
    for row in rows if isinstance(rows, list) else ():
        match row:
            case {"number": int(number), "name": str(name), "images": [*ids]} if number in NUMBERS:
                tagging = tagging.named(number, name).tagged(number, {str(key) for key in ids})
    notes = kept.get("notes")
    texts = notes.items() if isinstance(notes, dict) else ()
    return replace(tagging, notes={key: text for key, text in texts if isinstance(text, str)})


def write_tags(collection: Collection, tagging: Tagging) -> None:
    """Keep tags and notes, in place of those kept before; the file is replaced whole.

    Raises:
        StorageProblem: it cannot be written.
    """
    rows = [_row(tagging, number) for number in sorted({*tagging.names, *tagging.images})]
    state = {"format": 1, "tags": rows, "notes": dict(tagging.notes)}
    collection.set_user_state(STATE, state)


def _row(tagging: Tagging, number: int) -> dict[str, Any]:
    ids = sorted(tagging.images.get(number, ()))
    return {"number": number, "name": tagging.names.get(number, ""), "images": ids}


def columns_of(tagging: Tagging, ids: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the tags and the notes of images, in their order; "" where there are none."""
    order = list(ids)
    texts: dict[str, list[str]] = {}
    for number in sorted(tagging.images):
        for key in tagging.images[number]:
            texts.setdefault(key, []).append(tagging.name(number))
    return (
        ["; ".join(texts.get(key, ())) for key in order],
        [tagging.notes.get(key, "") for key in order],
    )
