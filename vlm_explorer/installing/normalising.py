"""A published open_clip configuration, completed so that it needs nothing but its own folder."""

from __future__ import annotations

import copy
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from vlm_explorer.encoders.model_folder import RENAMED_TEXT_KEYS
from vlm_explorer.encoders.spec import EncoderSpec
from vlm_explorer.errors import FetchProblem

PREPROCESS_KEYS = ("mean", "std", "interpolation", "resize_mode")


def normalised_config(
    config: dict[str, Any] | None, spec: EncoderSpec, folder: Path
) -> dict[str, Any]:
    """Return the configuration to write to a folder that will lie at `folder`.

    - What the published one does not say is taken from open_clip's of the same architecture, such
      as OpenAI's activation, without which the weights give slightly wrong vectors.
    - Keys of BiomedCLIP's first release get the names that open_clip gives them since.
    - The text tower's configuration and tokenizer are those of the folder itself.
    - How images are laid onto the square is said in full, where the catalogue knows it.

    Args:
        config: contents of the published `open_clip_config.json`; None where there is none.

    Raises:
        FetchProblem: it is no configuration of an open_clip model.
    """
    architecture = _architecture(spec.architecture) if spec.architecture else {}
    model_cfg = copy.deepcopy((config or {}).get("model_cfg") or architecture)
    if not isinstance(model_cfg, dict) or not all(
        isinstance(model_cfg.get(tower), dict) for tower in ("vision_cfg", "text_cfg")
    ):
        raise FetchProblem(
            f"The configuration in {spec.repository} is not that of an open_clip model.",
            "Its layout has changed. A later version of this program may know the new one.",
        )
    for key, value in architecture.items():
        model_cfg.setdefault(key, value)
    text_cfg = model_cfg["text_cfg"]
    for old, new in RENAMED_TEXT_KEYS.items():
        if old in text_cfg:
            text_cfg.setdefault(new, text_cfg.pop(old))
    for key in ("hf_model_name", "hf_tokenizer_name"):
        if text_cfg.get(key):
            text_cfg[key] = str(folder)
    if text_cfg.get("hf_model_name"):
        text_cfg["hf_model_pretrained"] = False
    if model_cfg["vision_cfg"].get("timm_model_name"):
        model_cfg["vision_cfg"]["timm_model_pretrained"] = False
    return {"model_cfg": model_cfg, "preprocess_cfg": _preprocess_cfg(config, spec)}


def _preprocess_cfg(config: dict[str, Any] | None, spec: EncoderSpec) -> dict[str, Any]:
    published = (config or {}).get("preprocess_cfg") or {}
    values = {key: value for key, value in published.items() if value is not None}
    if spec.preprocess is not None:
        for key in PREPROCESS_KEYS:
            values.setdefault(key, getattr(spec.preprocess, key))
    return values


def _architecture(name: str) -> dict[str, Any]:
    """Return open_clip's configuration of an architecture; open_clip itself is not imported."""
    package = find_spec("open_clip")
    places = package.submodule_search_locations if package is not None else None
    for place in places or ():
        file = Path(place, "model_configs", f"{name}.json")
        if file.is_file():
            found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return found
    raise FetchProblem(
        f"The installed open_clip does not know the architecture {name}.",
        "Install a newer open_clip: `pip install --upgrade open_clip_torch`.",
    )
