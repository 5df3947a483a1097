"""Colour maps for saliency: perceptually even, readable on a black-and-white scan.

A map is a uint8 table (256, 3). No rainbow: its kinks draw edges that are not there.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

# inferno, by Nathaniel Smith and Stéfan van der Walt (matplotlib, CC0): red, green, blue a byte.
_INFERNO = (
    "00000401000501010601010802010a02020c02020e03021004031204031405041706041907051b08051d09061f"
    "0a07220b07240c08260d08290e092b10092d110a30120a32140b34150b37160b39180c3c190c3e1b0c411c0c43"
    "1e0c451f0c48210c4a230c4c240c4f260c51280b53290b552b0b572d0b592f0a5b310a5c320a5e340a5f360961"
    "3809623909633b09643d09653e0966400a67420a68440a68450a69470b6a490b6a4a0c6b4c0c6b4d0d6c4f0d6c"
    "510e6c520e6d540f6d550f6d57106e59106e5a116e5c126e5d126e5f136e61136e62146e64156e65156e67166e"
    "69166e6a176e6c186e6d186e6f196e71196e721a6e741a6e751b6e771c6d781c6d7a1d6d7c1d6d7d1e6d7f1e6c"
    "801f6c82206c84206b85216b87216b88226a8a226a8c23698d23698f2469902568922568932667952667972766"
    "9827669a28659b29649d29649f2a63a02a63a22b62a32c61a52c60a62d60a82e5fa92e5eab2f5ead305dae305c"
    "b0315bb1325ab3325ab43359b63458b73557b93556ba3655bc3754bd3853bf3952c03a51c13a50c33b4fc43c4e"
    "c63d4dc73e4cc83f4bca404acb4149cc4248ce4347cf4446d04545d24644d34743d44842d54a41d74b3fd84c3e"
    "d94d3dda4e3cdb503bdd513ade5238df5337e05536e15635e25734e35933e45a31e55c30e65d2fe75e2ee8602d"
    "e9612bea632aeb6429eb6628ec6726ed6925ee6a24ef6c23ef6e21f06f20f1711ff1731df2741cf3761bf37819"
    "f47918f57b17f57d15f67e14f68013f78212f78410f8850ff8870ef8890cf98b0bf98c0af98e09fa9008fa9207"
    "fa9407fb9606fb9706fb9906fb9b06fb9d07fc9f07fca108fca309fca50afca60cfca80dfcaa0ffcac11fcae12"
    "fcb014fcb216fcb418fbb61afbb81dfbba1ffbbc21fbbe23fac026fac228fac42afac62df9c72ff9c932f9cb35"
    "f8cd37f8cf3af7d13df7d340f6d543f6d746f5d949f5db4cf4dd4ff4df53f4e156f3e35af3e55df2e661f2e865"
    "f2ea69f1ec6df1ed71f1ef75f1f179f2f27df2f482f3f586f3f68af4f88ef5f992f6fa96f8fb9af9fc9dfafda1"
    "fcffa4"
)

# The arms of the diverging map in Oklab (Björn Ottosson, 2020): lightness of the neutral centre
# and of both ends, and chroma and hue (degrees) of the negative and the positive end. Both ends
# are equally bright, so that neither sign looks stronger on a black ground.
_CENTRE, _END = 0.38, 0.82
_NEGATIVE, _POSITIVE = (0.13, 235.0), (0.15, 62.0)


def _oklab_to_rgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sRGB 0 to 1 of Oklab colours (N, 3)."""
    to_lms = np.array(
        [
            [1.0, 0.3963377774, 0.2158037573],
            [1.0, -0.1055613458, -0.0638541728],
            [1.0, -0.0894841775, -1.2914855480],
        ]
    )
    to_linear = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(((lab @ to_lms.T) ** 3) @ to_linear.T, 0.0, 1.0)
    gamma = 1.055 * linear ** (1 / 2.4) - 0.055
    rgb: NDArray[np.float64] = np.where(linear <= 0.0031308, 12.92 * linear, gamma)
    return rgb


@cache
def sequential() -> NDArray[np.uint8]:
    """Return the map for unsigned values (inferno), 0 first: uint8 (256, 3)."""
    return np.frombuffer(bytes.fromhex(_INFERNO), np.uint8).reshape(256, 3)


@cache
def diverging() -> NDArray[np.uint8]:
    """Return the map for signed values, blue to neutral grey to orange: uint8 (256, 3)."""
    position = np.linspace(-1.0, 1.0, 256)
    strength = np.abs(position)
    chroma, hue = np.where(position[:, None] < 0, np.array([_NEGATIVE]), np.array([_POSITIVE])).T
    lightness = _CENTRE + (_END - _CENTRE) * strength
    angle = np.radians(hue)
    lab = np.stack(
        [lightness, strength * chroma * np.cos(angle), strength * chroma * np.sin(angle)], axis=1
    )
    table: NDArray[np.uint8] = np.rint(255 * _oklab_to_rgb(lab)).astype(np.uint8)
    return table


def colour_map(signed: bool) -> NDArray[np.uint8]:
    """Return the map for signed or unsigned values: uint8 (256, 3)."""
    return diverging() if signed else sequential()
