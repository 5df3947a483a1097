"""The two towers of a model folder as one torch module, with exactly the folder's weights.

open_clip's own classes are built from the normalised configuration. Its factory is not used: it
would ask the hub for the text tower's configuration, stretch positional embeddings that do not
fit, and go on without weights.
"""

from __future__ import annotations

import copy
import json
import pickle
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - only imported when an encoder is loaded
from torch.overrides import TorchFunctionMode  # noqa: TID253

from vlm_explorer.encoders.device import raise_if_out_of_memory
from vlm_explorer.encoders.model_folder import ModelFolder
from vlm_explorer.errors import BadModelFolder

RANDOM_FILLS = frozenset(
    {
        torch.Tensor.normal_,
        torch.Tensor.uniform_,
        torch.Tensor.erfinv_,
        torch.nn.init.normal_,
        torch.nn.init.uniform_,
        torch.nn.init.kaiming_uniform_,
    }
)
# transformers no longer keeps this counter among the weights, BiomedCLIP's file does.
POSITION_IDS = "text.transformer.embeddings.position_ids"
# The native text tower lies at the top level of `CLIP`, and under `text.` in `CustomTextCLIP`.
NATIVE_TEXT_PREFIXES = (
    "text_projection",
    "positional_embedding",
    "token_embedding",
    "transformer.",
    "ln_final.",
)


class _WithoutRandomFill(TorchFunctionMode):
    """Leaves new parameters unfilled, in this thread only.

    All of them are overwritten by the folder's weights, and drawing BiomedCLIP's 196 million
    numbers takes four fifths of the time it takes to build it.
    """

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func in RANDOM_FILLS:
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def load_towers(folder: ModelFolder) -> torch.nn.Module:
    """Build the model of a folder and fill it with the folder's weights.

    Returns:
        open_clip's `CLIP`, `CustomTextCLIP` or `CoCa` in float32 on the CPU, in evaluation mode,
        its parameters frozen (gradients still flow through to whatever input asks for them).

    Raises:
        BadModelFolder: configuration and weights do not make up a model.
        OutOfMemory: the model does not fit into memory.
    """
    weights = read_weights(folder.weights)
    model = _build(folder)
    _fill(model, _fit_names(weights, model), folder)
    return model.float().eval().requires_grad_(False)


def read_weights(file: Path) -> dict[str, torch.Tensor]:
    """Return the tensors in a file of weights, on the CPU. Code in the file is never run.

    Raises:
        BadModelFolder: the file is damaged, holds no tensors, or holds code besides them.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            content: Any = load_file(file)
        else:
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise BadModelFolder(
            f"{file} holds more than numbers, so it was not opened: it could run a program.",
            "Use weights in safetensors format, or plain tensors, from a source that you trust.",
        ) from error
    except (SafetensorError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        raise_if_out_of_memory(error)
        raise BadModelFolder(
            f"The weights {file} cannot be read; the file is damaged or incomplete.",
            "Copy or download it again.",
        ) from error
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not content:
        raise BadModelFolder(f"{file} holds no weights.", "Copy or download it again.")
    weights = {str(key): value for key, value in content.items()}
    if not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise BadModelFolder(
            f"{file} holds something else than a model's weights.", "Choose another file."
        )
    return weights


def _build(folder: ModelFolder) -> torch.nn.Module:
    import open_clip

    cfg = copy.deepcopy(folder.model_cfg)
    custom_text = cfg.pop("custom_text", False) or "hf_model_name" in cfg["text_cfg"]
    if "multimodal_cfg" in cfg:
        kind: Any = open_clip.CoCa
    else:
        kind = open_clip.CustomTextCLIP if custom_text else open_clip.CLIP
    try:
        with tempfile.TemporaryDirectory(prefix="vlm-explorer-") as place, _WithoutRandomFill():
            if folder.text_config is not None:
                # transformers takes a configuration from a folder only; ours is not written to
                cfg["text_cfg"]["hf_model_name"] = place
                text = json.dumps(folder.text_config)
                Path(place, "config.json").write_text(text, encoding="utf-8")
            model: torch.nn.Module = kind(**cfg)
            return model
    except Exception as error:
        # The boundary to open_clip, timm and transformers: a configuration that they cannot
        # build from ends in whatever their constructors raise (TypeError, KeyError, assertions).
        raise_if_out_of_memory(error)
        raise BadModelFolder(
            f"No model can be built from the configuration in {folder.path}: {first_line(error)}.",
            "It may need a newer version of open_clip or timm, or the file was altered.",
        ) from error


def first_line(error: Exception) -> str:
    """Return an error's first line, without the internals that follow it."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}, {text[0][:200].rstrip('.')}" if text else type(error).__name__


def _fit_names(weights: dict[str, torch.Tensor], model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Undo what checkpoints differ in without a difference in meaning, as open_clip does."""
    if all(key.startswith("module.") for key in weights):
        weights = {key.removeprefix("module."): value for key, value in weights.items()}
    if "text_projection" in weights and hasattr(model, "text"):
        weights = {
            f"text.{key}" if key.startswith(NATIVE_TEXT_PREFIXES) else key: value
            for key, value in weights.items()
        }
    weights.pop(POSITION_IDS, None)
    for key in ("logit_scale", "logit_bias"):
        wanted = getattr(model, key, None)
        if key in weights and wanted is not None and weights[key].numel() == wanted.numel():
            weights[key] = weights[key].reshape(wanted.shape)
    return weights


def _fill(model: torch.nn.Module, weights: dict[str, torch.Tensor], folder: ModelFolder) -> None:
    """Load `weights` if they are the model's, all of them and in its shapes."""
    wanted = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    given = {key: tuple(value.shape) for key, value in weights.items()}
    problems = []
    if missing := wanted.keys() - given.keys():
        problems.append(f"{len(missing)} are missing ({_examples(missing)})")
    if surplus := given.keys() - wanted.keys():
        problems.append(f"{len(surplus)} have no place ({_examples(surplus)})")
    if other := [key for key in wanted.keys() & given.keys() if wanted[key] != given[key]]:
        first = min(other)
        problems.append(
            f"{len(other)} have another shape ({first}: {given[first]} instead of {wanted[first]})"
        )
    if problems:
        raise BadModelFolder(
            f"The weights {folder.weights} do not fit their configuration: of {len(wanted)} "
            f"tensors, {'; '.join(problems)}.",
            "Weights and open_clip_config.json must come from the same model.",
        )
    model.load_state_dict(weights, strict=True)


def _examples(keys: Iterable[str]) -> str:
    names = sorted(keys)
    return ", ".join(names[:2]) + (", ..." if len(names) > 2 else "")
