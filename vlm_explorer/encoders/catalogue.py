"""The encoders of `resources/encoders.toml`, completed by what the hub said when it was asked."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

from vlm_explorer import paths
from vlm_explorer.encoders.pins import Pin, read_pins
from vlm_explorer.encoders.preprocess import PreprocessConfig
from vlm_explorer.encoders.spec import Companion, EncoderSpec, Figure, RemoteFile
from vlm_explorer.encoders.weight_parts import index_of_part


def read_catalogue() -> dict[str, tuple[EncoderSpec, Path | None]]:
    """Return the specs by id, each with the folder that it would be bundled in.

    Those that cannot be offered are among them; their `not_offered` says why.
    """
    text = (paths.resources() / "encoders.toml").read_text(encoding="utf-8")
    pins = read_pins()
    catalogue: dict[str, tuple[EncoderSpec, Path | None]] = {}
    for id_, table in tomllib.loads(text).items():
        values: dict[str, Any] = dict(table)
        bundled = values.pop("bundled", None)
        folder = None if bundled is None else paths.resources() / bundled
        spec = _spec(id_, values)
        catalogue[id_] = (_pinned(spec, pins.get(spec.repository)), folder)
    return catalogue


def _spec(id_: str, values: dict[str, Any]) -> EncoderSpec:
    values["files"] = _files(values.get("files", ()))
    values["figures"] = tuple(Figure(**figure) for figure in values.get("figures", ()))
    if companion := values.get("companion"):
        files = _files(companion.get("files", ()))
        values["companion"] = Companion(**{**companion, "files": files})
    if preprocess := values.get("preprocess"):
        triples = {name: tuple(preprocess[name]) for name in ("mean", "std")}
        values["preprocess"] = PreprocessConfig(**{**preprocess, **triples})
    return EncoderSpec(id=id_, **values)


def _files(tables: Any) -> tuple[RemoteFile, ...]:
    return tuple(RemoteFile(**table) for table in tables)


def _pinned(spec: EncoderSpec, pin: Pin | None) -> EncoderSpec:
    """Fill in what the catalogue leaves open; what it says itself stands."""
    if pin is None or (spec.revision and spec.revision != pin.revision):
        return spec
    files = merge_files(spec.files, pin.files)
    parts = sum(file.bytes or 0 for file in files if index_of_part(file.name))
    weights = parts or max((file.bytes or 0 for file in files), default=0)
    return replace(
        spec,
        revision=pin.revision,
        files=files,
        license=spec.license or pin.license,
        bytes=spec.bytes or weights or None,
    )


def merge_files(
    first: tuple[RemoteFile, ...], second: tuple[RemoteFile, ...]
) -> tuple[RemoteFile, ...]:
    """Return the files of both; what `first` says of a file stands over what `second` says."""
    merged = {file.name: file for file in second}
    for file in first:
        other = merged.get(file.name, file)
        merged[file.name] = RemoteFile(
            file.name, file.bytes or other.bytes, file.sha256 or other.sha256
        )
    return tuple(merged.values())
