from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

CHECK = """
import sys
import vlm_explorer, vlm_explorer.paths as paths
from pathlib import Path
assert Path(vlm_explorer.__file__).is_relative_to(sys.argv[1]), vlm_explorer.__file__
assert paths.resources().is_relative_to(sys.argv[1]), paths.resources()
encoder = vlm_explorer.load_encoder("demo", device="cpu")
vectors = encoder.encode_texts(["pleural effusion", "normal chest radiograph"])
assert vectors.shape == (2, encoder.dimension)
"""


@pytest.mark.slow
def test_that_the_wheel_carries_the_bundled_encoder_and_works_outside_the_clone(
    tmp_path: Path,
) -> None:
    run = [sys.executable, "-m"]
    subprocess.run(
        [*run, "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT],
        check=True,
        capture_output=True,
    )
    wheel = next(tmp_path.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert "vlm_explorer/resources/encoders.toml" in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]
    target = tmp_path / "installed"
    subprocess.run(
        [*run, "pip", "install", "--quiet", "--no-deps", "--target", target, wheel],
        check=True,
        capture_output=True,
    )
    # -I leaves out the working directory, so that the clone is not found before the wheel
    code = f"import sys; sys.path.insert(0, {str(target)!r})\n{CHECK}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(target)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
