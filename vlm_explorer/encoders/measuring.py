"""A short measurement at load: how fast the image tower is in each precision, and how true.

The answer is kept by all that it depends on (`kept_speeds`), so that it is made once a machine and
encoder. The precisions take turns (`interleaved_timing`), so that other work on the machine does
not speak for one of them.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch  # noqa: TID253 - only imported when an encoder is loaded
from numpy.typing import NDArray

from vlm_explorer.encoders.device import is_out_of_memory
from vlm_explorer.encoders.image_batch import DTYPES, image_features
from vlm_explorer.encoders.interleaved_timing import time_interleaved
from vlm_explorer.encoders.kept_speeds import keep_speeds, recall_speeds, speeds_file
from vlm_explorer.encoders.precision import CPU_BATCH, Speed, fast_enough
from vlm_explorer.encoders.preprocess import PreprocessConfig
from vlm_explorer.encoders.probe_images import probe_images
from vlm_explorer.jobs import JobContext

log = logging.getLogger(__name__)

METHOD = 3  # to be raised when the measurement changes, so that older answers are not used
MOST_IMAGES, FEWEST_IMAGES = 8, 3
SECONDS = 0.7  # about what one turn of float32 may take on a CPU
PATIENCE = 6.0  # seconds after which no further turns are taken, however much times differ
SLOWER = 4.0  # times float32's time for the first image; then a precision is given up
FAST_ON_CPU, FAST_CPU_BATCH = 60.0, 32  # images/s from which a larger batch costs no patience
GPU_BATCHES = (32, 64, 128, 256)
GROWTH = 1.1  # a larger batch must gain this much
LIBRARIES = ("open_clip_torch", "timm", "transformers")  # whose code the towers are
Run = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Subject:
    """The encoder that is measured: its towers, in float32, on their device."""

    model: Any
    preprocess: PreprocessConfig
    device: str
    fingerprint: str

    def run(self, precision: str) -> Run:
        """Return what encodes views in `precision`, in which the image tower must be."""

        def encode(views: NDArray[np.uint8]) -> NDArray[np.float32]:
            with torch.inference_mode():
                found = image_features(self.model, views, self.preprocess, self.device, precision)
                vectors: NDArray[np.float32] = found.cpu().numpy()
                return vectors

        return encode


def candidates(device: str) -> tuple[str, ...]:
    """Return the precisions beside float32 that may be faster on a device."""
    if device == "cpu":
        # in float16 a CPU is slower than in float32 unless it has AMX-FP16, which few have
        return ("bf16",) if torch.ops.mkldnn._is_mkldnn_bf16_supported() else ()
    return ("fp16", "bf16")


def speeds(
    subject: Subject, requested: str, *, context: JobContext | None = None
) -> dict[str, Speed]:
    """Return what is known of the precisions that `requested` leaves open, float32 first.

    Measured once, then read from the cache folder. The image tower is in float32 before and after.

    Args:
        requested: `auto` tries all, a name of half precision that one, `fp32` none.
        context: told what is being done, and asked for cancellation.

    Raises:
        OutOfMemory, Cancelled: as they say.
    """
    if requested == "fp32":
        return {}
    file = _file(subject, requested)
    kept = recall_speeds(file)
    if kept.is_settled:
        return dict(kept.speeds)
    tried = recall_speeds(_file(subject, "auto"))
    known = tried.speeds.get(requested) if tried.is_settled else None
    if known is not None and known.cosine is not None:
        return dict(tried.speeds)
    wanted = candidates(subject.device) if requested == "auto" else (requested,)
    found = _measure(subject, wanted, named=requested != "auto", context=context)
    kept = kept.joined(found)
    keep_speeds(file, kept)
    return dict(kept.speeds)


@contextmanager
def in_precision(
    module: Any, precision: str, made: dict[str, list[torch.Tensor]] | None = None
) -> Iterator[None]:
    """Run a module in another precision for a while; afterwards it is as it was, to the bit.

    Args:
        made: keeps the numbers of each precision, for the next time.
    """
    tensors = [
        each for each in (*module.parameters(), *module.buffers()) if each.is_floating_point()
    ]
    kept = [each.data for each in tensors]
    made = {} if made is None else made
    made.setdefault("fp32", kept)
    if precision not in made:
        made[precision] = [each.to(DTYPES[precision]) for each in kept]
    try:
        for each, data in zip(tensors, made[precision], strict=True):
            each.data = data
        yield
    finally:
        for each, data in zip(tensors, kept, strict=True):
            each.data = data


@dataclass(slots=True)
class _Contest:
    """The precisions that are to be timed, each with the views that it likes best at once."""

    subject: Subject
    made: dict[str, list[torch.Tensor]] = field(default_factory=dict)
    views: dict[str, NDArray[np.uint8]] = field(default_factory=dict)

    def turn(self, precision: str) -> None:
        """Encode once in a precision."""
        with in_precision(self.subject.model.visual, precision, self.made):
            self.subject.run(precision)(self.views[precision])

    def timed(self, found: dict[str, Speed]) -> dict[str, Speed]:
        """Return `found` with the speeds of those that are timed here."""
        turns = {name: partial(self.turn, name) for name in self.views}
        processor = time.process_time if self.subject.device == "cpu" else None
        for name, timing in time_interleaved(turns, PATIENCE, processor=processor).items():
            rate = len(self.views[name]) / timing.seconds
            size = found[name].batch_size
            if self.subject.device == "cpu":
                size = CPU_BATCH if rate < FAST_ON_CPU else FAST_CPU_BATCH
            found[name] = replace(
                found[name], images_per_second=rate, batch_size=size, steady=timing.is_steady
            )
        return found


def _measure(
    subject: Subject, wanted: tuple[str, ...], *, named: bool, context: JobContext | None
) -> dict[str, Speed]:
    def tell(precision: str) -> None:
        if context is not None:
            context.report(0, None, f"Measuring the encoder's speed in {precision}")

    tell("fp32")
    views = probe_images(subject.preprocess.size, MOST_IMAGES)
    run = subject.run("fp32")
    first = _warm_up(run, views)
    views = views[: min(MOST_IMAGES, max(FEWEST_IMAGES, int(SECONDS / first)))]
    exact = run(views)
    contest = _Contest(subject)
    found = {"fp32": _speed(run, views, subject.device, 1.0)}
    contest.views["fp32"] = _batch(views, found["fp32"], subject.device)
    if not named and fast_enough(found["fp32"].images_per_second):
        return contest.timed(found)
    for precision in wanted:
        tell(precision)
        with in_precision(subject.model.visual, precision, contest.made):
            limit = np.inf if named else SLOWER * first
            speed = _half(subject.run(precision), views, exact, subject.device, limit)
        if speed is not None:
            found[precision] = speed
            if speed.cosine is not None:
                contest.views[precision] = _batch(views, speed, subject.device)
    tell(" and ".join(contest.views))
    return contest.timed(found)


def _batch(views: NDArray[np.uint8], speed: Speed, device: str) -> NDArray[np.uint8]:
    """Return the views to time a precision with: on a GPU as many as it likes at once."""
    if device == "cpu":
        return views
    return np.resize(views, (speed.batch_size, *views.shape[1:]))


def _half(
    run: Run,
    views: NDArray[np.uint8],
    exact: NDArray[np.float32],
    device: str,
    limit: float,
) -> Speed | None:
    """Return what a precision is worth; None where the device cannot run this tower in it.

    Args:
        exact: the vectors of `views` in float32.
        limit: seconds for one image, beyond which the precision is given up.
    """
    try:
        first = _warm_up(run, views)
        if first > limit:
            return Speed(1 / first, None, CPU_BATCH)
        vectors = run(views)
        cosine = float(np.nan_to_num((vectors.astype(np.float64) * exact).sum(axis=1)).min())
        return _speed(run, views, device, min(cosine, 1.0))
    except RuntimeError as error:  # torch has no kernel of this type here
        if is_out_of_memory(error):
            raise
        log.debug("this precision cannot be used here: %s", error)
        return None


def _warm_up(run: Run, views: NDArray[np.uint8]) -> float:
    """Return the seconds for one image, without what only the first one costs."""
    seconds = _seconds(run, views[:1])
    if seconds > 1:
        return seconds
    return min(_seconds(run, views[:1]), _seconds(run, views[:1]))


def _speed(run: Run, views: NDArray[np.uint8], device: str, cosine: float) -> Speed:
    """Return about how fast it is; on a GPU at the batch size that it likes."""
    if device == "cpu":
        return Speed(len(views) / _seconds(run, views), cosine, CPU_BATCH)
    found = Speed(0.0, cosine, 1)
    for size in GPU_BATCHES:
        batch = np.resize(views, (size, *views.shape[1:]))
        try:
            rate = size / min(_seconds(run, batch), _seconds(run, batch))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or not found.images_per_second:
                raise
            break
        if rate < GROWTH * found.images_per_second:
            break
        found = Speed(rate, cosine, size)
    return found


def _seconds(run: Run, views: NDArray[np.uint8]) -> float:
    start = time.perf_counter()
    run(views)
    return time.perf_counter() - start


def _file(subject: Subject, requested: str) -> Path:
    """Return where the answer is kept: by all that it depends on."""
    facts = [METHOD, requested, _device_name(subject.device)]
    facts += [torch.__version__, torch.get_num_threads()]
    facts += [importlib.metadata.version(name) for name in LIBRARIES]
    return speeds_file(subject.fingerprint, facts)


def _device_name(device: str) -> str:
    """Return what the device is, for two machines that share a home folder."""
    if device.startswith("cuda"):
        return f"{device} {torch.cuda.get_device_name(device)}"
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line for line in lines if line.startswith("model name")), name)
    except OSError:
        log.debug("the processor's name is not known")
    return f"{device} {name} {torch.backends.cpu.get_cpu_capability()} {os.cpu_count()}"
