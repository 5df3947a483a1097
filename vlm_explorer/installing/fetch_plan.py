"""Which files of a repository make up an encoder, and what is known of their contents.

In open_clip's layout the configuration says whether the text tower has a tokenizer and a
configuration of its own; other files of such a repository belong to other programs and stay.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vlm_explorer.encoders.catalogue import merge_files
from vlm_explorer.encoders.folder_files import (
    TOKENIZER_NAMES,
    TRANSFORMERS_WEIGHTS_NAMES,
    VOCABULARY_NAMES,
    WEIGHTS_NAMES,
    WEIGHTS_SUFFIXES,
)
from vlm_explorer.encoders.model_folder import CONFIG_NAME
from vlm_explorer.encoders.pins import Pin
from vlm_explorer.encoders.spec import EncoderSpec, RemoteFile
from vlm_explorer.encoders.transformers_folder import PREPROCESSOR_NAME, PROCESSOR_NAME
from vlm_explorer.encoders.weight_parts import index_of_part, is_index, with_indexes
from vlm_explorer.errors import FetchProblem
from vlm_explorer.installing.download import Wanted
from vlm_explorer.installing.fetch_errors import Subject
from vlm_explorer.installing.hub import ListedFile, Listing

TEXT_CONFIG = "config.json"
DOCUMENTS = ("LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE", "README.md")
SMALL = 1 << 26  # bytes; the largest vocabularies take 34 MB, what is larger does not belong here


def configuration_name(spec: EncoderSpec) -> str:
    """Return the file that has to be read first."""
    return CONFIG_NAME if spec.loader == "open_clip" else TEXT_CONFIG


def small_files(spec: EncoderSpec, listing: Listing, config: dict[str, Any] | None) -> list[str]:
    """Return the names of the files beside the weights to fetch from an encoder's own repository.

    Args:
        spec: which encoder.
        listing: what the repository holds.
        config: contents of `open_clip_config.json`; None for another layout, or without one.
    """
    there = {file.name for file in listing.files}
    wanted = [name for name in DOCUMENTS if name in there]
    text_cfg = _text_cfg(config)
    if spec.loader == "transformers":
        wanted += [TEXT_CONFIG, PREPROCESSOR_NAME, PROCESSOR_NAME, *TOKENIZER_NAMES]
    else:
        wanted.append(CONFIG_NAME)
        if text_cfg.get("hf_model_name"):
            wanted.append(TEXT_CONFIG)
        if text_cfg.get("hf_tokenizer_name"):
            wanted += TOKENIZER_NAMES
    return [name for name in dict.fromkeys(wanted) if name in there]


def companion_files(spec: EncoderSpec, config: dict[str, Any] | None, own: list[str]) -> list[str]:
    """Return what the companion repository has to add: configuration and tokenizer of the text."""
    if spec.companion is None:
        return []
    text_cfg = _text_cfg(config)
    names = []
    if text_cfg.get("hf_model_name") and TEXT_CONFIG not in own:
        names.append(TEXT_CONFIG)
    if text_cfg.get("hf_tokenizer_name") and not set(own) & set(VOCABULARY_NAMES):
        names += [name for name in TOKENIZER_NAMES if name not in own]
    return names


def contents(
    spec: EncoderSpec,
    listing: Listing,
    names: Iterable[str],
    known: tuple[RemoteFile, ...],
    *,
    token: bool,
) -> list[Wanted]:
    """Return the files to fetch with what is known of them.

    What the catalogue or an earlier contact says of a file stands; a hub that now lists another
    one at the same commit is not believed.

    Raises:
        FetchProblem: the hub contradicts what is known, or has no such file, or no checksum for
            weights, or a text file is much too large.
    """
    listed = {file.name: file for file in listing.files}
    facts = {file.name: file for file in known}
    wanted = []
    for name in names:
        subject = Subject(spec, listing.repository, listing.revision, name, token)
        file, fact = listed.get(name), facts.get(name, RemoteFile(name))
        if file is None:
            raise FetchProblem(
                f"The repository {listing.repository} has no file {name}.",
                "Its layout has changed. A later version of this program may know the new one.",
            )
        if _contradict(fact.sha256, file.sha256) or _contradict(fact.bytes, file.bytes):
            raise FetchProblem(
                f"The hub now lists another {name} in {listing.repository} than the one that is "
                "known, under the same version.",
                "Do not use it. If HF_ENDPOINT names a mirror, try the hub itself.",
            )
        sha256, size = fact.sha256 or file.sha256, fact.bytes or file.bytes
        _check_trust(listing, file, size, sha256)
        wanted.append(Wanted(subject, size, sha256, file.git_sha1))
    return wanted


def _check_trust(listing: Listing, file: ListedFile, size: int | None, sha256: str) -> None:
    """Refuse weights without any checksum, and text files that are no such thing."""
    if not file.name.endswith(WEIGHTS_SUFFIXES):
        if (size or 0) > SMALL:
            raise FetchProblem(
                f"The file {file.name} in {listing.repository} is much larger than such files are.",
                "If HF_ENDPOINT names a mirror, try the hub itself.",
            )
    elif not sha256 and not file.git_sha1:
        raise FetchProblem(
            f"The hub gives no checksum for {file.name}, so it cannot be trusted.",
            "If HF_ENDPOINT names a mirror, try the hub itself.",
        )


def pin_of(listing: Listing, wanted: Iterable[Wanted], old: Pin | None) -> Pin:
    """Return what is to be kept of a repository."""
    files = tuple(RemoteFile(each.subject.file, each.bytes, each.sha256) for each in wanted)
    if old is not None and old.revision == listing.revision:
        files = merge_files(files, old.files)
    return Pin(listing.revision, files, listing.license)


def _contradict(known: object, listed: object) -> bool:
    return bool(known and listed and known != listed)


def _text_cfg(config: dict[str, Any] | None) -> dict[str, Any]:
    model_cfg = (config or {}).get("model_cfg")
    text_cfg = model_cfg.get("text_cfg") if isinstance(model_cfg, dict) else None
    return text_cfg if isinstance(text_cfg, dict) else {}


def weights_name(spec: EncoderSpec, listing: Listing) -> str:
    """Return the name of the weights: of their file, or of the index of their parts.

    Raises:
        FetchProblem: there are none that can be used.
    """
    there = {file.name for file in listing.files}
    known = [
        file.name
        for file in spec.files
        if is_index(file.name)
        or (file.name.endswith(WEIGHTS_SUFFIXES) and not index_of_part(file.name))
    ]
    standard = TRANSFORMERS_WEIGHTS_NAMES if spec.loader == "transformers" else WEIGHTS_NAMES
    for name in (*known, *with_indexes(standard)):
        if name in there or name in known:
            return name
    raise FetchProblem(
        f"The repository {spec.repository} holds no weights that can be used.",
        "Its layout has changed. A later version of this program may know the new one.",
    )
