"""Label sets as YAML: read with every mistake named, written as people would write them."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from vlm_explorer.analysis.zero_shot import TASKS
from vlm_explorer.errors import UsageError
from vlm_explorer.queries.label_set import Calibration, Label, LabelSet, check_labels

SUFFIX = ".yaml"
_LARGEST = 1 << 20  # bytes
_FIELDS = (
    "name", "title", "version", "task", "templates", "source", "labels", "calibrations", "history",
)  # fmt: skip
_PROMPTS = ("positive", "negative", "synonyms")
_CALIBRATION = ("model", "fingerprint", "prompts", "cases", "temperature", "curves")


class _Mistake(ValueError):
    """What is wrong, and where in the file."""


def read_label_set(file: Path) -> tuple[LabelSet, tuple[LabelSet, ...]]:
    """Return the label set of a YAML file, and its versions before, the oldest first.

    Raises:
        UsageError: the file cannot be read, or is no label set; it says what is wrong, and where.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise _Mistake("it is larger than 1 MB")
        return parse_label_set(file.read_text(encoding="utf-8"), file.stem)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"The label set {file} cannot be read.", "It should be a YAML file in UTF-8."
        ) from error
    except _Mistake as mistake:
        raise UsageError(
            f"{file.name} is not a label set: {mistake}.",
            "Export a set to see what such a file looks like.",
        ) from mistake


def read_record(file: Path) -> LabelSet:
    """Return the label set that the record of an export tells of.

    Raises:
        UsageError: it cannot be read, or tells of none.
    """
    try:
        return label_set_of(json.loads(file.read_text(encoding="utf-8"))["labels"]["set"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{file.name} is no record of an export with a label set.", "Name a label set's file."
        ) from error


def parse_label_set(text: str, name: str = "") -> tuple[LabelSet, tuple[LabelSet, ...]]:
    """Return the label set of a YAML text, and its versions before.

    Raises:
        ValueError: it is none; the words say why.
    """
    import yaml

    try:
        # the same as `safe_load`, ten times as fast where libyaml is there
        table = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise _Mistake(f"the YAML is damaged{where}") from error
    except (ValueError, RecursionError) as error:
        raise _Mistake("the YAML is damaged") from error
    found = label_set_of(table, name)
    before = _list(table.get("history") or [], "history")
    return found, tuple(replace(label_set_of(old), name=found.name) for old in before)


def write_label_set(found: LabelSet, history: tuple[LabelSet, ...] = ()) -> str:
    """Return the YAML text of a label set, with its versions before where given."""
    import yaml

    table = table_of(found)
    if history:
        table["history"] = [table_of(old) for old in history]
    text: str = yaml.safe_dump(table, sort_keys=False, allow_unicode=True, width=100)
    return text


# Reading


def label_set_of(table: Any, name: str = "") -> LabelSet:
    """Return the label set of a table as `table_of` makes it.

    Raises:
        ValueError: it is none; the words say why.
    """
    _known(table, _FIELDS, "the file")
    task = _word(table.get("task", "single"), "task")
    if task not in TASKS:
        raise _Mistake(f"task is {task!r}, and should be one of {', '.join(TASKS)}")
    labels = tuple(
        _label(each, f"label {place}")
        for place, each in enumerate(_list(table.get("labels"), "labels"), 1)
    )
    try:
        check_labels(labels, task)
    except UsageError as error:
        raise _Mistake(error.text.rstrip(".")) from error
    called = _word(table.get("name") or name, "name")
    return LabelSet(
        called,
        _word(table.get("title") or called, "title"),
        labels,
        task,
        _word(table.get("templates") or "", "templates"),
        _count(table.get("version", 1), "version"),
        tuple(
            _calibration(each) for each in _list(table.get("calibrations") or [], "calibrations")
        ),
        _line(table.get("source") or "", "source"),
    )


def _label(value: Any, where: str) -> Label:
    if not isinstance(value, dict):
        return Label(_line(value, where))
    _known(value, ("name", *_PROMPTS), where)
    name = _line(value.get("name"), f"name of {where}")
    lists = {key: _lines(value.get(key), f"{key} of {name!r}") for key in _PROMPTS}
    return Label(name, **lists)


def _calibration(value: Any) -> Calibration:
    _known(value, _CALIBRATION, "calibrations")
    curves = value.get("curves") or {}
    if not isinstance(curves, dict):
        raise _Mistake("curves is not a table of labels")
    return Calibration(
        _word(value.get("model"), "model of a calibration"),
        _word(value.get("fingerprint"), "fingerprint of a calibration"),
        _word(value.get("prompts"), "prompts of a calibration"),
        _count(value.get("cases"), "cases of a calibration"),
        _temperature(value.get("temperature", 1.0)),
        tuple((_word(name, "curves"), *_pair(curve)) for name, curve in curves.items()),
    )


def _known(value: Any, names: tuple[str, ...], where: str) -> None:
    if not isinstance(value, dict):
        raise _Mistake(f"{where} is not a table of names and values")
    if unknown := [str(key) for key in value if key not in names]:
        raise _Mistake(f"{where} has {unknown[0]!r}, and may have {', '.join(names)}")


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _Mistake(f"{where} is not a list")
    return value


def _word(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _Mistake(f"{where} is {value!r}, and should be a text; put it in quotes")
    return value


def _line(value: Any, where: str) -> str:
    return " ".join(_word(value, where).split())


def _lines(value: Any, where: str) -> tuple[str, ...]:
    """Return a list of sentences; one alone may stand without its list."""
    values = [value] if isinstance(value, str) else _list(value or [], where)
    return tuple(dict.fromkeys(filter(None, (_line(each, where) for each in values))))


def _count(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _Mistake(f"{where} is {value!r}, and should be a whole number from 1")
    return value


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise _Mistake(f"a calibration has {value!r} in the place of a number")
    return float(value)


def _temperature(value: Any) -> float:
    found = _number(value)
    if found <= 0:
        raise _Mistake(f"the temperature {value!r} is not above 0")
    return found


def _pair(value: Any) -> tuple[float, float]:
    match value:
        case [slope, offset]:
            return _number(slope), _number(offset)
    raise _Mistake("a curve is not a list of slope and offset")


# Writing


def table_of(found: LabelSet) -> dict[str, Any]:
    """Return a label set as names, values and lists, such as JSON and YAML hold."""
    table: dict[str, Any] = {
        "name": found.name,
        "title": found.title,
        "version": found.version,
        "task": found.task,
        "templates": found.templates,
        "labels": [_label_table(label) for label in found.labels],
    }
    if found.source:
        table["source"] = found.source
    if found.calibrations:
        table["calibrations"] = [
            {
                **{key: getattr(each, key) for key in _CALIBRATION[:-1]},
                "curves": {name: [slope, offset] for name, slope, offset in each.curves},
            }
            for each in found.calibrations
        ]
    return table


def _label_table(label: Label) -> dict[str, Any]:
    prompts = {key: list(getattr(label, key)) for key in _PROMPTS if getattr(label, key)}
    return {"name": label.name, **prompts}
