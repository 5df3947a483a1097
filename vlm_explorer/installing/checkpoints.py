"""A bare checkpoint, a file of weights and nothing else, made into a model folder.

The architecture has to be named; what it needs besides weights comes from open_clip's tables.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlm_explorer.encoders.fingerprint import weights_digest
from vlm_explorer.encoders.folder_files import TOKENIZER_NAMES, WEIGHTS_NAMES, read_json
from vlm_explorer.encoders.model_folder import CONFIG_NAME, read_model_folder
from vlm_explorer.encoders.weight_parts import index_of_part, is_index, weights_bytes
from vlm_explorer.errors import BadModelFolder, ModelNotFound, StorageProblem, UsageError
from vlm_explorer.installing.architectures import (
    PREPROCESS_KEYS,
    missing_files,
    model_configuration,
    preprocess_of,
    pretrained_tags,
    text_configuration,
)
from vlm_explorer.jobs import JobContext

if TYPE_CHECKING:
    import torch

CHECKPOINT_SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".safetensors")


@dataclass(frozen=True, slots=True)
class MadeFolder:
    """A model folder made from a bare checkpoint.

    Attributes:
        folder: in open_clip's layout, self-sufficient, its weights in safetensors.
        sha256: digest of the user's own file.
        bytes: its size, or that of all its parts.
        architecture: what it was taken for.
        preprocess: how images are prepared, as written into the folder.
    """

    folder: Path
    sha256: str
    bytes: int
    architecture: str
    preprocess: dict[str, Any]


def read_checkpoint(file: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a checkpoint, under the names that they have in it.

    Raises:
        ModelNotFound: there is no such file.
        BadModelFolder: it is no checkpoint, or holds more than numbers.
    """
    from vlm_explorer.encoders.weights import read_weights

    path = Path(file).expanduser()
    if not path.is_file():
        raise ModelNotFound(f"There is no file {path}.", "Give the file of weights itself.")
    if index := index_of_part(path.name):
        raise BadModelFolder(
            f"{path} is one part of weights that are in several files.",
            f"Choose {index} beside it, which stands for all parts.",
        )
    if path.suffix not in CHECKPOINT_SUFFIXES and not is_index(path.name):
        raise BadModelFolder(
            f"{path} is not a file of weights.",
            f"Such files end in {', '.join(CHECKPOINT_SUFFIXES)}.",
        )
    return read_weights(path)


def make_model_folder(
    checkpoint: Path,
    architecture: str,
    target: Path,
    *,
    pretrained: str = "",
    preprocess: Mapping[str, Any] | None = None,
    tokenizer: Path | None = None,
    context: JobContext | None = None,
) -> MadeFolder:
    """Make the model folder `target` of a bare checkpoint, whole or not at all.

    Args:
        checkpoint: weights in safetensors or PyTorch's format, bare or as training keeps them, or
            the index of weights in parts.
        architecture: one of `architectures`; `guess_architecture` finds those that fit.
        target: the new folder.
        pretrained: one of `pretrained_tags`: what training started from, where that decides how
            images are prepared.
        preprocess: mean, std, interpolation, resize_mode; what is missing comes from open_clip's
            tables.
        tokenizer: the folder with the tokenizer's files, and the text tower's `config.json`,
            where the architecture needs such; by default the checkpoint's own.
        context: told the progress.

    Raises:
        UsageError: no such architecture or tag, or it is not known how images are prepared.
        BadModelFolder: the weights are not of that architecture, or files are missing.
        ModelNotFound: there is no such file.
        StorageProblem: no room, no permission, or `target` exists.
    """
    path = Path(checkpoint).expanduser().absolute()
    model_cfg = model_configuration(architecture, pretrained)
    prepared = _preprocess_cfg(architecture, pretrained, preprocess)
    beside = Path(tokenizer).expanduser() if tokenizer else path.parent
    if path.is_file() and (lacking := missing_files(architecture, beside)):
        raise BadModelFolder(
            f"The architecture {architecture} needs more than weights, and {beside} lacks "
            f"{' and '.join(lacking)}.",
            "Put these files into the folder of the checkpoint, or name the folder they lie in.",
        )
    if context is not None:
        context.report(0, 0, "Reading the checkpoint")
    weights = _fitted(path, architecture, _text_config(architecture, beside))
    sha256 = weights_digest(path, context=context)
    try:
        with tempfile.TemporaryDirectory(prefix=".making-", dir=_parent(target)) as partial:
            whole = Path(partial, target.name)
            whole.mkdir()
            _write(whole, model_cfg, prepared, weights, beside)
            read_model_folder(whole)
            whole.rename(target)
    except OSError as error:
        raise StorageProblem(
            f"The encoder could not be written to {target}: {error.strerror}.",
            "Make room there, or choose another folder.",
        ) from error
    return MadeFolder(target, sha256, weights_bytes(path), architecture, prepared)


