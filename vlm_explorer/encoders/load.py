"""From an encoder's id or folder to an encoder that is ready."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vlm_explorer.encoders.fingerprint import fingerprint
from vlm_explorer.encoders.model_folder import read_model_folder
from vlm_explorer.encoders.precision import check_precision
from vlm_explorer.encoders.registry import describe, find_model_folder
from vlm_explorer.garbage import nothing_collected
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    from vlm_explorer.encoders.open_clip_encoder import OpenClipEncoder


def load_encoder(
    model: str | Path,
    *,
    device: str = "auto",
    precision: str = "auto",
    batch_size: int | None = None,
    context: JobContext | None = None,
) -> OpenClipEncoder:
    """Load an encoder from a local folder; the network is never used.

    Args:
        model: an id of the registry or of an imported encoder, or a model folder.
        device: `auto`, `cpu`, `cuda`, `cuda:N` or `mps`.
        precision: of the image tower, `auto`, `fp32`, `bf16` or `fp16`; `auto` is measured the
            first time, which takes seconds.
        batch_size: images that go through the tower at once; by default as measured.
        context: told the progress of checking the weights, which takes seconds the first time,
            and of the measurement.

    Raises:
        ModelNotFound: no such id or folder, or not on this machine.
        WeightsNotFound: a folder without weights.
        BadModelFolder: a folder that is in no layout of a model, or does not fit together.
        NotSupported: the device cannot be used here.
        UsageError: no such device or precision.
        OutOfMemory: the encoder does not fit.
        Cancelled: `context` asked to stop.
    """
    name, path = find_model_folder(str(model))
    folder = read_model_folder(path)
    # torch and open_clip take seconds to import; what is wrong with the folder is said before
    from vlm_explorer.encoders.device import choose_device

    with nothing_collected(freeze=False):  # a fifth of that time
        from vlm_explorer.encoders.open_clip_encoder import make_encoder

        check_precision(precision)
        chosen = choose_device(device)
        return make_encoder(
            folder,
            name=name,
            fingerprint=fingerprint(folder, context=context),
            device=chosen,
            precision=precision,
            domain=describe(name).domain,
            batch_size=batch_size,
            context=context,
        )
