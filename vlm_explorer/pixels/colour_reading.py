"""As what the three samples of a colour picture are read, where its file is not believed.

Files exist that call their samples RGB and hold luminance and chrominance, and the reverse: such
pictures are green and magenta, or pale. Only somebody who looks at one can tell.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class ColourReading(StrEnum):
    """What the samples are taken for."""

    FILE = "file"  # what the file's Photometric Interpretation and the codestream say
    RGB = "rgb"
    YBR = "ybr"  # YBR_FULL (PS3.3 C.7.6.3.1.2)


def to_rgb(samples: NDArray[np.uint8], reading: ColourReading) -> NDArray[np.uint8]:
    """Return RGB of samples, uint8 (rows, columns, 3), that were decoded for this `reading`."""
    from pydicom.pixels.processing import convert_color_space

    if reading is not ColourReading.YBR:
        return samples
    converted: NDArray[np.uint8] = convert_color_space(samples.copy(), "YBR_FULL", "RGB")
    return converted
