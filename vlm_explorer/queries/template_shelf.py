"""The user's own template sets: one TOML file, read by `analysis.zero_shot`, written whole."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from vlm_explorer.analysis.zero_shot import (
    PLACEHOLDER,
    TemplateSet,
    load_template_sets,
    own_templates_file,
)
from vlm_explorer.encoders.whole_file import write_whole
from vlm_explorer.errors import StorageProblem
from vlm_explorer.queries.label_shelf import slug

_HEAD = "# Template sets of your own, as the label studio writes them; {} stands for the label.\n"
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BY_HAND = "templates-by-hand.toml"


def own_sets() -> dict[str, TemplateSet]:
    """Return the user's sets by name.

    Raises:
        UsageError: their file is damaged.
    """
    shipped = load_template_sets(own=False)
    return {name: each for name, each in load_template_sets().items() if name not in shipped}


def free_name(title: str) -> str:
    """Return a name for a title, that no set has."""
    base, taken = slug(title), load_template_sets()
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return name


def save(wanted: TemplateSet) -> TemplateSet:
    """Save a set in place of the one of its name, or as a new one where it has none.

    Returns:
        The set as it was saved, with its name.

    Raises:
        UsageError: the file is damaged; it is left as it is.
        StorageProblem: it cannot be written.
    """
    sets = own_sets()
    if not wanted.name:
        wanted = _named(wanted, free_name(wanted.title))
    _write({**sets, wanted.name: wanted})
    return wanted


def delete(name: str) -> TemplateSet | None:
    """Take a set out of the file; return it, so that it can be saved again.

    Raises:
        UsageError, StorageProblem: as of `save`.
    """
    sets = own_sets()
    gone = sets.pop(name, None)
    if gone is not None:
        _write(sets)
    return gone


def mistake(lines: str) -> str:
    """Return what is wrong with sentences, one a line; "" where nothing is."""
    for number, line in enumerate(lines.splitlines(), 1):
        count = line.count(PLACEHOLDER)
        if line.strip() and count != 1:
            told = f"has {PLACEHOLDER} {count} times" if count else f"has no {PLACEHOLDER}"
            return f"Line {number} {told}: write it once, where the label belongs."
    return ""


def sentences(lines: str) -> tuple[str, ...]:
    """Return the sentences of a text, one a line, each once."""
    return tuple(
        dict.fromkeys(filter(None, (" ".join(line.split()) for line in lines.split("\n"))))
    )


def write_sets(sets: Mapping[str, TemplateSet]) -> str:
    """Return the TOML of template sets."""
    return _HEAD + "".join(_table(name, each) for name, each in sets.items())


def _named(given: TemplateSet, name: str) -> TemplateSet:
    return TemplateSet(name, given.title, given.templates, given.negatives, given.note)


def _table(name: str, each: TemplateSet) -> str:
    lines = [
        f"\n[{name if _BARE.fullmatch(name) else _text(name)}]",
        f"title = {_text(each.title)}",
    ]
    for key, texts in (("templates", each.templates), ("negatives", each.negatives)):
        if texts or key == "templates":
            lines.append(f"{key} = [{''.join(f'{chr(10)}  {_text(text)},' for text in texts)}\n]")
    for key, value in (("note", each.note), ("source", each.source)):
        if value:
            lines.append(f"{key} = {_text(value)}")
    if each.general:
        lines.append("general = true")
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """Return a TOML string: JSON's escapes are TOML's, but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(sets: Mapping[str, TemplateSet]) -> None:
    file = own_templates_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        before = file.read_text(encoding="utf-8") if file.is_file() else _HEAD
        if not before.startswith(_HEAD):  # comments of the user's would be lost
            write_whole(file.with_name(_BY_HAND), before)
        write_whole(file, write_sets(sets))
    except OSError as error:
        raise StorageProblem(
            "The template sets cannot be saved.", f"Is there room in {file.parent}?"
        ) from error
