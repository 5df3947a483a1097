import numpy as np
import pytest

from vlm_explorer.rendering.rasteriser import Level, Points


@pytest.fixture
def make_points():
    def make(xy, codes=None, level=None, hollow=None):
        size = len(xy)
        return Points(
            xy=np.asarray(xy, np.float32).reshape(size, 2),
            codes=np.zeros(size, np.uint8) if codes is None else np.asarray(codes, np.uint8),
            hollow=np.zeros(size, np.bool_) if hollow is None else np.asarray(hollow, np.bool_),
            level=np.full(size, Level.PLAIN, np.int8)
            if level is None
            else np.asarray(level, np.int8),
        )

    return make
