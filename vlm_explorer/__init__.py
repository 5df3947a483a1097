"""Explore medical images and words in one embedding space. Research use, not for diagnosis.

    import vlm_explorer as vlm

    collection = vlm.index(["scans/"])
    collection.search("enlarged heart", k=10).hits

Importing this package loads neither torch nor Qt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vlm_explorer.api import (
        Collection,
        index,
        load_encoder,
        open_collection,
        render,
    )
    from vlm_explorer.api_explain import check_explanation, explain, localise, words
    from vlm_explorer.errors import ExplorerError

__version__ = "0.1.0"

__all__ = [
    "Collection",
    "ExplorerError",
    "__version__",
    "check_explanation",
    "explain",
    "index",
    "load_encoder",
    "localise",
    "open_collection",
    "render",
    "words",
]
_EXPLAIN = ("check_explanation", "explain", "localise", "words")


def __getattr__(name: str) -> Any:
    """Load the Python API when it is first asked for: a command's start must not wait for it."""
    if name == "ExplorerError":
        from vlm_explorer.errors import ExplorerError

        return ExplorerError
    if name in _EXPLAIN:
        from vlm_explorer import api_explain

        return getattr(api_explain, name)
    if name in __all__:
        from vlm_explorer import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
