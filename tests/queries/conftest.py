from __future__ import annotations

from pathlib import Path

import pytest
from scan_folder import build_scan_folder

from vlm_explorer.collection.store import Collection
from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.pipeline.indexing import index


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """The folder of an indexed collection; read-only."""
    root = tmp_path_factory.mktemp("indexed")
    scans = build_scan_folder(root / "scans")
    return Path(index([scans], to=root / "own.vlmx", encoder=encoder, workers=1).collection)


@pytest.fixture
def collection(indexed: Path) -> Collection:
    return Collection(indexed)
