"""The two towers of a model folder as one torch module, with exactly the folder's weights.

open_clip's and transformers' own classes are built from the normalised configuration. Their
factories are not used: open_clip's would ask the hub for the text tower's configuration, stretch
positional embeddings that do not fit, and go on without weights.
"""

from __future__ import annotations

import copy
import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - only imported when an encoder is loaded
from torch.nn.modules.module import (  # noqa: TID253
    register_module_parameter_registration_hook,
)

from vlm_explorer.encoders.device import raise_if_out_of_memory
from vlm_explorer.encoders.fitting import fit_names, misfit
from vlm_explorer.encoders.model_folder import ModelFolder
from vlm_explorer.encoders.weights import read_weights
from vlm_explorer.errors import BadModelFolder

# torch calls such hooks in every thread, and they may not come or go meanwhile.
_BUILDING = threading.Lock()


@contextmanager
def _without_memory_for_weights() -> Iterator[None]:
    """Give the parameters of modules that this thread makes neither memory nor numbers.

    All of them are replaced by the folder's weights: drawing BiomedCLIP's 196 million numbers
    takes four fifths of the time it takes to build it, and they would be in memory twice.
    Buffers are made as always, as not all of them are among the weights.
    """
    thread = threading.get_ident()

    def strip(_module: Any, _name: str, parameter: Any) -> Any:
        if threading.get_ident() != thread or parameter is None or parameter.is_meta:
            return parameter
        return torch.nn.Parameter(parameter.to("meta"), parameter.requires_grad)

    with _BUILDING:
        handle = register_module_parameter_registration_hook(strip)
        try:
            yield
        finally:
            handle.remove()


def load_towers(folder: ModelFolder) -> torch.nn.Module:
    """Build the model of a folder and fill it with the folder's weights.

    Returns:
        open_clip's `CLIP`, `CustomTextCLIP` or `CoCa`, or `TransformersTowers`, which has their
        face: in float32 on the CPU, in evaluation mode, its parameters frozen (gradients still
        flow through to whatever input asks for them).

    Raises:
        BadModelFolder: configuration and weights do not make up a model.
        OutOfMemory: the model does not fit into memory.
    """
    weights = read_weights(folder.weights)
    model = _build(folder)
    _fill(model, fit_names(weights, model), folder)
    model = model.float().eval().requires_grad_(False)
    if folder.loader == "transformers":
        from vlm_explorer.encoders.transformers_towers import TransformersTowers

        return TransformersTowers(model).eval()
    return model


def _build(folder: ModelFolder) -> torch.nn.Module:
    try:
        with _without_memory_for_weights():
            if folder.loader == "transformers":
                from vlm_explorer.encoders.transformers_towers import build_transformers_model

                return build_transformers_model(folder.model_cfg["transformers"])
            return build_open_clip_model(folder.model_cfg, folder.text_config)
    except Exception as error:
        # The boundary to open_clip, timm and transformers: a configuration that they cannot
        # build from ends in whatever their constructors raise (TypeError, KeyError, assertions).
        raise_if_out_of_memory(error)
        raise BadModelFolder(
            f"No model can be built from the configuration in {folder.path}: {first_line(error)}.",
            "It may need a newer version of open_clip, timm or transformers, or was altered.",
        ) from error


def build_open_clip_model(
    model_cfg: dict[str, Any], text_config: dict[str, Any] | None = None
) -> torch.nn.Module:
    """Return open_clip's model of a configuration, its weights not those of any training.

    Args:
        model_cfg: open_clip's `model_cfg`.
        text_config: the configuration of the text tower where that comes from transformers.
    """
    import open_clip

    cfg = copy.deepcopy(model_cfg)
    custom_text = cfg.pop("custom_text", False) or "hf_model_name" in cfg["text_cfg"]
    if "multimodal_cfg" in cfg:
        kind: Any = open_clip.CoCa
    else:
        kind = open_clip.CustomTextCLIP if custom_text else open_clip.CLIP
    with tempfile.TemporaryDirectory(prefix="vlm-explorer-") as place:
        if text_config is not None:
            # transformers takes a configuration from a folder only; ours is not written to
            cfg["text_cfg"] |= {"hf_model_name": place, "hf_model_pretrained": False}
            Path(place, "config.json").write_text(json.dumps(text_config), encoding="utf-8")
        model: torch.nn.Module = kind(**cfg)
        return model


def first_line(error: Exception) -> str:
    """Return an error's first line, without the internals that follow it."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}, {text[0][:200].rstrip('.')}" if text else type(error).__name__


def _fill(model: torch.nn.Module, weights: dict[str, torch.Tensor], folder: ModelFolder) -> None:
    """Load `weights` if they are the model's, all of them and in its shapes."""
    if problems := misfit(weights, model):
        raise BadModelFolder(
            f"The weights {folder.weights} do not fit their configuration: {problems}.",
            "Weights and configuration must come from the same model.",
        )
    model.load_state_dict(weights, strict=True, assign=True)
