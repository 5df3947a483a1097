"""One written study (folder, summary, seed) for the tests that only read it."""

from pathlib import Path

import pytest

from vlm_explorer.demo.study import StudySummary, write_study

IMAGES, SEED = 90, 3


@pytest.fixture(scope="session")
def written_study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StudySummary, int]:
    folder = tmp_path_factory.mktemp("study")
    return folder, write_study(folder, images=IMAGES, seed=SEED), SEED
