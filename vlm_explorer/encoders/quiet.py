"""Keeps transformers' remarks on configurations from the user, who can do nothing about them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Let transformers log errors only; its verbosity is as before afterwards."""
    from transformers.utils import logging as remarks

    before = remarks.get_verbosity()
    remarks.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        remarks.set_verbosity(before)
