"""What import-linter cannot see: submodules of Qt, sizes of modules, and stray words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "vlm_explorer"
MODULES = sorted(PACKAGE.rglob("*.py"))


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize(
    "module", sorted((PACKAGE / "viewmodels").glob("*.py")), ids=lambda p: p.name
)
def test_that_view_models_use_qtcore_alone(module: Path) -> None:
    qt = {name for name in imports(module) if name.startswith(("PySide6", "pyqtgraph"))}
    assert all(name.startswith("PySide6.QtCore") for name in qt), qt


def test_that_no_module_holds_more_than_fits_a_readers_head() -> None:
    lengths = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES}
    assert not {str(path): length for path, length in lengths.items() if length > 400}


def test_that_no_module_is_named_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert not [path for path in MODULES if path.stem in vague or path.parent.name in vague]


def test_that_no_path_of_a_developers_machine_is_in_the_repository() -> None:
    pattern = re.compile(r"/(?:work|root|home/\w+)/")
    texts = [*MODULES, *ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    found = [p for p in texts if pattern.search(p.read_text(encoding="utf-8"))]
    assert not found


def test_that_every_room_is_drawn_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert not {room for room in rooms if f"{room}/" not in text}
