"""Child processes that have imported already what most of them import first.

They are processes like any other, and may crash, be killed and be counted; but each is a fork of
one server, which imports once what would take every child a second of the processor.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from multiprocessing.context import BaseContext, ForkServerContext, ForkServerProcess
from typing import Any

# Only what starts no threads: a fork would leave them behind.
IMPORTED = [
    "sklearn.cluster",
    "vlm_explorer.analysis.umap_epochs",
    "vlm_explorer.pipeline.decoding",
    "vlm_explorer.pixels.codestream",
]


class WarmProcess(ForkServerProcess):
    """A fork of the server with the environment of whoever starts it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._environment = dict(os.environ)

    def run(self) -> None:
        os.environ.clear()
        os.environ.update(self._environment)
        super().run()


class WarmContext(ForkServerContext):
    """Starts such processes."""

    Process = WarmProcess


def warm_context() -> BaseContext:
    """Return how the tests' child processes start: as users' do where there are no forks."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    context = WarmContext()
    context.set_forkserver_preload(IMPORTED)
    return context
