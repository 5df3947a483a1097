"""Texts that an encoder has read already, so that it need not read them again."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vlm_explorer.encoders.encoder import Encoder
from vlm_explorer.jobs import JobContext

_AT_ONCE = 32  # texts between two looks at whether to stop
_MOST = 4096  # texts: 8 MB of 512 numbers each


class TextMemory:
    """Encodes texts with one encoder, and keeps their vectors as long as it lives itself."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._known: dict[str, np.ndarray] = {}

    def vectors(self, texts: Sequence[str], *, context: JobContext | None = None) -> np.ndarray:
        """Return float32 (M, D), the unit vectors of texts, in their order."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if len(self._known) + len(new) > _MOST:
            self._known, new = {}, list(dict.fromkeys(texts))
        for start in range(0, len(new), _AT_ONCE):
            if context is not None:
                context.report(start, len(new), "Reading texts")
            part = new[start : start + _AT_ONCE]
            self._known.update(zip(part, self.encoder.encode_texts(part), strict=True))
        if not texts:
            return np.empty((0, self.encoder.dimension), np.float32)
        return np.stack([self._known[text] for text in texts])
