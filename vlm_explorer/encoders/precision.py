"""Which precision the image tower runs in: the rule, and the answer with its reasons.

The measurement that it rests on is made by `measuring.py`. Texts are always encoded in float32.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from vlm_explorer.errors import UsageError

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
# A precision that turns any probe image's vector further than this is never taken unasked.
LEAST_COSINE = 0.9995
# Half precision must be worth its rounding, and a measurement is off by a tenth now and then.
CLEARLY_FASTER = 1.2
# Images a second for which one core can decode no files fast enough (about 10 ms an image).
FASTER_THAN_FILES = 120.0
CPU_BATCH, GPU_BATCH = 8, 64


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured of one precision.

    Attributes:
        images_per_second: of the forward pass, copies to and from the device included.
        cosine: the lowest to float32 of all probe images; None where the precision was given up
            before they were all tried.
        batch_size: at which it ran that fast.
        steady: whether repeated measurements agreed; other work on the machine disturbs them.
    """

    images_per_second: float
    cosine: float | None
    batch_size: int
    steady: bool = True


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """On what and how the image tower runs, and why.

    Attributes:
        device: torch's name of the device.
        precision: `fp32`, `bf16` or `fp16`, of the image tower; texts are encoded in float32.
        batch_size: images that go through it at once, unless the caller says otherwise.
        images_per_second: of each precision that was tried, of the forward pass alone.
        cosine: the lowest cosine to float32 of the probe images; 1 for float32 itself.
        why: the reason, a sentence.
    """

    device: str
    precision: str
    batch_size: int
    images_per_second: Mapping[str, float] = field(default_factory=dict)
    cosine: float = 1.0
    why: str = ""

    @property
    def warning(self) -> str:
        """A sentence where the precision, asked for by name, changes vectors visibly; else ""."""
        if self.cosine >= LEAST_COSINE:
            return ""
        return (
            f"In {self.precision} the vector of a probe image has a cosine of only "
            f"{self.cosine:.4f} to that in fp32; {LEAST_COSINE} or more is safe. "
            "Choose the precision auto or fp32."
        )


def check_precision(requested: str) -> None:
    """Raise UsageError unless `requested` is one of `PRECISIONS`."""
    if requested not in PRECISIONS:
        raise UsageError(
            f"There is no precision called {requested!r}.", f"Choose {', '.join(PRECISIONS)}."
        )


def fast_enough(images_per_second: float) -> bool:
    """Return whether files cannot be decoded as fast, whatever else the machine does."""
    return images_per_second >= FASTER_THAN_FILES * (os.cpu_count() or 1)


def decide(
    requested: str, device: str, speeds: Mapping[str, Speed], batch_size: int | None = None
) -> DeviceChoice:
    """Return the precision to run in.

    Args:
        requested: one of `PRECISIONS`; `auto` takes the fastest that is clearly faster than
            float32 and keeps every probe image's cosine at `LEAST_COSINE` or above.
        speeds: what was measured; may be empty where fp32 was asked for.
        batch_size: as the caller wants it; by default as measured.
    """
    precision, why = requested, f"{requested} was asked for."
    if requested == "auto":
        precision, why = _fastest(speeds)
        if not all(each.steady for each in speeds.values()):
            why += " Other work disturbed the measurement."
    speed = speeds.get(precision)
    cosine = 1.0 if precision == "fp32" or speed is None else speed.cosine
    return DeviceChoice(
        device=device,
        precision=precision,
        batch_size=batch_size or (speed.batch_size if speed else default_batch(device)),
        images_per_second={name: each.images_per_second for name, each in speeds.items()},
        cosine=0.0 if cosine is None else cosine,
        why=why,
    )


def default_batch(device: str) -> int:
    """Return the batch size where nothing was measured."""
    return CPU_BATCH if device == "cpu" else GPU_BATCH


def _fastest(speeds: Mapping[str, Speed]) -> tuple[str, str]:
    """Return a precision and the reason for it."""
    exact = speeds["fp32"].images_per_second
    if len(speeds) == 1:
        reason = "is faster here than files can be decoded" if fast_enough(exact) else "alone works"
        return "fp32", f"fp32 {reason} ({exact:.3g} images/s)."
    half = [name for name in speeds if name != "fp32"]
    faster = [name for name in half if speeds[name].images_per_second >= CLEARLY_FASTER * exact]
    faithful = [name for name in faster if (speeds[name].cosine or 0) >= LEAST_COSINE]
    if faithful:
        best = max(faithful, key=lambda name: speeds[name].images_per_second)
        rate = speeds[best].images_per_second
        return best, (
            f"{best} is {rate / exact:.1f} times as fast here as fp32 "
            f"({rate:.3g} against {exact:.3g} images/s), and the lowest cosine to fp32 of the "
            f"probe images is {speeds[best].cosine:.5f}."
        )
    if faster:
        best = max(faster, key=lambda name: speeds[name].cosine or 0)
        return "fp32", (
            f"{best} is faster here, but changes vectors: the lowest cosine to fp32 of the probe "
            f"images is {speeds[best].cosine or 0:.4f}, and {LEAST_COSINE} is the least."
        )
    best = max(half, key=lambda name: speeds[name].images_per_second)
    return "fp32", (
        f"{best} is not clearly faster here than fp32 "
        f"({speeds[best].images_per_second:.3g} against {exact:.3g} images/s)."
    )
