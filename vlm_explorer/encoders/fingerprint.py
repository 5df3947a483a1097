"""One digest for all that decides an encoder's vectors: weights, configuration, tokenizer."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from dataclasses import asdict
from pathlib import Path

from vlm_explorer import paths
from vlm_explorer.encoders.model_folder import ModelFolder
from vlm_explorer.encoders.source import read_source
from vlm_explorer.encoders.weight_parts import join_digests, weight_files
from vlm_explorer.jobs import JobContext

log = logging.getLogger(__name__)

CHUNK = 1 << 22
# A file changed this short a time ago may change again within the clock's resolution.
SETTLED_NS = 2_000_000_000


def fingerprint(folder: ModelFolder, *, context: JobContext | None = None) -> str:
    """Return a hexadecimal SHA-256 that is the same for every copy of a model folder.

    It covers the weights' bytes, the normalised configuration (old and new keys of one meaning
    give one digest) and the tokenizer files. The weights' digest is kept in the cache folder by
    path, size and times, so that it is computed once a file. Weights that were converted from
    another file count as that file: they are the same numbers.
    """
    digest = hashlib.sha256()
    weights, source = weights_digest(folder.weights, context=context), read_source(folder.path)
    if source is not None and source.converted_from and source.weights_sha256 == weights:
        weights = source.sha256
    digest.update(weights.encode())
    digest.update(json.dumps(_configuration(folder), sort_keys=True).encode())
    for file in folder.tokenizer_files:
        digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _configuration(folder: ModelFolder) -> dict[str, object]:
    text_cfg = dict(folder.model_cfg["text_cfg"])
    for key in ("hf_model_name", "hf_tokenizer_name"):
        text_cfg[key] = bool(text_cfg.get(key))
    preprocess = asdict(folder.preprocess)
    if preprocess["crop"] == "round":
        # open_clip's rounding has no place in the digest, which is older than the choice
        del preprocess["crop"]
    return {
        "model": folder.model_cfg | {"text_cfg": text_cfg},
        "text": folder.text_config,
        "preprocess": preprocess,
    }


def weights_digest(weights: Path, *, context: JobContext | None = None) -> str:
    """Return the SHA-256 of a file, from the cache where the file has not changed since.

    Weights in parts, named by their index, have one digest of those of their parts.

    Raises:
        BadModelFolder, WeightsNotFound: the index is damaged, or a part is missing.
    """
    return join_digests([_file_digest(file, context) for file in weight_files(weights)])


def _file_digest(file: Path, context: JobContext | None) -> str:
    stat = file.stat()
    stamp = [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    name = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:32]
    entry = paths.cache_folder() / "weights" / f"{name}.json"
    try:
        known = json.loads(entry.read_text(encoding="utf-8"))
        if known["stamp"] == stamp:
            return str(known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        log.debug("no usable digest in the cache for %s", file.name)
    sha256 = _sha256(file, stat.st_size, context)
    if time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) > SETTLED_NS:
        _keep(entry, {"stamp": stamp, "sha256": sha256})
    return sha256


def _sha256(file: Path, size: int, context: JobContext | None) -> str:
    digest = hashlib.sha256()
    done = 0
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if context is not None:
                context.report(done, size, "Checking the weights")
    return digest.hexdigest()


def _keep(entry: Path, content: dict[str, object]) -> None:
    """Write a cache entry whole or not at all; a cache that cannot be written is no error."""
    partial = entry.with_name(f"{entry.name}.{os.getpid()}")
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(content), encoding="utf-8")
        partial.replace(entry)
    except OSError as error:
        log.debug("the digest was not kept: %s", error)
