"""Importing torch where another thread must go on."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SCRIPT = """
import gc, sys
from vlm_explorer.encoders import gentle_import
{before}
assert "torch" not in sys.modules
gentle_import.import_gently()
import torch, open_clip
assert gc.isenabled() is {enabled}
assert torch.ones(2).sum().item() == 2
assert gc.get_freeze_count() > 100_000
gentle_import.import_gently()
print("done")
"""


@pytest.mark.parametrize(
    ("before", "enabled"),
    [
        ("", True),
        ("gc.disable()", False),
        # no such library: the import itself must still do
        ("gentle_import._LIBRARIES = ('nothing', 'torch_global_deps')", True),
    ],
)
@pytest.mark.slow
def test_that_torch_works_after_a_gentle_import_and_collections_are_as_before(
    before: str, enabled: bool
) -> None:
    script = _SCRIPT.format(before=before, enabled=enabled)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "done"
