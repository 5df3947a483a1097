"""Fixtures: a model folder of every kind, the encoders in them, images and texts."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest
from model_folders import BUILDERS, TRANSFORMERS_BUILDERS

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.encoders.load import load_encoder

T = TypeVar("T")


class MadeWhenAsked(Mapping[str, T]):
    """One of every kind, each made when a test first asks for it: most ask for one or two."""

    def __init__(self, kinds: Iterable[str], make: Callable[[str], T]) -> None:
        self._kinds, self._make = tuple(kinds), make
        self._made: dict[str, T] = {}

    def __getitem__(self, kind: str) -> T:
        if kind not in self._kinds:
            raise KeyError(kind)
        if kind not in self._made:
            before = logging.root.manager.disable  # one may be made while another is
            logging.disable(logging.WARNING)  # what libraries say of small models is no test's
            try:
                self._made[kind] = self._make(kind)
            finally:
                logging.disable(before)
        return self._made[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)


@pytest.fixture(scope="session")
def texts() -> list[str]:
    """Short, empty, too long for any window, and odd."""
    return [
        "pleural effusion",
        "Normal chest X-ray.",
        "no",
        "",
        "the left lung " * 90,
        "Carcinoma: ☃ Ünknown   (2.5 mm)\n of the LEFT lung's hilum & more",
    ]


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """One model folder of every kind; read-only for tests."""
    root = tmp_path_factory.mktemp("models")
    return MadeWhenAsked(BUILDERS, lambda kind: BUILDERS[kind](root / kind.replace(", ", "-")))


@pytest.fixture(scope="session")
def encoders(
    folders: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Encoder]:
    """The encoders of `folders`, loaded in float32 on the CPU."""
    return loaded_from(folders, tmp_path_factory.mktemp("home"))


def loaded_from(folders: Mapping[str, Path], home: Path) -> Mapping[str, Encoder]:
    def load(kind: str) -> Encoder:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("VLM_EXPLORER_HOME", str(home))
            return load_encoder(folders[kind], device="cpu", precision="fp32")

    return MadeWhenAsked(folders, load)


@pytest.fixture(scope="session")
def transformers_folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """One folder of every kind in the layout of transformers' classes; read-only for tests."""
    root = tmp_path_factory.mktemp("transformers")
    return MadeWhenAsked(
        TRANSFORMERS_BUILDERS, lambda kind: TRANSFORMERS_BUILDERS[kind](root / kind)
    )


@pytest.fixture(scope="session")
def transformers_encoders(
    transformers_folders: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Encoder]:
    """The encoders of `transformers_folders`, loaded in float32 on the CPU."""
    return loaded_from(transformers_folders, tmp_path_factory.mktemp("home"))


# One of each kind of tower; the others are for the slow set.
OFTEN = ("biomedclip", "clip-vit", "siglip")
EVERY_KIND = [
    kind if kind in OFTEN else pytest.param(kind, marks=pytest.mark.slow) for kind in BUILDERS
]


@pytest.fixture(params=EVERY_KIND)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def folder(kind: str, folders: Mapping[str, Path], tmp_path: Path) -> Path:
    """A copy of a model folder that a test may change."""
    return shutil.copytree(folders[kind], tmp_path / "model")


@pytest.fixture
def clip_folder(folders: Mapping[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(folders["clip-vit"], tmp_path / "clip")


@pytest.fixture
def biomedclip_folder(folders: Mapping[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(folders["biomedclip"], tmp_path / "biomedclip")


@pytest.fixture
def edit_config() -> Callable[[Path, Callable[[dict], object]], None]:
    """Change a model folder's configuration in place."""

    def edit(folder: Path, change: Callable[[dict], object]) -> None:
        file = folder / "open_clip_config.json"
        config = json.loads(file.read_text())
        change(config)
        file.write_text(json.dumps(config))

    return edit


@pytest.fixture(scope="session")
def images() -> list[np.ndarray]:
    """Grey and colour images of several shapes."""
    random = np.random.default_rng(3)
    shapes = [(200, 150), (64, 64, 3), (90, 300, 3), (3, 3), (301, 77), (512, 400, 3), (160, 160)]
    return [random.integers(0, 256, shape).astype(np.uint8) for shape in shapes]