def _preprocess_cfg(
    architecture: str, pretrained: str, given: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return how images are prepared, from the user's word and open_clip's tables."""
    own = {key: value for key, value in (given or {}).items() if value is not None}
    if strange := own.keys() - set(PREPROCESS_KEYS):
        raise UsageError(
            f"Preprocessing has no setting {', '.join(sorted(strange))}.",
            f"It has {', '.join(PREPROCESS_KEYS)}.",
        )
    known = preprocess_of(architecture, pretrained)
    if known is None and (lacking := [key for key in PREPROCESS_KEYS if key not in own]):
        tags = pretrained_tags(architecture)
        raise UsageError(
            f"How images are prepared for {architecture} is not known for certain: "
            + ("its published weights differ in it." if tags else "nothing of it was published."),
            f"Give {', '.join(lacking)}"
            + (f", or name the weights that training started from: {', '.join(tags)}." if tags
               else "."),
        )  # fmt: skip
    return (known or {}) | own


def _text_config(architecture: str, beside: Path) -> dict[str, Any] | None:
    file = beside / "config.json"
    if not model_configuration(architecture)["text_cfg"].get("hf_model_name"):
        return None
    known = text_configuration(architecture)
    return known if known is not None or not file.is_file() else read_json(file, beside)


def _fitted(
    path: Path, architecture: str, text_config: dict[str, Any] | None
) -> dict[str, torch.Tensor]:
    """Return the checkpoint's tensors under the architecture's names.

    Raises:
        BadModelFolder: they are not of that architecture; the hint names those they fit.
    """
    from vlm_explorer.encoders.fitting import fit_names, misfit
    from vlm_explorer.encoders.towers import first_line
    from vlm_explorer.installing.guessing import empty_model, guess_architecture

    given = read_checkpoint(path)
    try:
        model = empty_model(architecture, text_config)
    except Exception as error:
        # The boundary to open_clip, timm and transformers, whose constructors raise anything.
        raise BadModelFolder(
            f"The architecture {architecture} cannot be built: {first_line(error)}.",
            "It may need a newer version of open_clip, timm or transformers.",
        ) from error
    weights = fit_names(given, model)
    if problems := misfit(weights, model):
        others = guess_architecture(given)
        raise BadModelFolder(
            f"The weights {path} are not those of {architecture}: {problems}.",
            f"They fit {' and '.join(others)}." if others
            else "They fit none of the architectures that are known here.",
        )  # fmt: skip
    return weights


def _write(
    folder: Path,
    model_cfg: dict[str, Any],
    preprocess: dict[str, Any],
    weights: dict[str, torch.Tensor],
    beside: Path,
) -> None:
    from safetensors.torch import save_file

    config = {"model_cfg": model_cfg, "preprocess_cfg": preprocess}
    (folder / CONFIG_NAME).write_text(json.dumps(config, indent=2), encoding="utf-8")
    text_cfg = model_cfg["text_cfg"]
    needed = list(TOKENIZER_NAMES) if text_cfg.get("hf_tokenizer_name") else []
    if text_cfg.get("hf_model_name"):
        needed.append("config.json")
    for name in needed:
        if (beside / name).is_file():
            shutil.copyfile(beside / name, folder / name)
    save_file(_separate(weights), folder / WEIGHTS_NAMES[0], {"format": "pt"})


def _separate(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return tensors of which each has its own memory, as safetensors asks for."""
    seen: set[int] = set()
    separate = {}
    for key, value in weights.items():
        place = value.untyped_storage().data_ptr()
        tensor = value.detach()
        separate[key] = tensor.clone() if place in seen else tensor.contiguous()
        seen.add(place)
    return separate


def _parent(target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    return target.parent
