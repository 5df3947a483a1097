"""Weights in several files: an index in JSON says which part holds which tensor.

transformers writes large models so: `model.safetensors.index.json` beside
`model-00001-of-00002.safetensors` and its like, or `pytorch_model.bin.index.json` beside parts in
PyTorch's format. Wherever one file of weights may be named, the index may stand for all parts.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vlm_explorer.errors import BadModelFolder, WeightsNotFound

INDEX_SUFFIX = ".index.json"
PART = re.compile(r"(?P<stem>.+)-\d{5}-of-\d{5}(?P<suffix>\.(safetensors|bin))")
PLACEHOLDER = b"version https://git-lfs"


@dataclass(frozen=True, slots=True)
class WeightParts:
    """What an index says.

    Attributes:
        names: the files of the parts, in their order, without folders.
        tensors: the names of the tensors in each.
    """

    names: tuple[str, ...]
    tensors: dict[str, frozenset[str]]


def is_index(name: str) -> bool:
    """Return whether a file of that name is the index of weights in parts."""
    return name.endswith(INDEX_SUFFIX)


def with_indexes(names: Iterable[str]) -> list[str]:
    """Return names of files of weights, each followed by that of the index of its parts."""
    whole = [name for name in names if name.endswith((".safetensors", ".bin"))]
    return [each for name in whole for each in (name, name + INDEX_SUFFIX)]


def index_of_part(name: str) -> str:
    """Return the name of the index that a part belongs to; "" for a file that is no part."""
    match = PART.fullmatch(name)
    return f"{match['stem']}{match['suffix']}{INDEX_SUFFIX}" if match else ""


def stem_of(file: Path) -> str:
    """Return the name of a file of weights, or of the index of its parts, without its endings."""
    return Path(file.name.removesuffix(INDEX_SUFFIX)).stem


def read_index(file: Path) -> WeightParts:
    """Return what an index says; its parts need not be there.

    Raises:
        BadModelFolder: it is no index of weights, or names files outside its folder.
    """
    try:
        table = json.loads(file.read_text(encoding="utf-8"))["weight_map"]
        tensors: dict[str, set[str]] = {}
        for tensor, part in table.items():
            tensors.setdefault(part, set()).add(tensor)
        names = tuple(sorted(tensors))
        sound = bool(names) and all(_is_part(name) for name in names)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_index(file) from error
    if not sound:
        raise _no_index(file)
    return WeightParts(names, {name: frozenset(tensors[name]) for name in names})


def weight_files(weights: Path) -> list[Path]:
    """Return the files that hold the numbers: the file of weights itself, or its parts.

    Raises:
        BadModelFolder: the index cannot be read.
        WeightsNotFound: a part is not there, or only the placeholder that git leaves for it.
    """
    if not is_index(weights.name):
        return [weights]
    names = read_index(weights).names
    files = [weights.with_name(name) for name in names]
    if missing := [file.name for file in files if not file.is_file()]:
        some = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        raise WeightsNotFound(
            f"The weights in {weights.parent} are in {len(names)} parts, of which "
            f"{len(missing)} {'is' if len(missing) == 1 else 'are'} missing: {some}.",
            "Copy or download the missing parts into the same folder.",
        )
    for file in files:
        refuse_placeholder(file)
    return files


def weights_bytes(weights: Path) -> int:
    """Return the size of a file of weights, or of all its parts.

    Raises:
        BadModelFolder, WeightsNotFound: as `weight_files`.
    """
    return sum(file.stat().st_size for file in weight_files(weights))


def join_digests(digests: Sequence[str]) -> str:
    """Return one digest for weights: that of the file, or one of all its parts' digests."""
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def refuse_placeholder(file: Path) -> None:
    """Raise WeightsNotFound where git left a placeholder in place of the weights."""
    if file.stat().st_size < 1024 and file.read_bytes().startswith(PLACEHOLDER):
        raise WeightsNotFound(
            f"{file} is a placeholder left by git; the weights themselves were not downloaded.",
            "Run `git lfs pull` in the folder that it came from, or download the file by itself.",
        )


def _is_part(name: object) -> bool:
    """Return whether a name is that of a file of weights in the folder of its index."""
    return (
        isinstance(name, str)
        and name.endswith((".safetensors", ".bin"))
        and not name.startswith(".")
        and not set("/\\:\0") & set(name)
    )


def _no_index(file: Path) -> BadModelFolder:
    return BadModelFolder(
        f"{file} does not say which part of the weights holds what.", "Download the file again."
    )
