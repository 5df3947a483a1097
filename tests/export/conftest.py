from __future__ import annotations

from pathlib import Path

import pytest
from scan_folder import build_scan_folder

from vlm_explorer.api import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.pipeline.indexing import index


@pytest.fixture(scope="session")
def scans_exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that was indexed; one caption in it would run in a spreadsheet."""
    folder = build_scan_folder(tmp_path_factory.mktemp("exported") / "scans")
    text = (folder / "captions.csv").read_text(encoding="utf-8")
    text = text.replace("Normal chest.", "\"=cmd|' /C calc'!A0\"")
    (folder / "captions.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def indexed(scans_exported: Path, encoder: Encoder) -> Path:
    """The folder of an indexed collection; read-only."""
    place = scans_exported.parent / "own.vlmx"
    return Path(index([scans_exported], to=place, encoder=encoder, workers=1).collection)


@pytest.fixture
def collection(indexed: Path, encoder: Encoder) -> Collection:
    return Collection(indexed, encoder)
